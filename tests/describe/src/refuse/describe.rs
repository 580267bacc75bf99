use bartizan_contract::{
    Code, Content, Describe, Description, ErrorCase, Header, Operation, OwnOperation, Parameter,
    ParameterLocation, ResponseSelector, ResponseSpec, Schema, SecurityRequirement, SecurityScheme,
};
use http::header::RETRY_AFTER;
use http::{Method, StatusCode};
use serde_json::json;

use super::RefuseLayer;
use super::layer::{EXHAUSTED, NO_KEY, QUOTA_EXHAUSTED, REFUSALS, X_API_KEY, X_COST};

impl Describe for RefuseLayer {
    fn describe(&self, _: &Operation<'_>, description: &mut Description) {
        let (unauthorized, exhausted) = (StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS);
        description.add_parameter(Parameter::new(
            ParameterLocation::Header,
            X_COST.to_string(),
            "How many units the request costs; one if absent.",
            Schema::inline(json!({ "type": "integer", "minimum": 0, "default": 1 })),
        ));
        description.add_security(SecurityRequirement::new(SecurityScheme::new(
            "ApiKey",
            json!({ "type": "apiKey", "in": "header", "name": X_API_KEY.as_str() }),
        )));
        description.add_error(ErrorCase::new(unauthorized, Code::UNAUTHORIZED, NO_KEY));
        description.add_error(ErrorCase::new(exhausted, QUOTA_EXHAUSTED, EXHAUSTED));
        description.add_header(
            ResponseSelector::Status(exhausted),
            Header::new(
                RETRY_AFTER,
                "Seconds until it is worth another try.",
                Schema::inline(json!({ "type": "integer", "minimum": 1 })),
            ),
        );
    }

    fn own_operations(&self) -> Vec<OwnOperation> {
        let refusals = json!({
            "type": "object",
            "required": ["refusals"],
            "properties": { "refusals": { "type": "integer", "minimum": 0 } },
        });
        let content = Content::json(Schema::named("Refusals", refusals));
        let mut description = Description::new();
        description.add_response(
            ResponseSpec::new(StatusCode::OK, "How many requests were refused.")
                .with_content(content),
        );
        let summary = "Counts the refused requests";
        vec![OwnOperation::new(Method::GET, REFUSALS, summary, description).with_tag("operations")]
    }
}
