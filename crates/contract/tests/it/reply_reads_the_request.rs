use bartizan_contract::Reply;
use http::{HeaderMap, HeaderValue, Method, Request};

fn reply(method: &Method, content_type: &'static str) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static(content_type));
    Reply::for_head(method, &headers)
}

/// The gRPC protocol: `"application/grpc" [("+proto" / "+json" / {custom})]`, as any media type
/// without regard to case and with parameters.
#[test]
fn is_grpc_for_a_post_of_its_content_types() {
    for content_type in [
        "application/grpc",
        "application/grpc+proto",
        "application/grpc+json",
        "application/grpc;charset=utf-8",
        "application/grpc ; charset=utf-8",
        "APPLICATION/GRPC",
        "Application/gRPC+Proto",
    ] {
        assert_eq!(reply(&Method::POST, content_type), Reply::GrpcTrailersOnly, "{content_type}");
    }
}

#[test]
fn is_json_for_what_only_looks_like_grpc() {
    for content_type in [
        "application/grpc-web",
        "application/grpc-web+proto",
        "application/grpc-web-text",
        "application/grpcx",
        "application/grp",
        "text/application/grpc",
        "application/json",
        "",
    ] {
        assert_eq!(reply(&Method::POST, content_type), Reply::Json, "{content_type}");
    }
    assert_eq!(Reply::for_head(&Method::POST, &HeaderMap::new()), Reply::Json);
}

#[test]
fn is_json_for_a_content_type_that_is_not_text() {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_bytes(b"application/\xff").unwrap());
    assert_eq!(Reply::for_head(&Method::POST, &headers), Reply::Json);
}

/// gRPC requests are POST; `HEAD` never has a body in its answer, whatever it claims to be.
#[test]
fn depends_on_the_method() {
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
        assert_eq!(reply(&method, "application/grpc"), Reply::Json, "{method}");
        assert_eq!(reply(&method, "application/json"), Reply::Json, "{method}");
    }
    assert_eq!(reply(&Method::HEAD, "application/grpc"), Reply::JsonHeadersOnly);
    assert_eq!(reply(&Method::HEAD, "application/json"), Reply::JsonHeadersOnly);
}

#[test]
fn is_read_from_a_whole_request() {
    let of = |method: Method| {
        let request = Request::builder().method(method).header("content-type", "application/grpc");
        Reply::for_request(&request.body(()).unwrap())
    };
    assert_eq!(of(Method::POST), Reply::GrpcTrailersOnly);
    assert_eq!(of(Method::GET), Reply::Json);
    assert_eq!(of(Method::HEAD), Reply::JsonHeadersOnly);
}
