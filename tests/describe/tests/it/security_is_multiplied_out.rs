use bartizan_contract::{Description, Operation, SecurityRequirement, SecurityScheme};
use bartizan_describe::fragment;
use http::Method;
use serde_json::{Value, json};

fn scheme(name: &'static str) -> SecurityScheme {
    SecurityScheme::new(name, json!({ "type": "apiKey", "in": "header", "name": name }))
}

fn demand(name: &'static str) -> SecurityRequirement {
    SecurityRequirement::new(scheme(name))
}

/// The document of an operation with these requirements.
fn document(requirements: impl IntoIterator<Item = SecurityRequirement>) -> Value {
    let mut description = Description::new();
    requirements.into_iter().for_each(|it| description.add_security(it));
    fragment(&(), &Operation::new(&Method::GET, "/leads", false), description)
}

fn security(requirements: impl IntoIterator<Item = SecurityRequirement>) -> Value {
    document(requirements)["paths"]["/leads"]["get"]["security"].take()
}

#[test]
fn none_for_none() {
    assert_eq!(security([]), json!([]));
}

#[test]
fn one_requirement_as_its_alternatives() {
    let either = demand("key").or(scheme("session")).or_anonymous();
    assert_eq!(security([either]), json!([{ "key": [] }, { "session": [] }, {}]));
}

#[test]
fn several_requirements_as_their_product() {
    let either = demand("key").or(scheme("session"));
    assert_eq!(
        security([either, demand("csrf")]),
        json!([{ "key": [], "csrf": [] }, { "session": [], "csrf": [] }])
    );
}

/// A layer that resolves who it is, under one that wants to know.
#[test]
fn an_anonymous_alternative_adds_nothing_to_what_others_demand() {
    let resolved = demand("key").or_anonymous();
    assert_eq!(security([resolved.clone(), demand("key")]), json!([{ "key": [] }]));
    let optional = demand("csrf").or_anonymous();
    assert_eq!(
        security([resolved, optional]),
        json!([{ "key": [], "csrf": [] }, { "key": [] }, { "csrf": [] }, {}])
    );
}

#[test]
fn the_scopes_of_one_scheme_together() {
    let oauth = |scope| SecurityRequirement::new(scheme("oauth").with_scope(scope));
    assert_eq!(security([oauth("write"), oauth("read")]), json!([{ "oauth": ["read", "write"] }]));
}

#[test]
fn every_scheme_among_the_components() {
    let document = document([demand("key").or(scheme("session")), demand("csrf")]);
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes.keys().collect::<Vec<_>>(), ["csrf", "key", "session"]);
}
