//! The one place where a failure is logged.

use std::error::Error;
use std::fmt::Write as _;

use bartizan_contract::{ErrorReport, LogLevel};
use http::StatusCode;

use crate::failure::{Failure, catch};
use crate::observe::{Origin, Stage};
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
            _ => tracing::error!(target: TARGET, $($fields)+),
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
        error = report.source().map(words),
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

/// An error and its sources on one line, without a source that its parent already quotes.
///
/// Written before the subscriber runs: foreign words may fail or panic, and the event must not.
fn words(error: &(dyn Error + 'static)) -> String {
    let mut said = String::new();
    for link in chain(error) {
        let mut words = String::new();
        let written = catch(Stage::Future, || write!(words, "{link}"));
        if !matches!(written, Ok(Ok(()))) {
            words.push_str("(its words cannot be written)");
        }
        if said.ends_with(&words) {
            continue;
        }
        if !said.is_empty() {
            said.push_str(": ");
        }
        said.push_str(&words);
    }
    said
}
