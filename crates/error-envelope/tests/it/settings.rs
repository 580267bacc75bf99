//! What the layer can be told at build.

use std::convert::Infallible;

use bartizan_contract::{
    Code, Content, Describe, Description, ErrorCase, Operation, ResponseSpec, Schema,
};
use bartizan_error_envelope::{
    ApiError, ClientText, ErrorEnvelopeLayer, RequestIdLayer, matched_path,
};
use bartizan_probe::strict_fn;
use bytes::Bytes;
use http::{Extensions, Method, Request, StatusCode};
use http_body_util::Full;
use tower::Layer;

use crate::support::{Heard, get, hear_from, now, response};

#[test]
fn a_problem_base_is_a_uri_to_which_codes_can_be_appended() {
    for base in ["https://errors.example/", "urn:errors:", "/errors#", "https://e.example/?code="] {
        let layer = ErrorEnvelopeLayer::new().with_problem_base(base).unwrap();
        let heard = ask(&layer, 404, "", &[("accept", "application/problem+json")]);
        let body: serde_json::Value = serde_json::from_slice(&heard.body).unwrap();
        assert_eq!(body["type"], format!("{base}NOT_FOUND"));
    }
}

#[test]
fn another_problem_base_is_refused_with_its_name_and_value() {
    for base in
        ["", "https://errors.example", "https://errors.example/ü/", "a b/", "a\"/", "<a>/", "\n/"]
    {
        let error = ErrorEnvelopeLayer::new().with_problem_base(base).unwrap_err().to_string();
        assert!(error.contains("problem base"), "{error}");
        assert!(error.contains(&format!("{base:?}")), "{error}");
        assert!(error.contains("expected"), "{error}");
    }
}

#[test]
fn the_text_of_a_4xx_is_the_message_unless_it_is_hidden() {
    let shown = ErrorEnvelopeLayer::new();
    let hidden = ErrorEnvelopeLayer::new().with_client_text(ClientText::IsHidden);
    let body = |layer, text| ask(layer, 409, text, &[]).body;
    let taken = r#"{"success":false,"error":{"message":"taken by 7","code":"CONFLICT"}}"#;
    let conflict = r#"{"success":false,"error":{"message":"The request conflicts with the current state","code":"CONFLICT"}}"#;
    assert_eq!(body(&shown, "taken by 7"), taken);
    assert_eq!(body(&shown, " \r\n taken by 7\n"), taken);
    assert_eq!(body(&shown, " \n"), conflict);
    assert_eq!(body(&hidden, "taken by 7"), conflict);
}

/// RFC 9110, section 9.3.2: a hidden text has no part in the length, so that is known.
#[test]
fn a_head_answer_whose_text_is_hidden_tells_its_length() {
    let hidden = ErrorEnvelopeLayer::new().with_client_text(ClientText::IsHidden);
    let service = hidden.layer(strict_fn(async |_: Request<Full<Bytes>>| {
        let headers = [("content-length", "10"), ("content-type", "text/plain")];
        Ok::<_, Infallible>(response(409, &headers, ""))
    }));
    let heard = now(hear_from(service, crate::support::request("HEAD", &[])));
    let expected = ask(&hidden, 409, "taken by 7", &[]).body.len().to_string();
    assert_eq!(heard.header("content-length"), Some(&*expected));
}

#[test]
fn a_404_is_that_of_a_route_only_where_none_matched() {
    #[expect(clippy::unnecessary_wraps, reason = "it is a `RouteOf`")]
    fn matched(_: &Extensions) -> Option<&str> {
        Some("/leads/{id}")
    }
    fn unmatched(_: &Extensions) -> Option<&str> {
        None
    }
    let code = |layer: &ErrorEnvelopeLayer, status, text| {
        let heard = ask(layer, status, text, &[]);
        let body: serde_json::Value = serde_json::from_slice(&heard.body).unwrap();
        body["error"]["code"].as_str().unwrap().to_owned()
    };
    let unknown = ErrorEnvelopeLayer::new();
    assert_eq!(code(&unknown, 404, ""), "NOT_FOUND");
    assert_eq!(code(&unknown.clone().with_route_of(matched), 404, ""), "NOT_FOUND");
    let unmatched = unknown.with_route_of(unmatched);
    assert_eq!(code(&unmatched, 404, ""), "ROUTE_NOT_FOUND");
    assert_eq!(code(&unmatched, 404, "nothing here"), "ROUTE_NOT_FOUND");
    assert_eq!(code(&unmatched, 403, ""), "FORBIDDEN");
    assert_eq!(matched_path(&Extensions::new()), None);
}

/// The codes that the design lists for statuses without words.
#[test]
fn a_bare_status_is_named() {
    for (status, code) in [
        (400, "BAD_REQUEST"),
        (404, "NOT_FOUND"),
        (405, "METHOD_NOT_ALLOWED"),
        (408, "REQUEST_TIMEOUT"),
        (413, "PAYLOAD_TOO_LARGE"),
        (415, "UNSUPPORTED_MEDIA_TYPE"),
        (422, "VALIDATION_FAILED"),
        (429, "RATE_LIMIT_EXCEEDED"),
        (499, "BAD_REQUEST"),
        (500, "INTERNAL_ERROR"),
        (503, "SERVICE_UNAVAILABLE"),
        (504, "GATEWAY_TIMEOUT"),
        (599, "INTERNAL_ERROR"),
        // Not of RFC 9110's five classes, and an error all the same.
        (999, "INTERNAL_ERROR"),
    ] {
        let heard = ask(&ErrorEnvelopeLayer::new(), status, "", &[]);
        let body: serde_json::Value = serde_json::from_slice(&heard.body).unwrap();
        assert_eq!((heard.status, &body["error"]["code"]), (status, &code.into()));
        assert_eq!(body["success"], false);
    }
}

/// What the handler says of itself comes first: leads, and a conflict in its own JSON.
fn described_by(layers: &impl Describe) -> Description {
    let own = || Content::json(Schema::inline(true.into()));
    let mut description = Description::new();
    description.add_response(ResponseSpec::new(StatusCode::OK, "Leads").with_content(own()));
    description.add_response(ResponseSpec::new(StatusCode::CONFLICT, "Taken").with_content(own()));
    let missing = ErrorCase::new(StatusCode::NOT_FOUND, Code::NOT_FOUND, "No such lead");
    description.add_error(missing);
    layers.describe(&Operation::new(&Method::GET, "/leads", false), &mut description);
    description
}

/// Each status with its media types and headers.
fn shown(description: &Description) -> Vec<(String, Vec<&str>, Vec<&str>)> {
    let mut all = Vec::new();
    for response in description.responses() {
        let kinds = response.contents().iter().map(Content::media_type).collect();
        let headers = response.headers().iter().map(|known| known.name().as_str()).collect();
        all.push((response.key().to_string(), kinds, headers));
    }
    all
}

#[test]
fn the_envelope_describes_what_it_adds_to_errors_that_are_reported() {
    let description = described_by(&ErrorEnvelopeLayer::new());
    let failure = description.response(StatusCode::INTERNAL_SERVER_ERROR).unwrap();
    assert_eq!(failure.errors().len(), 1);
    assert_eq!(failure.errors()[0].code.as_str(), "INTERNAL_ERROR");
    let problem = "application/problem+json";
    let (own, reported) = (vec!["application/json"], vec!["application/json", problem]);
    let id = vec!["x-request-id"];
    let expected = [
        ("200", own.clone(), vec![]),
        ("404", reported.clone(), id.clone()),
        ("409", own, vec![]),
        ("500", reported, id),
    ];
    let expected = expected.map(|(key, kinds, headers)| (key.to_owned(), kinds, headers));
    assert_eq!(shown(&description), expected);
    let schema = failure.contents()[1].schema().json();
    assert_eq!(schema["properties"]["code"]["pattern"], Code::PATTERN);
}

#[test]
fn the_request_id_layer_describes_its_header_on_every_response() {
    let description = described_by(&(RequestIdLayer::new(), ErrorEnvelopeLayer::new()));
    assert_eq!(description.responses().len(), 4);
    for (key, _, headers) in shown(&description) {
        assert_eq!(headers, ["x-request-id"], "{key}");
    }
}

fn ask(
    layer: &ErrorEnvelopeLayer,
    status: u16,
    text: &'static str,
    headers: &[(&str, &str)],
) -> Heard {
    let service = layer.layer(strict_fn(async |_: Request<Full<Bytes>>| {
        Ok::<_, Infallible>(response(status, &[], text))
    }));
    now(hear_from(service, get(headers)))
}

#[test]
fn what_a_mapped_type_reports_stands_on_every_operation() {
    let description = described_by(&ErrorEnvelopeLayer::new().map_api_error::<Mapped>());
    let response = description.response(StatusCode::CONFLICT).unwrap();
    assert_eq!(response.errors()[0].code.as_str(), "LEAD_TAKEN");
    assert!(response.contents().iter().any(|it| it.media_type() == "application/problem+json"));
}

#[derive(Debug, ApiError)]
enum Mapped {
    #[expect(dead_code, reason = "only its catalogue is read")]
    #[api(status = 409, code = "LEAD_TAKEN")]
    Taken,
}

impl std::fmt::Display for Mapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("taken")
    }
}

impl std::error::Error for Mapped {}
