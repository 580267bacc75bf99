use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Response, StatusCode};

use crate::error::ConfigError;
use crate::{Caller, ClassId, Head, Mode, Penalty, Subject, TierChange};

/// Requests that are limited alike: which they are, what one costs, and who is counted.
///
/// A request belongs to each class whose conditions it meets, and must keep the limits of all.
#[derive(Clone)]
pub struct Class {
    pub(crate) name: Cow<'static, str>,
    pub(crate) id: ClassId,
    methods: Vec<Method>,
    routes: Vec<Cow<'static, str>>,
    condition: Option<Arc<Condition>>,
    cost: Cost,
    key: Key,
    pub(crate) mode: Mode,
    pub(crate) change: TierChange,
    pub(crate) outage: Outage,
    pub(crate) delay: Option<Delay>,
    pub(crate) refund: Option<Refund>,
    pub(crate) penalty: Option<Penalty>,
}

type Condition = dyn Fn(&Head<'_>) -> bool + Send + Sync;

/// Decides by a response whether the request is given back.
pub(crate) type Refund = Arc<dyn Fn(&Response<()>) -> bool + Send + Sync>;

#[derive(Clone)]
enum Cost {
    Fixed(u32),
    Of(Arc<dyn Fn(&Head<'_>) -> u32 + Send + Sync>),
}

#[derive(Clone)]
enum Key {
    Caller,
    ClientIp,
    Made(Arc<dyn MakeKey + Send + Sync>),
}

/// Names the subject that a class counts, where it is not the caller.
///
/// Implemented for closures; it runs at once, since all that takes time is the resolver's.
pub trait MakeKey {
    /// The subject; `None` when the class does not limit this request.
    fn key(&self, head: &Head<'_>, caller: &Caller) -> Option<Subject>;
}

impl<F> MakeKey for F
where
    F: Fn(&Head<'_>, &Caller) -> Option<Subject>,
{
    fn key(&self, head: &Head<'_>, caller: &Caller) -> Option<Subject> {
        self(head, caller)
    }
}

/// What becomes of a class when the store cannot decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outage {
    /// It is counted in this process. Tiers that are
    /// [`divided_in_fallback`](crate::Tier::divided_in_fallback) get their share of it.
    #[default]
    LocalFallback,
    /// It does not limit.
    FailOpen,
    /// It refuses, with 503.
    FailClosed,
}

impl Outage {
    /// The policy as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LocalFallback => "local_fallback",
            Self::FailOpen => "fail_open",
            Self::FailClosed => "fail_closed",
        }
    }
}

/// Slows requests down before they are refused: each unit above the free share doubles the wait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delay {
    pub(crate) free: f64,
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
    pub(crate) waiters: NonZeroUsize,
}

impl Delay {
    /// Delays by `first` above the free share of the burst, then twice as long for each unit, up
    /// to `longest`. At most `waiters` requests of the class wait at a time; more are refused.
    ///
    /// # Errors
    ///
    /// When the share is not from 0 to below 1, or `longest` is shorter than `first`.
    pub fn doubling(
        free: f64,
        first: Duration,
        longest: Duration,
        waiters: NonZeroUsize,
    ) -> Result<Self, ConfigError> {
        if !(0.0..1.0).contains(&free) {
            return Err(ConfigError::new("delay", free.to_string(), "a share from 0 to below 1"));
        }
        if longest < first {
            return Err(ConfigError::duration("delay", longest, "no less than the first"));
        }
        Ok(Self { free, first, longest, waiters })
    }

    /// The wait of a request after which so many units of the burst are left.
    #[must_use]
    pub fn of(&self, burst: u32, remaining: u32) -> Duration {
        let free = f64::from(burst) * self.free;
        let above = f64::from(burst.saturating_sub(remaining)) - free;
        if above <= 0.0 {
            return Duration::ZERO;
        }
        // The first unit above waits once; 2^64 of anything is longer than the longest.
        let doublings = (above.ceil() - 1.0).min(63.0);
        let wait = self.first.as_secs_f64() * doublings.exp2();
        Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX).min(self.longest)
    }
}

impl Class {
    /// All requests, one unit each, counted by caller.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        let name = name.into();
        Self {
            id: ClassId::of(&name),
            name,
            methods: Vec::new(),
            routes: Vec::new(),
            condition: None,
            cost: Cost::Fixed(1),
            key: Key::Caller,
            mode: Mode::Enforce,
            change: TierChange::Keep,
            outage: Outage::LocalFallback,
            delay: None,
            refund: None,
            penalty: None,
        }
    }

    /// Adds a method: only requests of one of them belong.
    #[must_use]
    pub fn with_method(mut self, method: Method) -> Self {
        self.methods.push(method);
        self
    }

    /// Adds a route template, as the layer's `RouteOf` gives it: only requests of one of them
    /// belong.
    #[must_use]
    pub fn with_route(mut self, template: impl Into<Cow<'static, str>>) -> Self {
        self.routes.push(template.into());
        self
    }

    /// Sets a condition that requests must meet besides.
    #[must_use]
    pub fn when(mut self, condition: impl Fn(&Head<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.condition = Some(Arc::new(condition));
        self
    }

    /// Sets what each request costs; 1 unless told.
    #[must_use]
    pub fn with_cost(mut self, cost: u32) -> Self {
        self.cost = Cost::Fixed(cost);
        self
    }

    /// Computes what a request costs. More than the burst counts as the burst.
    #[must_use]
    pub fn with_cost_of(mut self, cost: impl Fn(&Head<'_>) -> u32 + Send + Sync + 'static) -> Self {
        self.cost = Cost::Of(Arc::new(cost));
        self
    }

    /// Counts by the client's address, whoever the caller is; apart for each tier where tiers have
    /// different quotas of this class.
    #[must_use]
    pub fn per_client_ip(mut self) -> Self {
        self.key = Key::ClientIp;
        self
    }

    /// Counts by a key of one's own; apart for each tier where tiers have different quotas of this
    /// class.
    #[must_use]
    pub fn keyed_by(mut self, key: impl MakeKey + Send + Sync + 'static) -> Self {
        self.key = Key::Made(Arc::new(key));
        self
    }

    /// Refuses nothing, and tells the observer what it would have refused.
    #[must_use]
    pub const fn in_shadow(mut self) -> Self {
        self.mode = Mode::Shadow;
        self
    }

    /// Sets what becomes of the consumption under another tier or quota.
    #[must_use]
    pub const fn with_tier_change(mut self, change: TierChange) -> Self {
        self.change = change;
        self
    }

    /// Sets what happens when the store cannot decide.
    #[must_use]
    pub const fn with_outage(mut self, outage: Outage) -> Self {
        self.outage = outage;
        self
    }

    /// Slows down before it refuses.
    #[must_use]
    pub const fn with_delay(mut self, delay: Delay) -> Self {
        self.delay = Some(delay);
        self
    }

    /// Gives back what a request consumed when its response, seen without its body, is one of
    /// these. A request whose response never comes stays counted.
    ///
    /// The layer asks for a store that implements [`Manage`](crate::Manage):
    /// [`RateLimitLayer::managed`](crate::RateLimitLayer::managed).
    #[must_use]
    pub fn refunding(
        mut self,
        refund: impl Fn(&Response<()>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.refund = Some(Arc::new(refund));
        self
    }

    /// Counts only requests that are answered with 400 or more.
    #[must_use]
    pub fn counting_failures(self) -> Self {
        self.refunding(|response| {
            let grpc = response.headers().get("grpc-status");
            response.status() < StatusCode::BAD_REQUEST && grpc.is_none_or(|status| status == "0")
        })
    }

    /// Blocks a subject that this class refuses, each time for longer.
    ///
    /// The layer asks for a store that implements [`Manage`](crate::Manage):
    /// [`RateLimitLayer::managed`](crate::RateLimitLayer::managed).
    #[must_use]
    pub const fn with_penalty(mut self, penalty: Penalty) -> Self {
        self.penalty = Some(penalty);
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How stores name it.
    #[must_use]
    pub const fn id(&self) -> ClassId {
        self.id
    }
}

impl Class {
    pub(crate) fn needs_route(&self) -> bool {
        !self.routes.is_empty()
    }

    pub(crate) fn needs_management(&self) -> bool {
        self.refund.is_some() || self.penalty.is_some()
    }

    /// Tells whether an operation may belong, as far as a description knows it.
    pub(crate) fn may_cover(&self, method: &Method, route: &str) -> bool {
        self.has_method(method)
            && (self.routes.is_empty() || self.routes.iter().any(|template| template == route))
    }

    /// Routers answer `HEAD` by the handler of `GET`.
    #[inline]
    fn has_method(&self, method: &Method) -> bool {
        self.methods.is_empty()
            || self.methods.contains(method)
            || *method == Method::HEAD && self.methods.contains(&Method::GET)
    }

    #[inline]
    pub(crate) fn covers(&self, head: &Head<'_>, route: Option<&str>) -> bool {
        self.has_method(head.method())
            && (self.routes.is_empty()
                || route.is_some_and(|route| self.routes.iter().any(|known| known == route)))
            && self.condition.as_ref().is_none_or(|condition| condition(head))
    }

    #[inline]
    pub(crate) fn cost(&self, head: &Head<'_>) -> u32 {
        match &self.cost {
            Cost::Fixed(cost) => *cost,
            Cost::Of(cost) => cost(head),
        }
    }

    /// Tells whether callers of several tiers may be one subject.
    pub(crate) const fn is_keyed_apart(&self) -> bool {
        !matches!(self.key, Key::Caller)
    }

    pub(crate) fn fixed_cost(&self) -> Option<u32> {
        match self.cost {
            Cost::Fixed(cost) => Some(cost),
            Cost::Of(_) => None,
        }
    }

    #[inline]
    pub(crate) fn subject(&self, head: &Head<'_>, caller: &Caller) -> Option<Subject> {
        match &self.key {
            Key::Caller => Some(caller.subject()),
            Key::ClientIp => Some(head.client_subject()),
            Key::Made(key) => key.key(head, caller),
        }
    }
}

impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Class")
            .field("name", &self.name)
            .field("methods", &self.methods)
            .field("routes", &self.routes)
            .field("mode", &self.mode)
            .field("outage", &self.outage)
            .finish_non_exhaustive()
    }
}
