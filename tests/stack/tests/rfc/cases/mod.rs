//! The cases, by subject.

mod age;
mod directives;
mod freshness;
mod heuristic;
mod invalidation;
mod methods;
mod preconditions;
mod ranges;
mod requests;
mod stale;
mod status;
mod storing;
mod targeted;
mod validation;
mod vary;

use crate::harness::Case;

/// All cases.
pub(crate) fn all() -> Vec<Case> {
    [
        freshness::cases(),
        age::cases(),
        heuristic::cases(),
        storing::cases(),
        directives::cases(),
        requests::cases(),
        vary::cases(),
        validation::cases(),
        invalidation::cases(),
        stale::cases(),
        status::cases(),
        targeted::cases(),
        methods::cases(),
        preconditions::cases(),
        ranges::cases(),
    ]
    .concat()
}
