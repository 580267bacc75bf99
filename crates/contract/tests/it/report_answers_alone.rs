use std::sync::Arc;
use std::time::Duration;

use bartizan_contract::{Code, Details, ErrorReport, GrpcCode, LogLevel, Reply};
use bytes::Bytes;
use http::StatusCode;
use http_body::Body as _;
use http_body_util::Full;

use crate::support::{lines, text};

const CODE: Code = Code::from_static("QUOTA_EXHAUSTED");
const BODY: &str =
    r#"{"success":false,"error":{"message":"Quota exhausted","code":"QUOTA_EXHAUSTED","limit":2}}"#;

fn report() -> ErrorReport {
    ErrorReport::new(StatusCode::TOO_MANY_REQUESTS, CODE, "Quota exhausted")
        .with_details(Details::none().with("limit", 2))
}

#[tokio::test]
async fn with_status_headers_body_and_itself() {
    let response = report()
        .with_retry_after(Duration::from_millis(1_200))
        .into_response::<Full<Bytes>>(Reply::Json);
    assert_eq!(response.status(), 429);
    assert_eq!(BODY.len(), 90);
    assert_eq!(
        lines(response.headers()),
        [
            "cache-control: no-store",
            "content-length: 90",
            "content-type: application/json",
            "retry-after: 2",
        ]
    );
    let told = response.extensions().get::<Arc<ErrorReport>>().unwrap();
    assert_eq!((told.code(), told.retry_after()), (CODE, Some(Duration::from_millis(1_200))));
    assert_eq!(response.body().size_hint().exact(), Some(90));
    assert_eq!(text(response).await, BODY);
}

#[tokio::test]
async fn to_head_with_the_same_headers_and_no_body() {
    let response = report().into_response::<Full<Bytes>>(Reply::JsonHeadersOnly);
    assert_eq!(response.status(), 429);
    assert_eq!(
        lines(response.headers()),
        ["cache-control: no-store", "content-length: 90", "content-type: application/json"]
    );
    assert!(response.extensions().get::<Arc<ErrorReport>>().is_some());
    assert!(response.body().is_end_stream());
    assert_eq!(text(response).await, "");
}

#[test]
fn with_the_shared_report_and_no_copy_of_it() {
    let shared = Arc::new(report());
    let response = ErrorReport::respond::<Full<Bytes>>(Arc::clone(&shared), Reply::Json);
    let told = response.extensions().get::<Arc<ErrorReport>>().unwrap();
    assert!(Arc::ptr_eq(told, &shared));
}

#[test]
fn with_whole_seconds_to_wait_rounded_up_and_at_least_1() {
    let seconds = [
        (Duration::ZERO, "1"),
        (Duration::from_nanos(1), "1"),
        (Duration::from_millis(999), "1"),
        (Duration::from_secs(1), "1"),
        (Duration::new(1, 1), "2"),
        (Duration::from_millis(59_001), "60"),
        (Duration::from_secs(86_400), "86400"),
        (Duration::from_secs(u64::MAX), "18446744073709551615"),
        (Duration::MAX, "18446744073709551615"),
    ];
    for (wait, header) in seconds {
        let report = report().with_retry_after(wait);
        assert_eq!(report.retry_after_header().unwrap(), header, "{wait:?}");
        let response = report.into_response::<Full<Bytes>>(Reply::Json);
        assert_eq!(response.headers()["retry-after"], header, "{wait:?}");
    }
    assert_eq!(report().retry_after_header(), None);
}

#[tokio::test]
async fn from_a_bare_status() {
    let report = ErrorReport::from_status(StatusCode::IM_A_TEAPOT);
    assert_eq!((report.code(), report.message()), (Code::BAD_REQUEST, "The request was refused"));
    let response = report.into_response::<Full<Bytes>>(Reply::Json);
    assert_eq!(response.status(), 418);
    assert_eq!(
        text(response).await,
        r#"{"success":false,"error":{"message":"The request was refused","code":"BAD_REQUEST"}}"#
    );
    let report = ErrorReport::from_status(StatusCode::HTTP_VERSION_NOT_SUPPORTED);
    assert_eq!((report.code(), report.message()), (Code::INTERNAL_ERROR, "Internal server error"));
}

#[test]
fn with_every_part_replaceable() {
    let report = report()
        .with_code(Code::CONFLICT)
        .with_message(String::from("Mine"))
        .with_details(Details::none())
        .with_log_level(LogLevel::Off);
    assert_eq!(report.status(), 429);
    assert_eq!(report.code(), Code::CONFLICT);
    assert_eq!(report.message(), "Mine");
    assert!(report.details().is_empty());
    assert_eq!(report.log_level(), LogLevel::Off);
    assert_eq!(report.grpc_code(), GrpcCode::ResourceExhausted);
}

#[test]
fn logged_as_an_error_from_500_and_for_debugging_below() {
    for (status, level) in [
        (400, LogLevel::Debug),
        (499, LogLevel::Debug),
        (500, LogLevel::Error),
        (599, LogLevel::Error),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(ErrorReport::from_status(status).log_level(), level, "{status}");
    }
    assert!(LogLevel::Off < LogLevel::Debug && LogLevel::Warn < LogLevel::Error);
}
