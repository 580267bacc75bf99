use bartizan_contract::{Description, Operation, ParameterLocation};
use bartizan_describe::{OperationInput, ViaContract, ViaText};
use bartizan_describe_inputs::Page;
use http::{Method, StatusCode};

/// Asks as a router does, which knows the argument and leaves the marker to the compiler.
fn described<T: OperationInput<M>, M>() -> Description {
    let mut description = Description::new();
    T::add_to(&Operation::new(&Method::POST, "/leads", true), &mut description);
    description
}

#[test]
fn a_trait_of_one_crate_reads_the_input_of_another() {
    let description = described::<Page, _>();
    let page = description.parameter(ParameterLocation::Query, "page").unwrap();
    assert_eq!(page.description(), "The number of the page, from 1.");
    let refused = description.response(StatusCode::BAD_REQUEST).unwrap();
    assert_eq!(refused.errors()[0].code.as_str(), "PAGE_INVALID");
    assert_eq!(described::<Page, ViaContract>(), description);
}

#[test]
fn a_type_of_std_is_described_beside_it_by_another_marker() {
    let description = described::<String, _>();
    let body = description.request_body().unwrap();
    assert_eq!(body.contents()[0].media_type(), "text/plain");
    assert_eq!(described::<String, ViaText>(), description);
}
