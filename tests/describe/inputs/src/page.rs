use bartizan_contract::{
    Code, DescribeInput, Description, ErrorCase, Operation, Parameter, ParameterLocation, Schema,
};
use http::StatusCode;
use serde_json::json;

/// A page of a list, from the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The number of the page, from 1.
    pub number: u32,
}

const PAGE_INVALID: Code = Code::from_static("PAGE_INVALID");

impl DescribeInput for Page {
    fn describe_input(_: &Operation<'_>, description: &mut Description) {
        description.add_parameter(Parameter::new(
            ParameterLocation::Query,
            "page",
            "The number of the page, from 1.",
            Schema::inline(json!({ "type": "integer", "minimum": 1, "default": 1 })),
        ));
        let status = StatusCode::BAD_REQUEST;
        description.add_error(ErrorCase::new(status, PAGE_INVALID, "The page is not a number"));
    }
}
