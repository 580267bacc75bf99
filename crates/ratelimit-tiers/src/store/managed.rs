use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Ask, ClassId, Limit, Manage, Part, Penalty};
use crate::time::Timestamp;
use crate::{StoreError, Subject};

/// What a layer does with [`Manage`], boxed: it happens on few requests, and the layer then needs
/// no further type parameter.
pub(crate) trait DynManage: Send + Sync {
    fn refund(self: Arc<Self>, limits: Vec<(Subject, Limit)>, taken: Timestamp) -> Managing<()>;

    /// Blocks, and tells for how long from `now` at most.
    fn penalise(self: Arc<Self>, penalties: Penalties, now: Timestamp) -> Managing<Duration>;
}

/// Who is blocked in which class, and for how long.
pub(crate) type Penalties = Vec<(Subject, ClassId, Penalty)>;

/// What a store is doing. `Sync` because nobody polls it through a shared reference: the futures
/// that hold it are then as `Sync` as the inner service's.
pub(crate) struct Managing<T>(Mutex<Boxed<T>>);

type Boxed<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

impl<T> Managing<T> {
    fn new(future: impl Future<Output = Result<T, StoreError>> + Send + 'static) -> Self {
        Self(Mutex::new(Box::pin(future)))
    }

    pub(crate) fn as_mut(
        &mut self,
    ) -> Pin<&mut (dyn Future<Output = Result<T, StoreError>> + Send + 'static)> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut()
    }
}

impl<M: Manage + Send + Sync + 'static> DynManage for M {
    fn refund(self: Arc<Self>, limits: Vec<(Subject, Limit)>, taken: Timestamp) -> Managing<()> {
        Managing::new(async move {
            for (subject, limit) in limits {
                let parts = [Part { subject, limits: &[limit] }];
                Manage::refund(&*self, &Ask::new(&parts), taken).await?;
            }
            Ok(())
        })
    }

    fn penalise(self: Arc<Self>, penalties: Penalties, now: Timestamp) -> Managing<Duration> {
        Managing::new(async move {
            let mut longest = Duration::ZERO;
            for (subject, class, penalty) in penalties {
                let block = Manage::penalty(&*self, subject, class, &penalty).await?;
                // It was set a little after `now`, and lasts no longer than the penalty from then on.
                let wait = block.until.saturating_since(now).min(penalty.block(block.strikes));
                longest = longest.max(wait);
            }
            Ok(longest)
        })
    }
}
