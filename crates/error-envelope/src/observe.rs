use std::sync::Arc;

use bartizan_contract::Code;
use http::StatusCode;

/// Watches what the envelope does. Every method has an empty default; `()` watches nothing.
///
/// Called on the request path: do no more than count.
pub trait Observer {
    /// An error answer is on its way.
    fn answered(&self, event: &Answered) {
        let _ = event;
    }

    /// A panic was caught.
    fn panicked(&self, event: &Panicked) {
        let _ = event;
    }
}

impl Observer for () {}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn answered(&self, event: &Answered) {
        O::answered(self, event);
    }

    fn panicked(&self, event: &Panicked) {
        O::panicked(self, event);
    }
}

/// An error answer, in closed sets only: each field is safe as a metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Answered {
    /// The HTTP status of the answer; 200 for a gRPC refusal.
    pub status: StatusCode,
    /// The machine code.
    pub code: Code,
    /// What the answer was made from.
    pub origin: Origin,
}

/// A panic that was caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Panicked {
    /// Where it was caught.
    pub stage: Stage,
}

/// What an error answer was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// A report that an inner layer or handler attached.
    Report,
    /// A response without a body.
    BareStatus,
    /// A response with a short plain text.
    Text,
    /// An error of the inner service.
    Error,
    /// An error of the inner service's readiness.
    Readiness,
    /// A panic.
    Panic,
}

impl Origin {
    /// The origin as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::BareStatus => "bare_status",
            Self::Text => "text",
            Self::Error => "error",
            Self::Readiness => "readiness",
            Self::Panic => "panic",
        }
    }
}

/// Where a panic was caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// In `poll_ready`.
    Ready,
    /// In `call`.
    Call,
    /// In the response future.
    Future,
    /// In the response body.
    Body,
}

impl Stage {
    /// The stage as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Call => "call",
            Self::Future => "future",
            Self::Body => "body",
        }
    }
}
