use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::ServerError;

/// Why Redis gave no value.
#[derive(Clone, Debug)]
pub struct LinkError {
    kind: Kind,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// Whether the command had been handed to the connection when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    No,
    Perhaps,
}

#[derive(Clone, Debug)]
enum Kind {
    Timeout(Duration),
    Disconnected(Sent),
    Closed,
    BreakerOpen,
    Busy(usize),
    Unsupported,
    Server { error: ServerError, sent: Sent },
    Protocol,
}

impl LinkError {
    pub(crate) const fn timeout(after: Duration) -> Self {
        Self::of(Kind::Timeout(after))
    }

    pub(crate) const fn disconnected(sent: Sent) -> Self {
        Self::of(Kind::Disconnected(sent))
    }

    pub(crate) const fn closed() -> Self {
        Self::of(Kind::Closed)
    }

    pub(crate) const fn breaker_open() -> Self {
        Self::of(Kind::BreakerOpen)
    }

    pub(crate) const fn busy(limit: usize) -> Self {
        Self::of(Kind::Busy(limit))
    }

    pub(crate) const fn unsupported() -> Self {
        Self::of(Kind::Unsupported)
    }

    pub(crate) const fn server(error: ServerError, sent: Sent) -> Self {
        Self::of(Kind::Server { error, sent })
    }

    pub(crate) const fn protocol() -> Self {
        Self::of(Kind::Protocol)
    }

    pub(crate) fn because(mut self, source: impl Into<Arc<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    const fn of(kind: Kind) -> Self {
        Self { kind, source: None }
    }

    /// Tells whether no reply came in time.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self.kind, Kind::Timeout(_))
    }

    /// Tells whether there was no connection, or it broke before the reply.
    #[must_use]
    pub const fn is_disconnected(&self) -> bool {
        matches!(self.kind, Kind::Disconnected(_) | Kind::Closed)
    }

    /// Tells whether the link was closed by [`Link::close`](crate::Link::close).
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.kind, Kind::Closed)
    }

    /// Tells whether the circuit breaker refused the command.
    #[must_use]
    pub const fn is_breaker_open(&self) -> bool {
        matches!(self.kind, Kind::BreakerOpen)
    }

    /// Tells whether too many commands were in flight.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self.kind, Kind::Busy(_))
    }

    /// Tells whether the command cannot be sent over a shared connection.
    #[must_use]
    pub const fn is_unsupported(&self) -> bool {
        matches!(self.kind, Kind::Unsupported)
    }

    /// Tells whether Redis replied an error.
    #[must_use]
    pub const fn is_server_error(&self) -> bool {
        matches!(self.kind, Kind::Server { .. })
    }

    /// Returns the error that Redis replied.
    #[must_use]
    pub const fn server_error(&self) -> Option<&ServerError> {
        match &self.kind {
            Kind::Server { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Returns the code of the error that Redis replied, such as `OOM`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.server_error().map(ServerError::code)
    }

    /// Tells whether Redis may have executed the command, now or later, in whole or in part.
    ///
    /// False is certain: sending the command once more does nothing twice.
    #[must_use]
    pub fn may_have_executed(&self) -> bool {
        match &self.kind {
            Kind::Timeout(_) | Kind::Protocol => true,
            Kind::Disconnected(sent) | Kind::Server { sent, .. } => *sent == Sent::Perhaps,
            Kind::Closed | Kind::BreakerOpen | Kind::Busy(_) | Kind::Unsupported => false,
        }
    }

    /// Tells whether the failure counts against the circuit breaker.
    pub(crate) fn is_failure_of_redis(&self) -> bool {
        match &self.kind {
            Kind::Timeout(_) => true,
            Kind::Disconnected(sent) => *sent == Sent::Perhaps,
            Kind::Server { error, .. } => error.is_unwell(),
            _ => false,
        }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Timeout(after) => write!(f, "no reply from Redis within {after:?}"),
            Kind::Disconnected(Sent::No) => f.write_str("not connected to Redis"),
            Kind::Disconnected(Sent::Perhaps) => {
                f.write_str("the connection to Redis broke before the reply")
            }
            Kind::Closed => f.write_str("the link to Redis is closed"),
            Kind::BreakerOpen => f.write_str("Redis did not answer lately, so it was not asked"),
            Kind::Busy(limit) => write!(f, "{limit} commands are in flight already"),
            Kind::Unsupported => {
                f.write_str("this command would disturb the others on the shared connection")
            }
            Kind::Server { .. } => f.write_str("Redis replied an error"),
            Kind::Protocol => f.write_str("the reply of Redis could not be read"),
        }
    }
}

impl Error for LinkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match (&self.kind, &self.source) {
            (Kind::Server { error, .. }, _) => Some(error),
            (_, Some(source)) => Some(source.as_ref()),
            _ => None,
        }
    }
}
