use std::error::Error;
use std::fmt;
use std::time::Duration;

use bartizan_cache::LoadError;
use bartizan_error_envelope::ApiError;

use crate::caching::ReadError;
use crate::data::DataError;
use crate::domain::passwords::PasswordError;
use crate::domain::users::UserError;
use crate::domain::{FieldError, WorkflowId};
use crate::limits::LoginRefused;
use crate::upstream::UpstreamError;

/// What a request of the API may fail with, in the client's words.
#[derive(Debug, ApiError)]
#[api(into_response)]
#[non_exhaustive]
pub enum Failure {
    /// A field of the input is not what it has to be.
    #[api(status = 422, code = "VALIDATION_FAILED", message = "{source}", details(field, expected))]
    Invalid {
        /// The field, by its name on the wire.
        field: &'static str,
        /// What it has to be.
        expected: &'static str,
        /// Both as a sentence.
        source: FieldError,
    },
    /// Nobody is logged in, or the key is unknown.
    #[api(status = 401, code = "UNAUTHORIZED", message = "A valid API key or session is required")]
    Unauthorized,
    /// The caller is no operator.
    #[api(status = 403, code = "FORBIDDEN", message = "An admin key is required")]
    Forbidden,
    /// No such user, or another password.
    #[api(status = 401, code = "INVALID_CREDENTIALS", message = "Email or password is wrong")]
    InvalidCredentials,
    /// Too many logins to this account from this address have failed.
    #[api(
        status = 429,
        code = "RATE_LIMIT_EXCEEDED",
        message = "Too many failed logins, try again later",
        details(retryAfter = seconds),
        retry_after = wait
    )]
    TooManyLogins {
        /// How long to wait.
        wait: Duration,
        /// The same in seconds, rounded up.
        seconds: u64,
        /// What the headers tell of it.
        refused: LoginRefused,
    },
    /// The caller's location has no such workflow.
    #[api(status = 404, code = "WORKFLOW_NOT_FOUND", message = "Workflow {0} does not exist")]
    WorkflowNotFound(WorkflowId),
    /// No cache has that name.
    #[api(status = 404, code = "CACHE_NOT_FOUND", message = "No cache has this name")]
    CacheNotFound,
    /// Somebody has registered with this address.
    #[api(status = 409, code = "EMAIL_TAKEN", message = "This email is already registered")]
    EmailTaken(DataError),
    /// The database cannot be reached.
    #[api(
        status = 503,
        code = "SERVICE_UNAVAILABLE",
        message = "The service is unavailable, try again later",
        retry_after = 1
    )]
    Unavailable(BoxError),
    /// The database refuses what the server asks of it.
    #[api(status = 500, code = "INTERNAL_ERROR")]
    Data(BoxError),
    /// A password cannot be hashed or compared.
    #[api(status = 500, code = "PASSWORD_FAILED")]
    Password(PasswordError),
    /// The key of the platform is missing.
    #[api(status = 503, code = "NOT_CONFIGURED", message = "Workflow analysis is not configured")]
    NotConfigured,
    /// The platform did not answer in time.
    #[api(
        status = 504,
        code = "UPSTREAM_TIMEOUT",
        message = "The workflow platform took too long",
        level = "warn"
    )]
    UpstreamTimeout(BoxError),
    /// The platform gave no usable answer.
    #[api(
        status = 502,
        code = "UPSTREAM_FAILED",
        message = "The workflow platform gave no usable answer"
    )]
    Upstream(BoxError),
}

type BoxError = Box<dyn Error + Send + Sync>;

impl From<FieldError> for Failure {
    fn from(source: FieldError) -> Self {
        Self::Invalid { field: source.field(), expected: source.expected(), source }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        if error.is_unavailable() {
            Self::Unavailable(error.into())
        } else {
            Self::Data(error.into())
        }
    }
}

impl From<UserError> for Failure {
    fn from(error: UserError) -> Self {
        match error {
            UserError::EmailTaken(source) => Self::EmailTaken(source),
            UserError::Data(source) => source.into(),
            UserError::Password(source) => Self::Password(source),
        }
    }
}

/// The session store's own error is a text; the store has logged the cause.
impl From<tower_sessions::session::Error> for Failure {
    fn from(error: tower_sessions::session::Error) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<LoginRefused> for Failure {
    fn from(refused: LoginRefused) -> Self {
        let wait = refused.wait();
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self::TooManyLogins { wait, seconds: seconds.max(1), refused }
    }
}

/// What no cache has, and its source does not give.
impl From<LoadError<ReadError>> for Failure {
    fn from(error: LoadError<ReadError>) -> Self {
        match (&error, error.loader()) {
            (_, Some(ReadError::Upstream(UpstreamError::Timeout { .. }))) => {
                Self::UpstreamTimeout(error.into())
            }
            (_, Some(ReadError::Upstream(_))) => Self::Upstream(error.into()),
            (_, Some(ReadError::Data(data))) if data.is_unavailable() => {
                Self::Unavailable(error.into())
            }
            (_, Some(ReadError::Data(_) | ReadError::Unwritable(_)))
            | (LoadError::Panicked, None) => Self::Data(error.into()),
            // It took too long, or the server is shutting down.
            (_, None) => Self::Unavailable(error.into()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { field, .. } => write!(f, "the field `{field}` is not valid"),
            Self::Unauthorized => f.write_str("the caller is not known"),
            Self::Forbidden => f.write_str("the caller is no operator"),
            Self::InvalidCredentials => f.write_str("the credentials are wrong"),
            Self::TooManyLogins { .. } => f.write_str("too many logins have failed"),
            Self::WorkflowNotFound(_) => f.write_str("the workflow does not exist"),
            Self::CacheNotFound => f.write_str("the cache does not exist"),
            Self::EmailTaken(_) => f.write_str("the email is taken"),
            Self::Unavailable(_) => f.write_str("the data are unavailable"),
            Self::Data(_) => f.write_str("the data cannot be read or written"),
            Self::Password(_) => f.write_str("the password cannot be handled"),
            Self::NotConfigured => f.write_str("the workflow platform is not configured"),
            Self::UpstreamTimeout(_) | Self::Upstream(_) => {
                f.write_str("the workflow platform failed")
            }
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Invalid { source, .. } => Some(source),
            Self::EmailTaken(source) => Some(source),
            Self::Unavailable(source)
            | Self::Data(source)
            | Self::UpstreamTimeout(source)
            | Self::Upstream(source) => Some(source.as_ref()),
            Self::Password(source) => Some(source),
            Self::Unauthorized
            | Self::Forbidden
            | Self::CacheNotFound
            | Self::InvalidCredentials
            | Self::TooManyLogins { .. }
            | Self::WorkflowNotFound(_)
            | Self::NotConfigured => None,
        }
    }
}
