//! The one place where a failure is logged.

use std::error::Error;
use std::fmt::{self, Write as _};

use bartizan_contract::{ErrorReport, LogLevel};
use http::StatusCode;

use crate::failure::Failure;
use crate::observe::Origin;
use crate::registry::chain;
use crate::request_id::RequestId;

const TARGET: &str = "bartizan::error_envelope";

macro_rules! at_level {
    ($level:expr, $($fields:tt)+) => {
        match $level {
            LogLevel::Off => {}
            LogLevel::Debug => tracing::debug!(target: TARGET, $($fields)+),
            LogLevel::Info => tracing::info!(target: TARGET, $($fields)+),
            LogLevel::Warn => tracing::warn!(target: TARGET, $($fields)+),
            LogLevel::Error => tracing::error!(target: TARGET, $($fields)+),
        }
    };
}

/// Logs an error answer with its causes.
pub(crate) fn answered(
    report: &ErrorReport,
    status: StatusCode,
    request_id: &RequestId,
    origin: Origin,
) {
    at_level!(
        report.log_level(),
        request_id = request_id.as_str(),
        status = status.as_u16(),
        code = report.code().as_str(),
        origin = origin.as_str(),
        error = report.source().map(|source| tracing::field::display(Chain(source))),
        "{}",
        report.message()
    );
}

/// Logs a panic in a body whose head is already sent.
pub(crate) fn body_panicked(failure: &Failure, request_id: &RequestId) {
    tracing::error!(
        target: TARGET,
        request_id = request_id.as_str(),
        origin = Origin::Panic.as_str(),
        error = %failure,
        "the response body panicked; the stream ends with an error"
    );
}

/// Writes an error and its sources on one line, skipping a source that its parent already quotes.
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = String::new();
        for link in chain(self.0) {
            let words = link.to_string();
            if said.ends_with(&words) {
                continue;
            }
            if !said.is_empty() {
                said.push_str(": ");
            }
            said.write_str(&words)?;
        }
        f.write_str(&said)
    }
}
