use std::fmt;

use http::StatusCode;

use super::ResponseSpec;

/// Which answers a response stands for; shows as the key of `OpenAPI`'s Responses Object.
///
/// The order is that of precedence: statuses, then classes, then the default.
///
/// ```
/// use bartizan_contract::{ResponseKey, StatusClass};
/// use http::StatusCode;
///
/// let (status, class) = (StatusCode::NOT_FOUND, StatusClass::ClientError);
/// let keys = [status.into(), class.into(), ResponseKey::Default];
/// assert_eq!(keys.map(|key| key.to_string()), ["404", "4XX", "default"]);
/// assert!(keys.is_sorted());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ResponseKey {
    /// Those of one status.
    Status(StatusCode),
    /// Those of a class whose status has no response of its own.
    Class(StatusClass),
    /// All that no other response stands for.
    Default,
}

impl ResponseKey {
    /// Tells whether its answers are errors, if they are all of one kind.
    const fn is_error(self) -> Option<bool> {
        match self {
            Self::Status(status) => Some(status.as_u16() >= 400),
            Self::Class(class) => {
                Some(matches!(class, StatusClass::ClientError | StatusClass::ServerError))
            }
            Self::Default => None,
        }
    }
}

impl From<StatusCode> for ResponseKey {
    fn from(status: StatusCode) -> Self {
        Self::Status(status)
    }
}

impl From<StatusClass> for ResponseKey {
    fn from(class: StatusClass) -> Self {
        Self::Class(class)
    }
}

impl fmt::Display for ResponseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => f.write_str(status.as_str()),
            Self::Class(class) => fmt::Display::fmt(class, f),
            Self::Default => f.write_str("default"),
        }
    }
}

/// The classes of statuses (RFC 9110, section 15); shows as `OpenAPI` does, such as `4XX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusClass {
    /// From 100.
    Informational,
    /// From 200.
    Successful,
    /// From 300.
    Redirection,
    /// From 400.
    ClientError,
    /// From 500.
    ServerError,
}

impl fmt::Display for StatusClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Informational => "1XX",
            Self::Successful => "2XX",
            Self::Redirection => "3XX",
            Self::ClientError => "4XX",
            Self::ServerError => "5XX",
        })
    }
}

/// Chooses among the responses that come from within: a layer often adds a header to answers it
/// does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResponseSelector {
    /// Every response.
    All,
    /// Statuses below 400 and their classes; not the default, which may stand for both kinds.
    Successes,
    /// Statuses from 400 and their classes; not the default, which may stand for both kinds.
    Errors,
    /// Responses of any key that carry error cases, so those with an [`ErrorReport`] behind them.
    ///
    /// [`ErrorReport`]: crate::ErrorReport
    Reported,
    /// The response of exactly this status; not that of its class, which stands for others too.
    Status(StatusCode),
}

impl ResponseSelector {
    /// Tells whether this response is meant.
    #[must_use]
    pub fn matches(self, response: &ResponseSpec) -> bool {
        match self {
            Self::All => true,
            Self::Successes => response.key().is_error() == Some(false),
            Self::Errors => response.key().is_error() == Some(true),
            Self::Reported => !response.errors().is_empty(),
            Self::Status(only) => response.key() == ResponseKey::Status(only),
        }
    }
}
