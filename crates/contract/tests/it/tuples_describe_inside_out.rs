use std::sync::Arc;

use bartizan_contract::{
    Describe, Description, Header, Operation, OwnOperation, Parameter, ParameterLocation,
    RequestBody, ResponseSelector, ResponseSpec, Schema,
};
use http::{HeaderName, Method, StatusCode};
use serde_json::json;

/// Adds a parameter of its name, and a header to the responses that it finds there.
struct Marks(&'static str);

/// Answers `GET` of its route itself.
struct Answers(&'static str);

impl Describe for Marks {
    fn describe(&self, operation: &Operation<'_>, description: &mut Description) {
        let seen = description.parameters().len();
        let place = ParameterLocation::Query;
        let words = format!("{} {} {seen}", operation.method, operation.route);
        description.add_parameter(Parameter::new(place, self.0, words, any()));
        let name = HeaderName::from_static(self.0);
        description.add_header(ResponseSelector::All, Header::new(name, "", any()));
    }
}

impl Describe for Answers {
    fn describe(&self, _: &Operation<'_>, _: &mut Description) {}

    fn own_operations(&self) -> Vec<OwnOperation> {
        let mut description = Description::new();
        description.add_response(ResponseSpec::new(StatusCode::OK, "alive"));
        vec![OwnOperation::new(Method::GET, self.0, "Tells", description).with_tag("ops")]
    }
}

fn any() -> Schema {
    Schema::inline(json!(true))
}

fn parameters(description: &Description) -> Vec<(&str, &str)> {
    description.parameters().iter().map(|known| (known.name(), known.description())).collect()
}

/// The parameters that layers give to `POST /a`.
fn described(layers: &impl Describe) -> Description {
    let mut description = Description::new();
    layers.describe(&Operation::new(&Method::POST, "/a", true), &mut description);
    description
}

#[test]
fn innermost_first_so_that_outer_layers_see_what_is_there() {
    let description = described(&(Marks("outer"), Marks("middle"), Marks("inner")));
    assert_eq!(
        parameters(&description),
        [("inner", "POST /a 0"), ("middle", "POST /a 1"), ("outer", "POST /a 2")]
    );
}

#[test]
fn nested_tuples_as_one_flat_tuple() {
    let flat = described(&(Marks("a"), Marks("b"), Marks("c"), Marks("d")));
    let nested = described(&((Marks("a"), (Marks("b"),)), (), (Marks("c"), &Marks("d"))));
    assert_eq!(flat, nested);
}

#[test]
fn nothing_at_all_for_no_layer() {
    assert_eq!(described(&()), Description::new());
    assert_eq!(described(&tower_layer::Identity::new()), Description::new());
    assert!(().own_operations().is_empty());
}

#[test]
fn sixteen_layers_and_more_by_nesting() {
    let m = || Marks("m");
    let sixteen = (
        Marks("first"),
        m(),
        m(),
        m(),
        m(),
        m(),
        m(),
        m(),
        m(),
        m(),
        m(),
        m(),
        m(),
        m(),
        m(),
        Marks("last"),
    );
    let description = described(&(Marks("outside"), sixteen));
    let names: Vec<_> = parameters(&description).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["last", "m", "first", "outside"]);
}

#[test]
fn own_operations_covered_by_the_layers_outside_only() {
    let layers =
        (Marks("outermost"), Answers("/live"), Marks("between"), Answers("/ready"), Marks("inner"));
    let own = layers.own_operations();
    let shown: Vec<_> = own
        .iter()
        .map(|own| (own.method().as_str(), own.route(), parameters(own.description())))
        .collect();
    assert_eq!(
        shown,
        [
            ("GET", "/ready", vec![("between", "GET /ready 0"), ("outermost", "GET /ready 1")]),
            ("GET", "/live", vec![("outermost", "GET /live 0")]),
        ]
    );
    let response = &own[0].description().responses()[0];
    let headers: Vec<_> = response.headers().iter().map(|known| known.name().as_str()).collect();
    assert_eq!(headers, ["between", "outermost"]);
    assert_eq!((own[0].summary(), own[0].tag()), ("Tells", Some("ops")));
}

#[test]
fn own_operations_of_nested_tuples_as_of_one_flat_tuple() {
    let flat = (Marks("a"), Answers("/one"), Marks("b"), Answers("/two")).own_operations();
    let nested = (Marks("a"), (Answers("/one"), Marks("b")), (&Answers("/two"),)).own_operations();
    assert_eq!(flat, nested);
}

#[test]
fn layers_behind_pointers_as_the_layers_themselves() {
    let shared: Arc<dyn Describe> = Arc::new((Answers("/one"), Marks("b")));
    let boxed: Box<dyn Describe> = Box::new(Answers("/two"));
    let behind = (Arc::new(Marks("a")), (shared, &boxed));
    let plain = (Marks("a"), Answers("/one"), Marks("b"), Answers("/two"));
    assert_eq!(described(&behind), described(&plain));
    assert_eq!(behind.own_operations(), plain.own_operations());
}

/// Adds a response of a status, and a header named after it to all that are there.
struct Refuses(StatusCode, &'static str);

impl Describe for Refuses {
    fn describe(&self, _: &Operation<'_>, description: &mut Description) {
        description.add_response(ResponseSpec::new(self.0, ""));
        let header = Header::new(HeaderName::from_static(self.1), "", any());
        description.add_header(ResponseSelector::All, header);
    }
}

#[test]
fn a_header_on_all_responses_but_those_of_layers_further_out() {
    let outer = Refuses(StatusCode::UNAUTHORIZED, "x-401");
    let inner = Refuses(StatusCode::TOO_MANY_REQUESTS, "x-429");
    let description = described(&(outer, inner));
    let headers = |status: StatusCode| -> Vec<_> {
        let response = description.response(status).unwrap();
        response.headers().iter().map(|known| known.name().as_str()).collect()
    };
    assert_eq!(headers(StatusCode::UNAUTHORIZED), ["x-401"]);
    assert_eq!(headers(StatusCode::TOO_MANY_REQUESTS), ["x-429", "x-401"]);
}

/// Takes a body on its own operation.
struct Takes;

impl Describe for Takes {
    fn describe(&self, _: &Operation<'_>, _: &mut Description) {}

    fn own_operations(&self) -> Vec<OwnOperation> {
        let mut description = Description::new();
        description.add_request_body(RequestBody::new(bartizan_contract::Content::json(any())));
        let plain = OwnOperation::new(Method::DELETE, "/x", "Drops", Description::new());
        vec![OwnOperation::new(Method::POST, "/x", "Takes", description), plain]
    }
}

/// Notes which operations take a body.
struct NotesBodies;

impl Describe for NotesBodies {
    fn describe(&self, operation: &Operation<'_>, description: &mut Description) {
        if operation.has_body {
            description.add_response(ResponseSpec::new(StatusCode::PAYLOAD_TOO_LARGE, "too long"));
        }
    }
}

#[test]
fn own_operations_say_to_outer_layers_whether_they_take_a_body() {
    let own = (NotesBodies, Takes).own_operations();
    assert!(own[0].description().response(StatusCode::PAYLOAD_TOO_LARGE).is_some());
    assert!(own[1].description().response(StatusCode::PAYLOAD_TOO_LARGE).is_none());
}
