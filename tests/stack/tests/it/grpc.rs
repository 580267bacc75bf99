//! What a gRPC client of another maker sees of answers that the layers make.

mod codec;
mod server;
mod service;

use tonic::{Code, Status, Streaming};

use server::{bare, behind_axum, layered};
use service::WORDS;

const ECHO: &str = "/test.Lists/Echo";
const REPORT: &str = "/test.Lists/Report";
/// Enough for every call of a test.
const PLENTY: u32 = 100;

/// The value of a metadata field, or nothing.
fn field<'a>(metadata: &'a tonic::metadata::MetadataMap, name: &str) -> &'a str {
    metadata.get(name).map_or("", |value| value.to_str().unwrap())
}

/// The messages of a stream until its end or its error.
async fn collect(stream: &mut Streaming<String>) -> (Vec<String>, Option<Status>) {
    let mut messages = Vec::new();
    loop {
        match stream.message().await {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, None),
            Err(status) => return (messages, Some(status)),
        }
    }
}

#[tokio::test]
async fn a_refusal_is_resource_exhausted_with_its_message_and_its_wait() {
    for mut client in layered(0).await {
        let status = client.unary(ECHO, "hello").await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{}", client.name);
        assert_eq!(status.message(), "Quota exhausted");
        assert_eq!(field(status.metadata(), "grpc-retry-pushback-ms"), "1500");
        assert_eq!(field(status.metadata(), "retry-after"), "2");
        assert_eq!(field(status.metadata(), "x-request-id"), "r-1");
    }
}

#[tokio::test]
async fn a_refusal_of_a_stream_is_the_same() {
    for mut client in layered(0).await {
        let status = client.stream("3").await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{}", client.name);
        assert_eq!(status.message(), "Quota exhausted");
    }
}

#[tokio::test]
async fn the_connection_lives_on_after_a_refusal_and_a_panic() {
    for mut client in layered(2).await {
        assert_eq!(client.unary(ECHO, "panic").await.unwrap_err().code(), Code::Internal);
        assert_eq!(client.unary(ECHO, "hello").await.unwrap().into_inner(), "hello");
        let status = client.unary(ECHO, "hello").await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{}", client.name);
    }
}

#[tokio::test]
async fn a_report_keeps_its_words_whatever_they_are() {
    for mut client in layered(PLENTY).await {
        let status = client.unary(REPORT, "").await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::NotFound, WORDS), "{}", client.name);
    }
}

#[tokio::test]
async fn a_panic_is_internal_and_keeps_its_secret() {
    for mut client in layered(PLENTY).await {
        let status = client.unary(ECHO, "panic").await.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{}", client.name);
        assert_eq!(status.message(), "Internal server error");
        assert_eq!(field(status.metadata(), "x-request-id"), "r-1");
        assert!(!format!("{status:?}").contains("secret"), "{status:?}");
    }
}

#[tokio::test]
async fn a_panic_amid_a_stream_is_internal_after_what_was_sent() {
    for mut client in layered(PLENTY).await {
        let mut stream = client.stream("panic").await.unwrap().into_inner();
        let (messages, status) = collect(&mut stream).await;
        assert_eq!(messages, ["1", "2"], "{}", client.name);
        let status = status.unwrap();
        assert_eq!(status.code(), Code::Internal);
        assert!(!format!("{status:?}").contains("secret"), "{status:?}");
    }
}

#[tokio::test]
async fn a_call_that_succeeds_passes_as_without_layers() {
    let expected = bare().await.unary(ECHO, "hello").await.unwrap();
    assert_eq!(expected.get_ref(), "hello");
    assert_eq!(field(expected.metadata(), "x-own"), "head");
    assert_eq!(field(expected.metadata(), "x-own-trailer"), "tail");
    for mut client in layered(PLENTY).await {
        let mut response = client.unary(ECHO, "hello").await.unwrap();
        assert_eq!(response.get_ref(), expected.get_ref(), "{}", client.name);
        assert_eq!(response.metadata_mut().remove("x-request-id").unwrap(), "r-1");
        for metadata in [expected.metadata(), response.metadata()] {
            assert_eq!(field(metadata, "grpc-status"), "0");
        }
        assert_eq!(without_date(response.metadata()), without_date(expected.metadata()));
    }
}

/// The servers add the time of day.
fn without_date(metadata: &tonic::metadata::MetadataMap) -> http::HeaderMap {
    let mut headers = metadata.clone().into_headers();
    headers.remove("date");
    headers
}

#[tokio::test]
async fn a_stream_that_succeeds_passes_with_its_trailers() {
    for mut client in layered(PLENTY).await {
        let mut stream = client.stream("3").await.unwrap().into_inner();
        let (messages, status) = collect(&mut stream).await;
        assert_eq!(messages, ["1", "2", "3"], "{}", client.name);
        assert!(status.is_none(), "{status:?}");
        let trailers = stream.trailers().await.unwrap().unwrap();
        assert_eq!(field(&trailers, "x-own-trailer"), "tail");
    }
}

#[tokio::test]
async fn the_service_keeps_its_own_refusals() {
    for mut client in layered(PLENTY).await {
        let status = client.unary("/test.Lists/Missing", "").await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{}", client.name);
        assert_eq!(status.message(), "no such method");
    }
}

#[tokio::test]
async fn a_route_that_is_not_there_is_unimplemented() {
    let mut client = behind_axum(PLENTY).await;
    let status = client.unary("/test.Nowhere/Echo", "hello").await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(status.message(), "No route matches the request");
    assert_eq!(field(status.metadata(), "x-request-id"), "r-1");

    let [mut behind_tonic, _] = layered(PLENTY).await;
    let status = behind_tonic.unary("/test.Nowhere/Echo", "hello").await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}
