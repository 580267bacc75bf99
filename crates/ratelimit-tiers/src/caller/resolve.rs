use std::future::Ready;
use std::pin::Pin;
use std::sync::Arc;

use crate::{Answer, Head, Subject, TierName};

/// Who a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    subject: Subject,
    tier: Option<TierName>,
}

impl Caller {
    /// A caller of the default tier.
    #[must_use]
    pub const fn new(subject: Subject) -> Self {
        Self { subject, tier: None }
    }

    /// A caller of this tier; one that is not configured counts as the default tier.
    #[must_use]
    pub fn of_tier(subject: Subject, tier: impl Into<TierName>) -> Self {
        Self { subject, tier: Some(tier.into()) }
    }

    /// Who is limited.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        self.subject
    }

    /// The tier, unless it is the default one.
    #[must_use]
    pub const fn tier(&self) -> Option<&TierName> {
        self.tier.as_ref()
    }
}

/// Resolves the subject and the tier of a request.
///
/// Implemented for closures `Fn(&Head<'_>) -> Option<Caller>`; [`resolve_later`] takes one that
/// gives a future. `None` means that this resolver does not know the caller: the next one of
/// [`Or`](crate::Or) is asked, and in the end the client's address.
pub trait ResolveTier {
    /// Gives the caller when it has to be looked up.
    type Future: Future<Output = Option<Caller>>;

    /// Resolves a request.
    fn resolve(&self, head: &Head<'_>) -> Answer<Self::Future>;
}

impl<F> ResolveTier for F
where
    F: Fn(&Head<'_>) -> Option<Caller>,
{
    type Future = Ready<Option<Caller>>;

    fn resolve(&self, head: &Head<'_>) -> Answer<Self::Future> {
        Answer::Now(self(head))
    }
}

/// A resolver made of a closure that gives a future; made by [`resolve_later`].
#[derive(Clone, Copy, Debug)]
pub struct ResolveLater<F>(F);

/// Resolves by a closure that gives a future, such as a look-up in a database.
///
/// The head is gone when the future runs: take from it what is needed, hashed by
/// [`Head::subject`].
pub const fn resolve_later<F, Fut>(resolve: F) -> ResolveLater<F>
where
    F: Fn(&Head<'_>) -> Fut,
    Fut: Future<Output = Option<Caller>>,
{
    ResolveLater(resolve)
}

impl<F, Fut> ResolveTier for ResolveLater<F>
where
    F: Fn(&Head<'_>) -> Fut,
    Fut: Future<Output = Option<Caller>>,
{
    type Future = Fut;

    fn resolve(&self, head: &Head<'_>) -> Answer<Fut> {
        Answer::Later(self.0(head))
    }
}

/// A boxed future of a caller.
pub type BoxResolve = Pin<Box<dyn Future<Output = Option<Caller>> + Send>>;

/// The same as [`ResolveTier`], for trait objects: it boxes what does not answer at once.
pub trait DynResolveTier {
    /// Resolves a request.
    fn resolve_boxed(&self, head: &Head<'_>) -> Answer<BoxResolve>;
}

impl<R> DynResolveTier for R
where
    R: ResolveTier,
    R::Future: Send + 'static,
{
    fn resolve_boxed(&self, head: &Head<'_>) -> Answer<BoxResolve> {
        match self.resolve(head) {
            Answer::Now(caller) => Answer::Now(caller),
            Answer::Later(future) => Answer::Later(Box::pin(future)),
        }
    }
}

impl ResolveTier for Arc<dyn DynResolveTier + Send + Sync> {
    type Future = BoxResolve;

    fn resolve(&self, head: &Head<'_>) -> Answer<BoxResolve> {
        self.as_ref().resolve_boxed(head)
    }
}
