use std::sync::Arc;
use std::time::Duration;

use crate::{Outage, StoreErrorKind};

/// Watches what a layer decides. Every method has an empty default; `()` watches nothing.
///
/// Called on the request path: do no more than count. Tiers and classes are those configured, so
/// every field is safe as a metric label.
pub trait Observer {
    /// A limit has decided.
    fn decided(&self, event: &Decided<'_>) {
        let _ = event;
    }

    /// A request was slowed down.
    fn delayed(&self, event: &Delayed<'_>) {
        let _ = event;
    }

    /// The store could not decide, and the policy of a class did.
    fn fell_back(&self, event: &FellBack<'_>) {
        let _ = event;
    }

    /// A store that does not answer at once has answered.
    fn answered(&self, event: &StoreAnswered) {
        let _ = event;
    }
}

impl Observer for () {}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn decided(&self, event: &Decided<'_>) {
        O::decided(self, event);
    }

    fn delayed(&self, event: &Delayed<'_>) {
        O::delayed(self, event);
    }

    fn fell_back(&self, event: &FellBack<'_>) {
        O::fell_back(self, event);
    }

    fn answered(&self, event: &StoreAnswered) {
        O::answered(self, event);
    }
}

/// What one limit says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Decided<'a> {
    /// The class.
    pub class: &'a str,
    /// The tier.
    pub tier: &'a str,
    /// What it says.
    pub decision: Decision,
}

/// What one limit says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Decision {
    /// It admits the request. Another limit may have refused it.
    Allowed,
    /// It admits the request, and less than a tenth of the burst is left.
    NearLimit,
    /// It refuses the request.
    Denied,
    /// It would refuse the request, were it not in shadow.
    Shadow,
    /// Too many requests of the subject are in flight, or of the class are being delayed.
    Crowded,
}

/// A request was slowed down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Delayed<'a> {
    /// The class.
    pub class: &'a str,
    /// The tier.
    pub tier: &'a str,
    /// For how long.
    pub wait: Duration,
}

/// The store could not decide, and the policy of a class did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FellBack<'a> {
    /// The class.
    pub class: &'a str,
    /// Its policy.
    pub outage: Outage,
    /// What was wrong.
    pub kind: StoreErrorKind,
}

/// A store that does not answer at once has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StoreAnswered {
    /// After this time.
    pub elapsed: Duration,
    /// What was wrong, if it could not decide.
    pub failure: Option<StoreErrorKind>,
}

impl Decision {
    /// The decision as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::NearLimit => "near_limit",
            Self::Denied => "denied",
            Self::Shadow => "shadow",
            Self::Crowded => "crowded",
        }
    }
}
