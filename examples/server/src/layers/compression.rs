//! br, then gzip, then zstd, for what is worth it.

use axum::http::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use axum::http::{Extensions, HeaderMap, HeaderValue, Request, StatusCode, Version};
use tower_http::compression::predicate::{And, Predicate, SizeAbove};
use tower_http::compression::{CompressionLayer, CompressionLevel};

/// Below this, the headers are most of the answer.
const MIN_SIZE: u64 = 1024;

/// For all codings: what gzip is set to by default elsewhere.
const LEVEL: i32 = 6;

/// The codings, the preferred first.
const CODINGS: [&str; 3] = ["br", "gzip", "zstd"];

type Worthwhile = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;

pub(crate) fn layer() -> CompressionLayer<And<SizeAbove, Worthwhile>> {
    CompressionLayer::new()
        .quality(CompressionLevel::Precise(LEVEL))
        .compress_when(SizeAbove::new(MIN_SIZE).and(is_worthwhile as Worthwhile))
}

/// Leaves of `Accept-Encoding` the one coding to use: the library prefers others of equal weight.
/// `x-no-compression` leaves none.
pub(crate) fn normalise<B>(mut request: Request<B>) -> Request<B> {
    let headers = request.headers_mut();
    if !headers.contains_key(ACCEPT_ENCODING) {
        return request;
    }
    let coding = if headers.contains_key("x-no-compression") { None } else { preferred(headers) };
    match coding {
        Some(coding) => headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(coding)),
        None => headers.remove(ACCEPT_ENCODING),
    };
    request
}

/// The coding of the highest weight (RFC 9110, section 12.5.3), of equal ones the preferred; none
/// where the client says that it likes the plain text better.
fn preferred(headers: &HeaderMap) -> Option<&'static str> {
    let plain = weight_of(headers, "identity").unwrap_or(0);
    // The last of equal maxima wins.
    let weighted = CODINGS.into_iter().rev().map(|coding| {
        let weight = weight_of(headers, coding).or_else(|| weight_of(headers, "*"));
        (weight.unwrap_or(0), coding)
    });
    let (weight, coding) = weighted.max_by_key(|(weight, _)| *weight)?;
    (weight > 0 && weight >= plain).then_some(coding)
}

/// The weight that `Accept-Encoding` gives a name, if it stands there.
fn weight_of(headers: &HeaderMap, name: &str) -> Option<u16> {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).find_map(|range| {
        let (coding, parameters) = range.split_once(';').unwrap_or((range, ""));
        coding.trim().eq_ignore_ascii_case(name).then(|| weight(parameters))
    })
}

/// A weight in thousandths; a malformed one is 0.
fn weight(parameters: &str) -> u16 {
    let Some((_, value)) = parameters.split_once('=') else { return 1000 };
    let weight: f32 = value.trim().parse().unwrap_or(0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0 to 1000 before"
    )]
    let thousandths = (weight.clamp(0.0, 1.0) * 1000.0) as u16;
    thousandths
}

/// Successes in text: errors are for the envelope to read, and images are compressed already.
fn is_worthwhile(status: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else {
        return false;
    };
    let essence = kind.split(';').next().unwrap_or_default().trim();
    let is_text = match essence.split_once('/') {
        Some(("text", subtype)) => subtype != "event-stream",
        Some(("application", subtype)) => {
            matches!(subtype, "json" | "javascript" | "xml" | "yaml" | "wasm")
                || subtype.ends_with("+json")
                || subtype.ends_with("+xml")
        }
        Some(("image", subtype)) => subtype == "svg+xml",
        _ => false,
    };
    status.as_u16() < 400 && is_text
}
