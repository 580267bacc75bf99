use bartizan_contract::{Describe, Described, Description, Operation, ResponseSpec, Undocumented};
use http::{Method, StatusCode};
use tower_layer::Layer;

/// A layer that has never heard of the contract: names itself around what it wraps.
#[derive(Clone, Copy, Debug)]
struct Foreign(&'static str);

impl Layer<String> for Foreign {
    type Service = String;

    fn layer(&self, inner: String) -> String {
        format!("{}({inner})", self.0)
    }
}

fn described(layers: &impl Describe) -> Description {
    let mut description = Description::new();
    layers.describe(&Operation::new(&Method::GET, "/a", false), &mut description);
    description
}

fn times_out(operation: &Operation<'_>, description: &mut Description) {
    let words = format!("{} was slow", operation.route);
    description.add_response(ResponseSpec::new(StatusCode::GATEWAY_TIMEOUT, words));
}

#[test]
fn undocumented_ones_apply_and_say_nothing() {
    let layer = Undocumented(Foreign("a"));
    assert_eq!(layer.layer("s".to_owned()), "a(s)");
    assert_eq!(described(&layer), Description::new());
    assert!(layer.own_operations().is_empty());
}

#[test]
fn described_ones_apply_and_say_what_their_function_says() {
    let layer = Described::new(Foreign("a"), times_out);
    assert_eq!(layer.layer("s".to_owned()), "a(s)");
    let description = described(&layer);
    let response = description.response(StatusCode::GATEWAY_TIMEOUT).unwrap();
    assert_eq!(response.description(), "/a was slow");
    assert!(layer.own_operations().is_empty());
    assert_eq!(format!("{layer:?}"), r#"Described(Foreign("a"))"#);
}

#[test]
fn a_tuple_applies_and_describes_them_in_one_order() {
    let layers = (Undocumented(Foreign("a")), Described::new(Foreign("b"), times_out), ());
    assert_eq!(layers.layer("s".to_owned()), "a(b(s))");
    assert_eq!(described(&layers).responses().len(), 1);
}

#[test]
fn a_closure_that_keeps_something_describes_too() {
    let status = StatusCode::IM_A_TEAPOT;
    let layer = Described::new(Foreign("a"), move |_: &Operation<'_>, it: &mut Description| {
        it.add_response(ResponseSpec::new(status, "short and stout"));
    });
    assert!(described(&(layer,)).response(status).is_some());
}
