use std::fmt;

use tower_layer::Layer;

use super::{Describe, Description, Operation, OwnOperation};

/// Lets each layer describe the operation, from the innermost outwards.
pub(super) fn describe_all(
    outermost_first: &[&dyn Describe],
    operation: &Operation<'_>,
    description: &mut Description,
) {
    for layer in outermost_first.iter().rev() {
        layer.describe(operation, description);
    }
}

/// Collects what each layer answers itself, described by the layers outside of it.
pub(super) fn own_operations_of_all(outermost_first: &[&dyn Describe]) -> Vec<OwnOperation> {
    let mut all = Vec::new();
    let mut outside = outermost_first;
    while let [rest @ .., layer] = outside {
        for mut own in layer.own_operations() {
            own.covered_by(|operation, description| describe_all(rest, operation, description));
            all.push(own);
        }
        outside = rest;
    }
    all
}

/// Admits a layer that cannot describe itself, and says so in the code that builds the stack.
#[derive(Clone, Copy, Debug, Default)]
pub struct Undocumented<L>(pub L);

impl<S, L: Layer<S>> Layer<S> for Undocumented<L> {
    type Service = L::Service;

    fn layer(&self, inner: S) -> L::Service {
        self.0.layer(inner)
    }
}

impl<L> Describe for Undocumented<L> {
    fn describe(&self, _: &Operation<'_>, _: &mut Description) {}
}

/// Admits a foreign layer together with a function that describes it.
#[derive(Clone, Copy)]
pub struct Described<L, P> {
    layer: L,
    patch: P,
}

impl<L, P> Described<L, P>
where
    P: Fn(&Operation<'_>, &mut Description),
{
    /// Describes `layer` by `patch`.
    pub const fn new(layer: L, patch: P) -> Self {
        Self { layer, patch }
    }
}

impl<S, L: Layer<S>, P> Layer<S> for Described<L, P> {
    type Service = L::Service;

    fn layer(&self, inner: S) -> L::Service {
        self.layer.layer(inner)
    }
}

impl<L, P> Describe for Described<L, P>
where
    P: Fn(&Operation<'_>, &mut Description),
{
    fn describe(&self, operation: &Operation<'_>, description: &mut Description) {
        (self.patch)(operation, description);
    }
}

impl<L: fmt::Debug, P> fmt::Debug for Described<L, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Described").field(&self.layer).finish()
    }
}
