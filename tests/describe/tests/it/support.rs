use bartizan_contract::{Content, Description, Operation, ResponseSpec, Schema};
use bartizan_describe::{OperationInput, RefuseLayer, fragment};
use bartizan_describe_inputs::Page;
use bartizan_error_envelope::{ErrorEnvelopeLayer, RequestIdLayer};
use http::{Method, StatusCode};
use serde_json::{Value, json};

pub(crate) type Layers = (RequestIdLayer, ErrorEnvelopeLayer, RefuseLayer);

pub(crate) fn layers(units: u32) -> Layers {
    (RequestIdLayer::new(), ErrorEnvelopeLayer::new(), RefuseLayer::new(units))
}

/// What the handler of `GET /leads` says of itself.
fn leads(operation: &Operation<'_>) -> Description {
    let mut description = Description::new();
    Page::add_to(operation, &mut description);
    let leads = Schema::named("Leads", json!({ "type": "array", "items": { "type": "string" } }));
    description.add_response(
        ResponseSpec::new(StatusCode::OK, "One page of leads.").with_content(Content::json(leads)),
    );
    let conflict = Schema::named("Conflict", json!({ "type": "object", "required": ["busy"] }));
    description.add_response(
        ResponseSpec::new(StatusCode::CONFLICT, "An import is running, told in JSON of its own.")
            .with_content(Content::json(conflict)),
    );
    description
}

/// `GET /leads` behind the layers.
pub(crate) fn document() -> Value {
    let operation = Operation::new(&Method::GET, "/leads", false);
    fragment(&layers(1), &operation, leads(&operation))
}
