use bartizan_contract::{Description, Operation, ResponseKey, ResponseSpec, StatusClass};
use bartizan_describe::fragment;
use http::{Method, StatusCode};

/// `OpenAPI` 3.1, Responses Object: a status, a range as `4XX`, or `default`.
#[test]
fn statuses_ranges_and_the_default() {
    let mut description = Description::new();
    description.add_response(ResponseSpec::new(ResponseKey::Default, "the rest"));
    description.add_response(ResponseSpec::new(StatusClass::ClientError, "a range"));
    description.add_response(ResponseSpec::new(StatusCode::NOT_FOUND, "a status"));
    let operation = Operation::new(&Method::GET, "/leads", false);
    let document = fragment(&(), &operation, description);
    let responses = document["paths"]["/leads"]["get"]["responses"].as_object().unwrap();
    let shown: Vec<_> =
        responses.iter().map(|(key, it)| (&**key, it["description"].as_str().unwrap())).collect();
    assert_eq!(shown, [("404", "a status"), ("4XX", "a range"), ("default", "the rest")]);
}
