use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use bartizan_contract::{ErrorReport, RouteOf};

use crate::decision::Core;
use crate::error::ConfigError;
use crate::wire::HeaderForms;
use crate::{Caller, Class, Head, MemoryStore, Refusal, Tiers};

/// All that a layer is told of limits: the tiers, the classes, and how they are told to clients.
#[derive(Clone)]
pub struct Limits {
    pub(crate) tiers: Tiers,
    pub(crate) classes: Vec<Class>,
    pub(crate) forms: HeaderForms,
    pub(crate) route_of: Option<RouteOf>,
    pub(crate) skip: Option<Arc<Skip>>,
    pub(crate) treatment: Option<Arc<Treat>>,
    pub(crate) report: Option<Report>,
    pub(crate) instances: NonZeroU32,
    pub(crate) all_in_shadow: bool,
    pub(crate) fallback: MemoryStore,
}

pub(crate) type Skip = dyn Fn(&Head<'_>) -> bool + Send + Sync;

pub(crate) type Treat = dyn Fn(&Head<'_>, &Caller) -> Treatment + Send + Sync;

/// Makes the report of a refusal.
pub(crate) type Report = Arc<dyn Fn(&Refusal<'_>) -> ErrorReport + Send + Sync>;

/// How a caller is treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Treatment {
    /// By the limits.
    #[default]
    Limit,
    /// Allowed, and counted nowhere.
    Allow,
    /// Refused with 403, whatever is left.
    Deny,
}

impl Limits {
    /// No classes yet, both families of headers.
    #[must_use]
    pub fn new(tiers: Tiers) -> Self {
        Self {
            tiers,
            classes: Vec::new(),
            forms: HeaderForms::default(),
            route_of: None,
            skip: None,
            treatment: None,
            report: None,
            instances: NonZeroU32::MIN,
            all_in_shadow: false,
            fallback: MemoryStore::new(),
        }
    }

    /// Adds a class. Where several refuse, the one with the longest wait is told.
    #[must_use]
    pub fn with_class(mut self, class: Class) -> Self {
        self.classes.push(class);
        self
    }

    /// Chooses the headers.
    #[must_use]
    pub const fn with_headers(mut self, forms: HeaderForms) -> Self {
        self.forms = forms;
        self
    }

    /// Tells how to read the route template, which classes with routes need.
    #[must_use]
    pub const fn with_route_of(mut self, route_of: RouteOf) -> Self {
        self.route_of = Some(route_of);
        self
    }

    /// Lets requests pass that no limit is meant for, before anything else is looked at.
    #[must_use]
    pub fn with_skip(mut self, skip: impl Fn(&Head<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.skip = Some(Arc::new(skip));
        self
    }

    /// Allows or denies callers, whatever their limits.
    #[must_use]
    pub fn with_treatment(
        mut self,
        treatment: impl Fn(&Head<'_>, &Caller) -> Treatment + Send + Sync + 'static,
    ) -> Self {
        self.treatment = Some(Arc::new(treatment));
        self
    }

    /// Replaces the report of a refusal, its status, words and members.
    #[must_use]
    pub fn with_report(
        mut self,
        report: impl Fn(&Refusal<'_>) -> ErrorReport + Send + Sync + 'static,
    ) -> Self {
        self.report = Some(Arc::new(report));
        self
    }

    /// Tells how many instances share the store: by it a divided tier is divided while the store
    /// is unavailable.
    #[must_use]
    pub const fn with_instances(mut self, instances: NonZeroU32) -> Self {
        self.instances = instances;
        self
    }

    /// Replaces the store that counts while the layer's own cannot; 64 MiB at most unless told.
    #[must_use]
    pub fn with_fallback(mut self, fallback: MemoryStore) -> Self {
        self.fallback = fallback;
        self
    }

    /// Refuses nothing, and tells the observer what would have been refused.
    #[must_use]
    pub const fn in_shadow(mut self) -> Self {
        self.all_in_shadow = true;
        self
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("tiers", &self.tiers)
            .field("classes", &self.classes)
            .field("forms", &self.forms)
            .field("instances", &self.instances)
            .field("all_in_shadow", &self.all_in_shadow)
            .finish_non_exhaustive()
    }
}

/// Replaces the tiers of a layer while it runs.
#[derive(Clone)]
pub struct TiersHandle {
    pub(crate) core: Arc<Core>,
}

impl TiersHandle {
    /// Puts other tiers in place, for all requests from now on. What was consumed follows the
    /// [`TierChange`](crate::TierChange) of each class.
    ///
    /// # Errors
    ///
    /// As [`RateLimitLayer::new`](crate::RateLimitLayer::new); the old tiers then stay.
    pub fn replace(&self, tiers: &Tiers) -> Result<(), ConfigError> {
        self.core.policies.replace(tiers)
    }
}

impl fmt::Debug for TiersHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TiersHandle").finish_non_exhaustive()
    }
}
