//! What the layer adds to the description of operations, and that it is true.

use bartizan_contract::{Describe, Description, ErrorCase, Operation, ResponseKey, ResponseSpec};
use bartizan_ratelimit_tiers::wire::{DraftVersion, HeaderForms, ResetFormat};
use bartizan_ratelimit_tiers::{
    Class, Limits, MemoryStore, Outage, RateLimitLayer, Tier, Treatment,
};
use http::{Extensions, Method, StatusCode};

use crate::asking::{Hand, api, free, method, quota, store, tiers};

const X: [&str; 5] = [
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-ratelimit-tier",
    "x-ratelimit-window",
];
const DRAFT: [&str; 2] = ["ratelimit", "ratelimit-policy"];

fn nowhere(_: &Extensions) -> Option<&str> {
    None
}

fn layer(limits: Limits) -> RateLimitLayer<MemoryStore<Hand>> {
    RateLimitLayer::new(store().0, limits.with_route_of(nowhere)).unwrap()
}

/// What an operation that answers 200 looks like behind the layer.
fn described(layer: &RateLimitLayer<MemoryStore<Hand>>, verb: &Method, route: &str) -> Description {
    let mut description = Description::new();
    description.add_response(ResponseSpec::new(StatusCode::OK, "Fine."));
    layer.describe(&Operation::new(verb, route, false), &mut description);
    description
}

fn headers(description: &Description, status: StatusCode) -> Vec<String> {
    let response = description.response(status).unwrap();
    let mut names: Vec<_> =
        response.headers().iter().map(|header| header.name().to_string()).collect();
    names.sort();
    names
}

fn errors(description: &Description, status: StatusCode) -> Vec<(String, String)> {
    let response = description.response(ResponseKey::from(status));
    let case = |case: &ErrorCase| (case.code.to_string(), case.message.to_owned());
    response.map(|response| response.errors().iter().map(case).collect()).unwrap_or_default()
}

fn all() -> Vec<String> {
    [&DRAFT[..], &X[..]].concat().into_iter().map(str::to_owned).collect()
}

#[test]
fn a_covered_operation_tells_its_429_and_the_headers_of_every_answer() {
    let description = described(&layer(api(free(1, 60))), &Method::GET, "/leads");
    assert_eq!(headers(&description, StatusCode::OK), all());
    let mut refused = all();
    refused.insert(2, "retry-after".to_owned());
    assert_eq!(headers(&description, StatusCode::TOO_MANY_REQUESTS), refused);
    assert_eq!(
        errors(&description, StatusCode::TOO_MANY_REQUESTS),
        [("RATE_LIMIT_EXCEEDED".to_owned(), "Rate limit exceeded".to_owned())]
    );
    assert_eq!(description.responses().len(), 2);
}

#[test]
fn an_operation_that_no_class_covers_is_left_alone() {
    let class = Class::new("api").with_method(method("POST")).with_route("/leads");
    let layer = layer(Limits::new(free(1, 60)).with_class(class));
    for (verb, route, covered) in [
        (Method::POST, "/leads", true),
        (Method::GET, "/leads", false),
        (Method::POST, "/lead", false),
    ] {
        let description = described(&layer, &verb, route);
        let is_told = description.response(StatusCode::TOO_MANY_REQUESTS).is_some();
        assert_eq!(is_told, covered, "{verb} {route}");
        assert_eq!(headers(&description, StatusCode::OK).len(), if covered { 7 } else { 0 });
    }
}

#[test]
fn only_the_forms_that_are_written_are_told() {
    for (forms, names) in [
        (HeaderForms::none(), &[][..]),
        (HeaderForms::none().with_x_rate_limit(ResetFormat::default()), &X[..]),
        (HeaderForms::none().with_draft(DraftVersion::default()), &DRAFT[..]),
    ] {
        let description =
            described(&layer(api(free(1, 60)).with_headers(forms)), &Method::GET, "/");
        assert_eq!(headers(&description, StatusCode::OK), names);
        assert!(description.response(StatusCode::TOO_MANY_REQUESTS).is_some());
    }
}

#[test]
fn a_503_is_told_where_a_class_fails_closed_and_a_403_where_callers_may_be_denied() {
    let tiers = || {
        tiers([Tier::new("free").with_quota("api", quota(1, 60)).with_quota("login", quota(1, 60))])
    };
    let limits = || {
        let login = Class::new("login").with_route("/login").with_outage(Outage::FailClosed);
        Limits::new(tiers()).with_class(Class::new("api")).with_class(login)
    };
    let plain = layer(limits());
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    assert!(described(&plain, &Method::GET, "/").response(unavailable).is_none());
    let login = described(&plain, &Method::GET, "/login");
    assert_eq!(
        errors(&login, unavailable),
        [("SERVICE_UNAVAILABLE".to_owned(), "The service is unavailable".to_owned())]
    );
    // Where the store cannot decide, nothing is known of a limit.
    assert_eq!(headers(&login, unavailable), ["retry-after"]);
    assert!(login.response(StatusCode::FORBIDDEN).is_none());

    let denying = layer(limits().with_treatment(|_, _| Treatment::Limit));
    let description = described(&denying, &Method::GET, "/");
    assert_eq!(
        errors(&description, StatusCode::FORBIDDEN),
        [("FORBIDDEN".to_owned(), "Access denied".to_owned())]
    );
    assert!(headers(&description, StatusCode::FORBIDDEN).is_empty());
}

#[test]
fn what_is_in_shadow_is_not_told() {
    let shadow = Limits::new(free(1, 60))
        .with_class(Class::new("api").with_outage(Outage::FailClosed).in_shadow());
    for limits in [shadow, api(free(1, 60)).in_shadow()] {
        let description = described(&layer(limits), &Method::GET, "/");
        assert_eq!(description.responses().len(), 1);
        assert!(headers(&description, StatusCode::OK).is_empty());
    }
}

#[test]
fn the_layer_answers_no_operation_of_its_own() {
    assert!(layer(api(free(1, 60))).own_operations().is_empty());
}
