//! Which responses the envelope touches, decided from the head and the size alone.

use std::sync::Arc;

use bartizan_contract::{ErrorReport, PassThrough, Reply};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, response};
use http_body::SizeHint;

use crate::asked::Asked;
use crate::negotiate::Format;

/// The longest text that may become a message, in bytes. Longer texts are documents.
pub(crate) const MAX_TEXT: u64 = 8 * 1024;

/// Marks a response that an envelope has dealt with, for envelopes further out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Enveloped;

#[derive(Clone, Debug)]
pub(crate) enum Decision {
    /// Not ours: bit-identical.
    Pass,
    /// Marked with a report, and the body is the answer.
    Keep(Arc<ErrorReport>),
    /// Marked with a report, to be rendered.
    Replace(Arc<ErrorReport>),
    /// A bare status, or a short text that is read first.
    Read,
    /// The text of a 5xx that is too long to be read, or of unknown length.
    Hide,
}

/// Applies the rule. Framework text and handler text cannot be told apart, so only what no
/// handler would mean as a document is taken: short, complete, unencoded plain text. The plain text
/// of a 5xx is taken whatever its length, since it is not the client's to read.
pub(crate) fn decide(head: &response::Parts, size: &SizeHint, asked: &Asked) -> Decision {
    if head.extensions.get::<Enveloped>().is_some() {
        return Decision::Pass;
    }
    let is_error = head.status.as_u16() >= 400;
    let is_rewritable = is_plain_text(&head.headers) && !is_encoded(&head.headers);
    let is_finished = head.extensions.get::<PassThrough>().is_some();
    if let Some(report) = head.extensions.get::<Arc<ErrorReport>>() {
        let report = Arc::clone(report);
        let keeps = if !is_error || is_finished {
            // Without an error status it is a gRPC refusal: 200 and trailers-only.
            true
        } else if asked.reply == Reply::GrpcTrailersOnly || asked.format == Format::Problem {
            false
        } else if head.status.is_server_error() && is_default_body(&report, head, size) {
            // It lacks the request id.
            false
        } else {
            !is_rewritable
        };
        return if keeps { Decision::Keep(report) } else { Decision::Replace(report) };
    }
    let is_short = length_of(head, size, asked.reply).is_some_and(|length| length <= MAX_TEXT);
    if !is_error || !is_rewritable || is_finished {
        Decision::Pass
    } else if is_short {
        Decision::Read
    } else if head.status.is_server_error() {
        Decision::Hide
    } else {
        Decision::Pass
    }
}

/// Tells whether the body is the report's own default, as far as head and size can tell. A body
/// that a layer chose itself is kept.
fn is_default_body(report: &ErrorReport, head: &response::Parts, size: &SizeHint) -> bool {
    let json = head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    let length = declared_length(&head.headers).or(size.exact());
    json && length.is_some() && length == u64::try_from(report.to_json().len()).ok()
}

/// Tells whether the body of a `HEAD` answer was cut off further in, so that the length of the
/// text that it stood for is known and the text is not.
pub(crate) fn is_cut_off(head: &response::Parts, reply: Reply) -> bool {
    reply == Reply::JsonHeadersOnly
        && head.headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
}

/// The length of the body; of the one that a `HEAD` answer stands for, where it was cut off.
fn length_of(head: &response::Parts, size: &SizeHint, reply: Reply) -> Option<u64> {
    let Some(length) = size.exact() else { return declared_length(&head.headers) };
    if length > 0 || reply != Reply::JsonHeadersOnly {
        return Some(length);
    }
    // A content type without a length announces content that nobody has measured.
    let unknown = if head.headers.contains_key(CONTENT_TYPE) { None } else { Some(0) };
    declared_length(&head.headers).or(unknown)
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// No content type at all, or `text/plain` with any parameters.
fn is_plain_text(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_none_or(|value| {
        let essence = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case(b"text/plain")
    })
}
