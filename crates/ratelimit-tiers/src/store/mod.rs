//! Where consumption is counted.

mod answer;
mod ask;
#[cfg(feature = "governor")]
pub(crate) mod governor;
mod manage;
mod managed;
pub(crate) mod memory;
#[cfg(feature = "redis")]
pub(crate) mod redis;
pub(crate) mod verdict;

pub use answer::Answer;
pub use ask::{Ask, ClassId, Limit, Mode, Part, TierChange};
pub use manage::{Block, Manage, Override, Penalty};
pub(crate) use managed::{DynManage, Managing, Penalties};
pub use verdict::{Outcome, Verdict};

use crate::{StoreError, SubjectHasher};

/// Decides about requests, all limits of one together: either each admits and all consume, or
/// nothing is consumed.
///
/// A store is shared by cloning. One that answers at once does so with [`Answer::Now`] and an
/// uninhabited or ready future, and costs no allocation.
pub trait Store {
    /// Gives the verdict when it has to be waited for. Dropping it early leaves the request
    /// counted or not counted, never half.
    type Future: Future<Output = Result<Verdict, StoreError>>;

    /// Decides about one request.
    fn decide(&self, ask: &Ask<'_>) -> Answer<Self::Future>;

    /// Hashes the names of this store's subjects.
    fn hasher(&self) -> &SubjectHasher;
}

impl<S: Store + ?Sized> Store for std::sync::Arc<S> {
    type Future = S::Future;

    fn decide(&self, ask: &Ask<'_>) -> Answer<Self::Future> {
        S::decide(self, ask)
    }

    fn hasher(&self) -> &SubjectHasher {
        S::hasher(self)
    }
}
