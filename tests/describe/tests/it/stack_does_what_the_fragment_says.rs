use std::convert::Infallible;

use bartizan_probe::{read, strict_fn};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};

use crate::support::{Layers, document, layers};

/// Sends a request through the layers to the handler of `GET /leads`.
async fn ask(layers: &Layers, path: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
    let handler = strict_fn(|request: Request<()>| async move {
        assert!(!request.headers().contains_key("x-panic"), "as the request wished");
        let mut response = Response::new(Full::new(Bytes::from_static(br#"["Ada"]"#)));
        if request.headers().contains_key("x-conflict") {
            *response.status_mut() = StatusCode::CONFLICT;
            *response.body_mut() = Full::new(Bytes::from_static(br#"{"busy":"import"}"#));
        }
        response.headers_mut().insert("content-type", "application/json".parse().unwrap());
        Ok::<_, Infallible>(response)
    });
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = layers.layer(handler).oneshot(request.body(()).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let Ok((bytes, trailers)) = read(body).await else { panic!("the body failed") };
    assert_eq!(trailers, None);
    Response::from_parts(head, bytes)
}

/// Holds an answer against its description: headers, media type, members and code.
fn assert_described(path: &str, response: &Response<Bytes>) -> Value {
    let document = document();
    let described = &document["paths"][path]["get"]["responses"][response.status().as_str()];
    assert!(described.is_object(), "{path} {} is not described", response.status());
    for name in described["headers"].as_object().unwrap().keys() {
        assert!(response.headers().contains_key(name), "{name} is missing");
    }
    let media_type = response.headers()["content-type"].to_str().unwrap();
    let reference = described["content"][media_type]["schema"]["$ref"].as_str().unwrap();
    let schema = document.pointer(&reference[1..]).unwrap();
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(body.get(name.as_str().unwrap()).is_some(), "{name} is missing in {body}");
    }
    if let Some(code) = body.pointer("/error/code").or(body.get("code")) {
        assert!(described["x-codes"].as_array().unwrap().contains(code), "{code}");
    }
    body
}

#[tokio::test]
async fn lets_through_what_the_budget_allows() {
    let response = ask(&layers(1), "/leads", &[("x-api-key", "k")]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(assert_described("/leads", &response), json!(["Ada"]));
}

#[tokio::test]
async fn refuses_with_429_its_header_and_its_code() {
    let request = [("x-api-key", "k"), ("x-cost", "3"), ("x-request-id", "r-1")];
    let response = ask(&layers(2), "/leads", &request).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["retry-after"], "2");
    assert_eq!(response.headers()["x-request-id"], "r-1");
    assert_eq!(
        assert_described("/leads", &response),
        json!({
            "success": false,
            "error": { "message": "Quota exhausted", "code": "QUOTA_EXHAUSTED", "left": 2 },
        })
    );
}

#[tokio::test]
async fn refuses_in_the_other_representation_too() {
    let request = [("accept", "application/problem+json"), ("x-api-key", "k"), ("x-cost", "3")];
    let response = ask(&layers(2), "/leads", &request).await;
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["retry-after"], "2");
    let body = assert_described("/leads", &response);
    assert_eq!((&body["status"], &body["code"]), (&json!(429), &json!("QUOTA_EXHAUSTED")));
}

#[tokio::test]
async fn leaves_an_error_in_json_of_the_handler_alone() {
    let accept = ("accept", "application/problem+json");
    let response =
        ask(&layers(1), "/leads", &[accept, ("x-api-key", "k"), ("x-conflict", "1")]).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert_eq!(assert_described("/leads", &response), json!({ "busy": "import" }));
    let kinds = &document()["paths"]["/leads"]["get"]["responses"]["409"]["content"];
    assert_eq!(kinds.as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn asks_for_the_key_that_security_names() {
    let response = ask(&layers(1), "/leads", &[]).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let body = assert_described("/leads", &response);
    assert_eq!(body["error"]["code"], "UNAUTHORIZED");
}

#[tokio::test]
async fn answers_a_panic_with_the_described_500() {
    let response = ask(&layers(1), "/leads", &[("x-api-key", "k"), ("x-panic", "1")]).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = assert_described("/leads", &response);
    assert_eq!(body["error"]["code"], "INTERNAL_ERROR");
}

#[tokio::test]
async fn answers_the_own_operation_without_a_key() {
    let layers = layers(0);
    for _ in 0..2 {
        ask(&layers, "/leads", &[("x-api-key", "k")]).await;
    }
    let response = ask(&layers, "/refusals", &[]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(assert_described("/refusals", &response), json!({ "refusals": 2 }));
}
