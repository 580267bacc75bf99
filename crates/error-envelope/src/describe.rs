use bartizan_contract::{
    Code, Content, Describe, Description, ErrorCase, Header, Operation, ResponseSelector, Schema,
};
use http::StatusCode;
use serde_json::json;

use crate::request_id::X_REQUEST_ID;
use crate::{ErrorEnvelopeLayer, RequestIdLayer};

impl<O> Describe for ErrorEnvelopeLayer<O> {
    /// Every operation may fail with a 500 and with what the mapped error types report; every
    /// reported error is also a problem (RFC 9457) and tells the id under which it is logged.
    fn describe(&self, _: &Operation<'_>, description: &mut Description) {
        for case in self.catalogue() {
            description.add_error(*case);
        }
        description.add_error(ErrorCase::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Code::INTERNAL_ERROR,
            "Internal server error",
        ));
        description.add_content(
            ResponseSelector::Reported,
            Content::new("application/problem+json", problem_schema()),
        );
        description.add_header(ResponseSelector::Reported, request_id_header());
    }
}

impl<M> Describe for RequestIdLayer<M> {
    fn describe(&self, _: &Operation<'_>, description: &mut Description) {
        description.add_header(ResponseSelector::All, request_id_header());
    }
}

fn request_id_header() -> Header {
    Header::new(
        X_REQUEST_ID,
        "Identifies the request in logs and error bodies.",
        Schema::inline(json!({ "type": "string", "pattern": "^[!-~]{1,128}$" })),
    )
}

fn problem_schema() -> Schema {
    Schema::named(
        "Problem",
        json!({
            "type": "object",
            "required": ["type", "title", "status", "detail", "code", "requestId"],
            "properties": {
                "type": { "type": "string", "format": "uri-reference" },
                "title": { "type": "string" },
                "status": { "type": "integer", "minimum": 400, "maximum": 599 },
                "detail": { "type": "string" },
                "code": { "type": "string", "pattern": Code::PATTERN },
                "requestId": { "type": "string" },
            },
        }),
    )
}
