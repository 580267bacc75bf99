use std::sync::Arc;
use std::time::Duration;

use crate::{Epoch, LinkError, Outage};

/// Watches what the link does. Every method has an empty default; `()` watches nothing.
///
/// Called on the request path: do no more than count. A panic is caught, and the first one logged.
pub trait Observer {
    /// A connection for commands stands.
    fn connected(&self, event: &Connected) {
        let _ = event;
    }

    /// An outage began.
    fn disconnected(&self, event: &Disconnected) {
        let _ = event;
    }

    /// The circuit breaker opened.
    fn breaker_opened(&self, event: &BreakerOpened) {
        let _ = event;
    }

    /// The circuit breaker lets one command try.
    fn breaker_half_opened(&self, event: &BreakerHalfOpened) {
        let _ = event;
    }

    /// The circuit breaker closed.
    fn breaker_closed(&self, event: &BreakerClosed) {
        let _ = event;
    }

    /// A command ended, in whatever way.
    fn command_done(&self, event: &CommandDone) {
        let _ = event;
    }
}

impl Observer for () {}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn connected(&self, event: &Connected) {
        O::connected(self, event);
    }

    fn disconnected(&self, event: &Disconnected) {
        O::disconnected(self, event);
    }

    fn breaker_opened(&self, event: &BreakerOpened) {
        O::breaker_opened(self, event);
    }

    fn breaker_half_opened(&self, event: &BreakerHalfOpened) {
        O::breaker_half_opened(self, event);
    }

    fn breaker_closed(&self, event: &BreakerClosed) {
        O::breaker_closed(self, event);
    }

    fn command_done(&self, event: &CommandDone) {
        O::command_done(self, event);
    }
}

/// A connection for commands stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Connected {
    /// Its number; 1 is the first.
    pub epoch: Epoch,
}

/// An outage began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Disconnected {
    /// Why there is no connection.
    pub outage: Outage,
}

/// The circuit breaker opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct BreakerOpened {}

/// The circuit breaker lets one command try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct BreakerHalfOpened {}

/// The circuit breaker closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct BreakerClosed {}

/// A command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CommandDone {
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took; zero when it was refused at once.
    pub elapsed: Duration,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// With a value.
    Replied,
    /// With an error of Redis.
    ServerError,
    /// Without a reply in time.
    Timeout,
    /// There was no connection, or it broke.
    Disconnected,
    /// Refused by the circuit breaker.
    BreakerOpen,
    /// Refused because too many were in flight.
    Busy,
    /// With a reply that could not be read.
    Unreadable,
    /// Its future was dropped.
    Cancelled,
}

impl Outcome {
    /// The outcome as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replied => "replied",
            Self::ServerError => "server_error",
            Self::Timeout => "timeout",
            Self::Disconnected => "disconnected",
            Self::BreakerOpen => "breaker_open",
            Self::Busy => "busy",
            Self::Unreadable => "unreadable",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) const fn of<T>(result: &Result<T, LinkError>) -> Self {
        match result {
            Ok(_) => Self::Replied,
            Err(error) if error.is_server_error() => Self::ServerError,
            Err(error) if error.is_timeout() => Self::Timeout,
            Err(error) if error.is_disconnected() => Self::Disconnected,
            Err(error) if error.is_breaker_open() => Self::BreakerOpen,
            Err(error) if error.is_busy() => Self::Busy,
            Err(_) => Self::Unreadable,
        }
    }
}
