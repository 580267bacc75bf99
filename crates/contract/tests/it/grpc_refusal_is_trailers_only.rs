use std::sync::Arc;
use std::time::Duration;

use bartizan_contract::{Code, Details, ErrorReport, Reply};
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::Body as _;
use http_body_util::Full;

use crate::support::{Body, lines, text};

fn refuse(message: &str, wait: Option<Duration>) -> Response<Body> {
    let code = Code::from_static("QUOTA_EXHAUSTED");
    let report = ErrorReport::new(StatusCode::TOO_MANY_REQUESTS, code, message.to_owned())
        .with_details(Details::none().with("limit", 2));
    let report = match wait {
        Some(wait) => report.with_retry_after(wait),
        None => report,
    };
    report.into_response::<Full<Bytes>>(Reply::GrpcTrailersOnly)
}

fn message(text: &str) -> String {
    refuse(text, None).headers()["grpc-message"].to_str().unwrap().to_owned()
}

/// The gRPC protocol: `Trailers-Only → HTTP-Status Content-Type Trailers`, with HTTP status 200.
#[tokio::test]
async fn with_status_200_the_headers_of_a_trailer_and_no_body() {
    let response = refuse("Quota exhausted", None);
    assert_eq!(response.status(), 200);
    assert_eq!(
        lines(response.headers()),
        [
            "cache-control: no-store",
            "content-type: application/grpc",
            "grpc-message: Quota exhausted",
            "grpc-status: 8",
        ]
    );
    let told = response.extensions().get::<Arc<ErrorReport>>().unwrap();
    assert_eq!(told.status(), 429);
    // HTTP/2 servers then end the stream with the headers frame.
    assert!(response.body().is_end_stream());
    assert_eq!(text(response).await, "");
}

/// `Percent-Byte-Unencoded → 1*( %x20-%x24 / %x26-%x7E )`, everything else as `%` and two digits.
#[test]
fn encodes_every_byte_outside_of_space_to_tilde_and_the_percent_sign() {
    for byte in 0..=0x7f_u8 {
        let text = format!("a{}b", char::from(byte));
        let encoded = match byte {
            b'%' => "a%25b".to_owned(),
            0x20..=0x7e => text.clone(),
            _ => format!("a%{byte:02X}b"),
        };
        assert_eq!(message(&text), encoded, "{byte:#x}");
    }
}

#[test]
fn encodes_utf_8_byte_by_byte() {
    assert_eq!(message("Gr\u{fc}\u{df}e"), "Gr%C3%BC%C3%9Fe");
    assert_eq!(message("\u{20ac}5"), "%E2%82%AC5");
    assert_eq!(message("\u{1f980}"), "%F0%9F%A6%80");
    assert_eq!(message("50%"), "50%25");
    assert_eq!(message("%41"), "%2541");
    assert_eq!(message("a\r\ngrpc-status: 0"), "a%0D%0Agrpc-status: 0");
    assert_eq!(message(""), "");
}

/// RFC 9113, section 8.2.1: a field value that starts or ends with a space is malformed. gRPC
/// lets any byte be encoded.
#[test]
fn encodes_spaces_at_either_end() {
    assert_eq!(message(" a b "), "%20a b%20");
    assert_eq!(message("  "), "%20%20");
}

/// gRFC A6: `grpc-retry-pushback-ms` is a signed 32-bit integer in ASCII; clients read anything
/// else as "never retry".
#[test]
fn says_in_milliseconds_when_to_come_back() {
    let milliseconds = [
        (Duration::ZERO, "0"),
        (Duration::from_nanos(1), "1"),
        (Duration::from_micros(1_500), "2"),
        (Duration::from_millis(1_200), "1200"),
        (Duration::from_secs(60), "60000"),
        (Duration::from_millis(2_147_483_647), "2147483647"),
        (Duration::from_millis(2_147_483_648), "2147483647"),
        (Duration::MAX, "2147483647"),
    ];
    for (wait, pushback) in milliseconds {
        let response = refuse("m", Some(wait));
        assert_eq!(response.headers()["grpc-retry-pushback-ms"], pushback, "{wait:?}");
    }
    assert!(!refuse("m", None).headers().contains_key("grpc-retry-pushback-ms"));
}
