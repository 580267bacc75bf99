use bartizan_contract::{
    Code, Content, Description, ErrorCase, Header, Parameter, ParameterLocation, RequestBody,
    ResponseSelector, ResponseSpec, Schema, SecurityScheme,
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
fn responses_of_one_status_and_the_first_words_stand() {
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
fn selectors_choose_by_status() {
    use ResponseSelector::{All, Errors, Status, Successes};
    let chosen = |selector: ResponseSelector| {
        let statuses = [100, 200, 304, 399, 400, 404, 500, 599];
        let matches = |status: &u16| selector.matches(StatusCode::from_u16(*status).unwrap());
        statuses.into_iter().filter(matches).collect::<Vec<_>>()
    };
    assert_eq!(chosen(All), [100, 200, 304, 399, 400, 404, 500, 599]);
    assert_eq!(chosen(Successes), [100, 200, 304, 399]);
    assert_eq!(chosen(Errors), [400, 404, 500, 599]);
    assert_eq!(chosen(Status(StatusCode::NOT_FOUND)), [404]);
}

#[test]
fn selected_headers_reach_responses_described_before_and_after() {
    let mut description = Description::new();
    description.add_response(ResponseSpec::new(StatusCode::NOT_FOUND, ""));
    description.add_header(ResponseSelector::All, header("x-request-id", "all"));
    description.add_header(ResponseSelector::Errors, header("x-error", "errors"));
    let own = ResponseSpec::new(StatusCode::OK, "").with_header(header("x-request-id", "own"));
    description.add_response(own);

    let resolved = description.resolved_responses();
    assert_eq!(resolved[0].status(), 200);
    assert_eq!(headers(&resolved[0]), [("x-request-id", "own")]);
    assert_eq!(resolved[1].status(), 404);
    assert_eq!(headers(&resolved[1]), [("x-request-id", "all"), ("x-error", "errors")]);
    // The unresolved ones stay as they were added.
    assert_eq!(description.responses()[0].status(), 404);
    assert!(description.responses()[0].headers().is_empty());
}

#[test]
fn selected_contents_reach_only_responses_that_have_one() {
    let mut description = Description::new();
    let problem = Content::new("application/problem+json", schema("object"));
    description.add_content(ResponseSelector::Errors, problem.clone());
    description.add_response(ResponseSpec::new(StatusCode::NOT_FOUND, ""));
    let with_one = |status| ResponseSpec::new(status, "").with_content(Content::json(schema("x")));
    description.add_response(with_one(StatusCode::CONFLICT));
    description.add_response(with_one(StatusCode::OK));
    description.add_content(ResponseSelector::Errors, problem);

    let resolved = description.resolved_responses();
    let shown: Vec<_> =
        resolved.iter().map(|known| (known.status().as_u16(), media_types(known))).collect();
    assert_eq!(
        shown,
        [
            (200, vec!["application/json"]),
            (404, vec![]),
            (409, vec!["application/json", "application/problem+json"]),
        ]
    );
}

#[test]
fn security_schemes_once_each() {
    let key = || SecurityScheme::new("key", json!({ "type": "apiKey" }));
    let mut description = Description::new();
    description.add_security(key());
    description.add_security(key());
    description.add_security(key().with_scope("read"));
    let shown: Vec<_> =
        description.security().iter().map(|known| (known.name(), known.scopes())).collect();
    assert_eq!(shown, [("key", &[][..]), ("key", &["read".into()][..])]);
    assert_eq!(description.security()[0].scheme(), &json!({ "type": "apiKey" }));
}

#[test]
fn the_last_request_body_stands() {
    let mut description = Description::new();
    assert_eq!(description.request_body(), None);
    let json = Content::json(Schema::named("Lead", json!({})));
    description.set_request_body(RequestBody::new(json.clone()));
    let form = Content::new("application/x-www-form-urlencoded", schema("object"));
    description.set_request_body(RequestBody::new(json).or(form).optional());
    let body = description.request_body().unwrap();
    assert!(!body.is_required());
    assert_eq!(body.contents()[0].schema().name(), Some("Lead"));
    assert_eq!(body.contents()[1].media_type(), "application/x-www-form-urlencoded");
}
