use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use crate::caller::ByClientIp;
use crate::decision::Core;
use crate::error::ConfigError;
use crate::store::DynManage;
use crate::{Limits, Manage, Observer, RateLimit, ResolveTier, Store, TiersHandle};

/// Holds each caller to the quotas of its tier.
///
/// All services that the layer makes share its store and its counts. Stands inside of whatever
/// tells who is asking, such as [`ClientIpLayer`](crate::ClientIpLayer), and outside of whatever
/// refuses callers for other reasons, so that guessing is limited too.
pub struct RateLimitLayer<St, R = ByClientIp, O = ()> {
    shared: Arc<Shared<St, R, O>>,
}

/// What the requests of all services of a layer share.
pub(crate) struct Shared<St, R, O> {
    pub(crate) store: St,
    pub(crate) resolver: Arc<R>,
    pub(crate) observer: Arc<O>,
    pub(crate) core: Arc<Core>,
}

impl<St: Store> RateLimitLayer<St> {
    /// Counts in this store, by subject and class name: layers that share a store share the counts
    /// of classes with the same name, and should then give them the same quotas. Places in flight
    /// and delays are each layer's own.
    ///
    /// Callers are told apart by address until
    /// [`with_resolver`](Self::with_resolver) tells more.
    ///
    /// # Errors
    ///
    /// When the limits have no class, a name twice, a class with routes but no `RouteOf`, a quota
    /// of an unknown class, a cost above a burst, or a class that refunds or penalises: that needs
    /// [`managed`](Self::managed).
    pub fn new(store: St, limits: Limits) -> Result<Self, ConfigError> {
        if let Some(class) = limits.classes.iter().find(|class| class.needs_management()) {
            let expected = "`RateLimitLayer::managed`, since this class refunds or penalises";
            return Err(ConfigError::new("class", class.name(), expected));
        }
        Self::build(store, limits, None)
    }

    /// As [`RateLimitLayer::new`], with a store that can be managed: classes may give back what
    /// was consumed, and block who is refused.
    ///
    /// # Errors
    ///
    /// As [`RateLimitLayer::new`].
    pub fn managed(store: St, limits: Limits) -> Result<Self, ConfigError>
    where
        St: Manage + Clone + Send + Sync + 'static,
    {
        let manager = Arc::new(store.clone());
        Self::build(store, limits, Some(manager))
    }

    fn build(
        store: St,
        limits: Limits,
        manager: Option<Arc<dyn DynManage>>,
    ) -> Result<Self, ConfigError> {
        let core = Arc::new(Core::new(limits, manager)?);
        let (resolver, observer) = (Arc::new(ByClientIp), Arc::new(()));
        Ok(Self { shared: Arc::new(Shared { store, resolver, observer, core }) })
    }
}

impl<St: Clone, R, O> RateLimitLayer<St, R, O> {
    /// Replaces who tells subject and tier.
    #[must_use]
    pub fn with_resolver<Q: ResolveTier>(self, resolver: Q) -> RateLimitLayer<St, Q, O> {
        let Shared { store, observer, core, .. } = &*self.shared;
        let (store, observer, core) = (store.clone(), Arc::clone(observer), Arc::clone(core));
        let resolver = Arc::new(resolver);
        RateLimitLayer { shared: Arc::new(Shared { store, resolver, observer, core }) }
    }

    /// Replaces the observer.
    #[must_use]
    pub fn with_observer<P: Observer>(self, observer: P) -> RateLimitLayer<St, R, P> {
        let Shared { store, resolver, core, .. } = &*self.shared;
        let (store, resolver, core) = (store.clone(), Arc::clone(resolver), Arc::clone(core));
        let observer = Arc::new(observer);
        RateLimitLayer { shared: Arc::new(Shared { store, resolver, observer, core }) }
    }
}

impl<St, R, O> RateLimitLayer<St, R, O> {
    /// Replaces the tiers of all services of this layer while they run.
    #[must_use]
    pub fn tiers(&self) -> TiersHandle {
        TiersHandle { core: Arc::clone(&self.shared.core) }
    }

    pub(crate) fn core(&self) -> &Core {
        &self.shared.core
    }
}

impl<S, St, R, O> Layer<S> for RateLimitLayer<St, R, O> {
    type Service = RateLimit<S, St, R, O>;

    fn layer(&self, inner: S) -> Self::Service {
        RateLimit::new(inner, Arc::clone(&self.shared))
    }
}

impl<St, R, O> Clone for RateLimitLayer<St, R, O> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<St, R, O> fmt::Debug for RateLimitLayer<St, R, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = &self.shared.core.policies.limits;
        f.debug_struct("RateLimitLayer").field("limits", limits).finish_non_exhaustive()
    }
}
