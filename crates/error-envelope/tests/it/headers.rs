//! Which headers a rewrite touches: a property over any headers and any rewrite.

use std::convert::Infallible;
use std::sync::Arc;

use bartizan_error_envelope::{Code, ErrorReport};
use bartizan_probe::strict_fn;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use proptest::collection::vec;
use proptest::prelude::*;
use tower::{Layer, ServiceExt};

use crate::support::{ID, envelope, get, grpc, now, response};

/// What DESIGN lists: replaced or dropped with the representation.
const REPRESENTATION: [&str; 10] = [
    "content-type",
    "content-length",
    "etag",
    "last-modified",
    "accept-ranges",
    "content-range",
    "content-encoding",
    "content-digest",
    "repr-digest",
    "trailer",
];

/// Why a response is rewritten.
#[derive(Clone, Copy, Debug)]
enum Rewrite {
    Bare,
    Text,
    ReportAsProblem,
    BareForGrpc,
    ReportForGrpc,
}

impl Rewrite {
    const ALL: [Self; 5] =
        [Self::Bare, Self::Text, Self::ReportAsProblem, Self::BareForGrpc, Self::ReportForGrpc];

    fn is_grpc(self) -> bool {
        matches!(self, Self::BareForGrpc | Self::ReportForGrpc)
    }

    fn has_report(self) -> bool {
        matches!(self, Self::ReportAsProblem | Self::ReportForGrpc)
    }
}

proptest! {
    #[test]
    fn every_other_header_survives_any_rewrite(
        status in 400_u16..600,
        rewrite in rewrite(),
        headers in headers(),
    ) {
        let given = given(rewrite, headers);
        let got = through_the_envelope(status, rewrite, &given);
        for name in given.keys().filter(|name| !is_touched(name)) {
            prop_assert_eq!(values(&got, name), values(&given, name), "{}", name);
        }
        for name in got.keys() {
            let is_wait = name == RETRY_AFTER || name == "grpc-retry-pushback-ms";
            let is_added = is_touched(name) || is_wait && rewrite.has_report();
            prop_assert!(is_added || given.contains_key(name), "{} came from nowhere", name);
        }
    }

    #[test]
    fn the_headers_of_the_old_representation_are_gone(
        status in 400_u16..600,
        rewrite in rewrite(),
        headers in headers(),
    ) {
        let got = through_the_envelope(status, rewrite, &given(rewrite, headers));
        for name in &REPRESENTATION[2..] {
            // RFC 9110, section 15.5.17: a 416 tells the length of what was asked for.
            if status == 416 && *name == "content-range" {
                continue;
            }
            prop_assert!(!got.contains_key(*name), "{} survives", name);
        }
        prop_assert_eq!(got.get_all(CONTENT_TYPE).iter().count(), 1);
        prop_assert!(got.get_all("content-length").iter().count() <= 1);
        prop_assert_eq!(values(&got, &HeaderName::from_static("x-request-id")), [ID]);
    }

    #[test]
    fn vary_gains_accept_once_and_cache_control_is_only_filled_in(
        status in 400_u16..600,
        rewrite in rewrite(),
        headers in headers(),
    ) {
        let given = given(rewrite, headers);
        let got = through_the_envelope(status, rewrite, &given);
        let told = values(&given, &CACHE_CONTROL);
        let no_store = [HeaderValue::from_static("no-store")];
        let expected = if told.is_empty() { &no_store[..] } else { &told[..] };
        prop_assert_eq!(values(&got, &CACHE_CONTROL), expected);

        let mut expected = values(&given, &VARY);
        let covered = ["Accept", "accept, origin", "Origin,  ACCEPT", "*"];
        let varies = expected.iter().any(|value| covered.iter().any(|list| value == list));
        // gRPC does not negotiate (its answers are all of one type).
        if !varies && !rewrite.is_grpc() {
            expected.push(HeaderValue::from_static("Accept"));
        }
        prop_assert_eq!(values(&got, &VARY), expected);
    }
}

#[test]
fn a_wait_that_the_response_tells_already_is_kept() {
    for rewrite in Rewrite::ALL {
        let given = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("77"))]);
        let got = through_the_envelope(503, rewrite, &given);
        assert_eq!(values(&got, &RETRY_AFTER), ["77"], "{rewrite:?}");
    }
}

fn rewrite() -> impl Strategy<Value = Rewrite> {
    prop::sample::select(Rewrite::ALL.to_vec())
}

/// Any headers: names that are made up, names that mean something here, and all of the
/// representation list.
fn headers() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let known = [
        "allow",
        "www-authenticate",
        "retry-after",
        "ratelimit",
        "set-cookie",
        "location",
        "link",
        "access-control-allow-origin",
        "strict-transport-security",
        "content-language",
        "content-digest",
        "repr-digest",
        "trailer",
        "etag",
        "last-modified",
        "accept-ranges",
        "content-range",
        "content-length",
        "x-request-id",
    ];
    let name = prop_oneof![
        prop::sample::select(known.to_vec()).prop_map(str::to_owned),
        "[a-z0-9!#$%&'*+.^_`|~-]{1,20}",
    ];
    // RFC 9110, section 5.5: visible characters, spaces inside, and obs-text.
    let value = vec(prop_oneof![0x21_u8..=0x7e, Just(b' '), 0x80_u8..=0xff], 0..20);
    let any = (name, value);
    let cache = ["no-cache", "private, max-age=5"];
    let cache = prop::sample::select(cache.to_vec()).prop_map(|value| ("cache-control", value));
    let lists = ["Accept", "accept, origin", "Origin,  ACCEPT", "*", "Origin", "Accept-Language"];
    let vary = prop::sample::select(lists.to_vec()).prop_map(|value| ("vary", value));
    let ruled = prop_oneof![cache, vary]
        .prop_map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    vec(prop_oneof![8 => any, 2 => ruled], 0..24)
}

/// The headers of the inner response, which must not keep it from being rewritten.
fn given(rewrite: Rewrite, headers: Vec<(String, Vec<u8>)>) -> HeaderMap {
    let mut given = HeaderMap::new();
    for (name, value) in headers {
        given.append(
            HeaderName::try_from(name).unwrap(),
            HeaderValue::from_bytes(value.trim_ascii()).unwrap(),
        );
    }
    match rewrite {
        Rewrite::Text => given.insert("content-type", HeaderValue::from_static("text/plain")),
        Rewrite::ReportAsProblem | Rewrite::ReportForGrpc => {
            given.insert("content-encoding", HeaderValue::from_static("br"))
        }
        Rewrite::Bare | Rewrite::BareForGrpc => {
            given.insert("content-encoding", HeaderValue::from_static("identity"))
        }
    };
    given
}

fn through_the_envelope(status: u16, rewrite: Rewrite, given: &HeaderMap) -> HeaderMap {
    let service = envelope().layer(strict_fn(|_: Request<Full<Bytes>>| async {
        let text = if matches!(rewrite, Rewrite::Text) { "short" } else { "" };
        let mut response: Response<Full<Bytes>> = response(status, &[], text);
        *response.headers_mut() = given.clone();
        if rewrite.has_report() {
            let report = ErrorReport::new(
                StatusCode::from_u16(status).unwrap(),
                Code::from_static("REPORTED"),
                "Reported",
            );
            let wait = std::time::Duration::from_secs(3);
            response.extensions_mut().insert(Arc::new(report.with_retry_after(wait)));
        }
        Ok::<_, Infallible>(response)
    }));
    let request = match rewrite {
        Rewrite::Bare | Rewrite::Text => get(&[("x-request-id", ID)]),
        Rewrite::ReportAsProblem => {
            get(&[("x-request-id", ID), ("accept", "application/problem+json")])
        }
        Rewrite::BareForGrpc | Rewrite::ReportForGrpc => grpc(&[("x-request-id", ID)]),
    };
    let response = now(service.oneshot(request)).unwrap();
    response.into_parts().0.headers
}

/// Headers that have a rule of their own.
fn is_touched(name: &HeaderName) -> bool {
    let ruled = ["vary", "cache-control", "x-request-id", "grpc-status", "grpc-message"];
    REPRESENTATION.contains(&name.as_str()) || ruled.contains(&name.as_str())
}

fn values(headers: &HeaderMap, name: &HeaderName) -> Vec<HeaderValue> {
    headers.get_all(name).iter().cloned().collect()
}
