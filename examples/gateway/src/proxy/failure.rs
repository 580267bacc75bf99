use std::error::Error;
use std::fmt;
use std::io;

use bartizan_contract::ErrorReport;
use http::StatusCode;

/// Why there is no response of the upstream.
#[derive(Debug)]
pub(super) enum Failure {
    /// It could not be connected to.
    Unreachable(io::Error),
    /// It died, or what it said is no HTTP.
    Broken(hyper::Error),
    /// Its body is coded for this hop in a way that is not known here.
    Coded,
    /// It changed to a protocol that nobody had asked for.
    UnaskedUpgrade,
    /// It was not connected in time.
    ConnectTimeout,
    /// It did not answer in time.
    ResponseTimeout,
    /// The request as a whole took too long.
    TotalTimeout,
    /// The client's body exceeds the limit.
    TooLarge,
    /// The client stopped sending its body.
    Stalled,
    /// The client's body ended early.
    Aborted,
}

impl Failure {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Unreachable(_) | Self::Broken(_) | Self::Coded | Self::UnaskedUpgrade => {
                StatusCode::BAD_GATEWAY
            }
            Self::ConnectTimeout | Self::ResponseTimeout | Self::TotalTimeout => {
                StatusCode::GATEWAY_TIMEOUT
            }
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Stalled => StatusCode::REQUEST_TIMEOUT,
            Self::Aborted => StatusCode::BAD_REQUEST,
        }
    }

    /// Code and words of the status; the cause is for the log.
    pub(super) fn into_report(self) -> ErrorReport {
        ErrorReport::from_status(self.status()).with_source(self)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable(_) => "the upstream cannot be reached",
            Self::Broken(_) => "the upstream gave no whole response",
            Self::Coded => "the upstream's transfer coding is not known",
            Self::UnaskedUpgrade => "the upstream changed the protocol without being asked",
            Self::ConnectTimeout => "the upstream was not connected in time",
            Self::ResponseTimeout => "the upstream did not answer in time",
            Self::TotalTimeout => "the request took too long as a whole",
            Self::TooLarge => "the body of the request exceeds the limit",
            Self::Stalled => "the client stopped sending the body",
            Self::Aborted => "the body of the request ended early",
        })
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreachable(source) => Some(source),
            Self::Broken(source) => Some(source),
            _ => None,
        }
    }
}
