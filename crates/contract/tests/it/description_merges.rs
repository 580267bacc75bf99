use bartizan_contract::{
    Code, Content, Description, ErrorCase, Header, Parameter, ParameterLocation, RequestBody,
    ResponseSpec, Schema,
};
use http::{HeaderName, StatusCode};
use serde_json::json;

fn schema(kind: &str) -> Schema {
    Schema::inline(json!({ "type": kind }))
}

fn header(name: &'static str, words: &'static str) -> Header {
    Header::new(HeaderName::from_static(name), words, schema("string"))
}

/// Names and words of a response's headers.
fn headers(response: &ResponseSpec) -> Vec<(&str, &str)> {
    response.headers().iter().map(|known| (known.name().as_str(), known.description())).collect()
}

fn media_types(response: &ResponseSpec) -> Vec<&str> {
    response.contents().iter().map(Content::media_type).collect()
}

#[test]
fn parameters_by_place_and_name_and_the_first_stands() {
    let mut description = Description::new();
    let query = |words| Parameter::new(ParameterLocation::Query, "id", words, schema("string"));
    description.add_parameter(query("first"));
    description.add_parameter(query("second").required());
    description.add_parameter(Parameter::new(ParameterLocation::Path, "id", "", schema("string")));
    let shown: Vec<_> = description
        .parameters()
        .iter()
        .map(|known| (known.location().as_str(), known.description(), known.is_required()))
        .collect();
    assert_eq!(shown, [("query", "first", false), ("path", "", true)]);
    assert!(description.parameter(ParameterLocation::Header, "id").is_none());
    assert_eq!(ParameterLocation::Header.as_str(), "header");
    assert_eq!(ParameterLocation::Cookie.as_str(), "cookie");
}

#[test]
fn responses_of_one_key_and_the_first_words_stand() {
    let mut description = Description::new();
    let text = Content::new("text/plain", schema("string"));
    description.add_response(
        ResponseSpec::new(StatusCode::OK, "first")
            .with_header(header("etag", "first"))
            .with_content(text.clone()),
    );
    description.add_response(ResponseSpec::new(StatusCode::CREATED, "made"));
    description.add_response(
        ResponseSpec::new(StatusCode::OK, "second")
            .with_header(header("etag", "second"))
            .with_header(header("age", "added"))
            .with_content(text)
            .with_content(Content::json(schema("object"))),
    );
    assert_eq!(description.responses().len(), 2);
    let ok = description.response(StatusCode::OK).unwrap();
    assert_eq!(ok.description(), "first");
    assert_eq!(headers(ok), [("etag", "first"), ("age", "added")]);
    assert_eq!(media_types(ok), ["text/plain", "application/json"]);
    assert!(description.response(StatusCode::ACCEPTED).is_none());
}

#[test]
fn errors_of_one_status_with_the_default_body_once() {
    const STATUS: StatusCode = StatusCode::TOO_MANY_REQUESTS;
    let quota = ErrorCase::new(STATUS, Code::from_static("QUOTA_EXHAUSTED"), "Quota exhausted");
    let burst = ErrorCase::new(STATUS, Code::RATE_LIMIT_EXCEEDED, "Too many requests");
    let mut description = Description::new();
    for case in [quota, burst, quota] {
        description.add_error(case);
    }
    let response = description.response(STATUS).unwrap();
    assert_eq!(response.description(), "Too Many Requests");
    assert_eq!(response.errors(), [quota, burst]);
    assert_eq!(media_types(response), ["application/json"]);
    assert_eq!(response.contents()[0].schema().name(), Some("ErrorBody"));
}

#[test]
fn several_schemas_of_one_media_type_stay_apart() {
    let response = ResponseSpec::new(StatusCode::OK, "")
        .with_content(Content::json(schema("object")))
        .with_content(Content::json(schema("array")))
        .with_content(Content::json(schema("object")).with_example(json!({})));
    assert_eq!(response.contents().len(), 3);
    assert_eq!(response.contents()[0].example(), None);
    assert_eq!(response.contents()[2].example(), Some(&json!({})));
}

#[test]
fn the_first_request_body_stands() {
    let mut description = Description::new();
    assert_eq!(description.request_body(), None);
    let json = Content::json(Schema::named("Lead", json!({})));
    let form = Content::new("application/x-www-form-urlencoded", schema("object"));
    description.add_request_body(RequestBody::new(json.clone()).or(form).optional());
    description.add_request_body(RequestBody::new(json));
    let body = description.request_body().unwrap();
    assert!(!body.is_required());
    assert_eq!(body.contents()[0].schema().name(), Some("Lead"));
    assert_eq!(body.contents()[1].media_type(), "application/x-www-form-urlencoded");
}
