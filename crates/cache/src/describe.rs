use bartizan_contract::{
    Describe, Description, Header, Operation, Parameter, ParameterLocation, ResponseSelector,
    ResponseSpec, Schema,
};
use http::header::{AGE, CACHE_STATUS, ETAG, IF_NONE_MATCH};
use http::{Method, StatusCode};
use serde_json::json;

use crate::CacheLayer;

impl Describe for CacheLayer {
    /// Answers to GET and HEAD may be stored ones, which tell their age and answer conditions; all
    /// answers tell how they were come by.
    fn describe(&self, operation: &Operation<'_>, description: &mut Description) {
        let text = || Schema::inline(json!({ "type": "string" }));
        let status = "How caches have handled the request (RFC 9211).";
        description.add_header(ResponseSelector::All, Header::new(CACHE_STATUS, status, text()));
        if !matches!(*operation.method, Method::GET | Method::HEAD) {
            return;
        }
        let seconds = Schema::inline(json!({ "type": "integer", "minimum": 0 }));
        let age = Header::new(AGE, "How old a stored response is, in seconds.", seconds);
        description.add_header(ResponseSelector::All, age);
        let has = "Entity tags of what the client has; 304 if the response has one of them.";
        let location = ParameterLocation::Header;
        let condition = Parameter::new(location, IF_NONE_MATCH.as_str(), has, text());
        description.add_parameter(condition);
        let tag = || Header::new(ETAG, "The entity tag of the response.", text());
        let not_modified = ResponseSpec::new(StatusCode::NOT_MODIFIED, "The client has it.");
        description.add_response(not_modified.with_header(tag()));
        let ok = ResponseSelector::Status(StatusCode::OK);
        description.add_header(ok, tag());
    }
}
