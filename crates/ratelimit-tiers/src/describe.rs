use std::borrow::Cow;

use bartizan_contract::{
    Code, Describe, Description, ErrorCase, ErrorReport, Header, Operation, ResponseSelector,
    Schema,
};
use http::StatusCode;
use http::header::{HeaderName, RETRY_AFTER};
use serde_json::{Value, json};

use crate::wire::HeaderForms;
use crate::{Class, Mode, Outage, RateLimitLayer};

impl<St, R, O> Describe for RateLimitLayer<St, R, O> {
    /// Each operation that a class may cover can be refused with 429, and tells the limit's
    /// headers; with 503 where a class fails closed, with 403 where callers may be denied.
    fn describe(&self, operation: &Operation<'_>, description: &mut Description) {
        let limits = &self.core().policies.limits;
        // What is in shadow refuses nobody and is told to nobody.
        let is_enforced = |class: &&Class| class.mode == Mode::Enforce && !limits.all_in_shadow;
        let covering = || {
            let classes = limits.classes.iter().filter(is_enforced);
            classes.filter(|class| class.may_cover(operation.method, operation.route))
        };
        let refuses = |description: &mut Description, status, code, message| {
            description.add_error(ErrorCase::new(status, code, message));
            let wait = json!({ "type": "integer", "minimum": 1 });
            let retry_after = header(&RETRY_AFTER, "Seconds to wait.", wait);
            description.add_header(ResponseSelector::Status(status), retry_after);
        };
        if covering().next().is_some() {
            let status = StatusCode::TOO_MANY_REQUESTS;
            refuses(description, status, Code::RATE_LIMIT_EXCEEDED, "Rate limit exceeded");
            for header in told(limits.forms) {
                description.add_header(ResponseSelector::All, header);
            }
        }
        // Answers that tell of no limit.
        if covering().any(|class| class.outage == Outage::FailClosed) {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            refuses(
                description,
                status,
                Code::of_status(status),
                ErrorReport::message_of_status(status),
            );
        }
        if limits.treatment.is_some() {
            let denied = Code::from_static("FORBIDDEN");
            description.add_error(ErrorCase::new(StatusCode::FORBIDDEN, denied, "Access denied"));
        }
    }
}

/// The headers of a form.
fn told(forms: HeaderForms) -> impl Iterator<Item = Header> {
    forms.names().map(|name| {
        let (says, schema) = match name.as_str() {
            "x-ratelimit-tier" => ("The caller's tier.", json!({ "type": "string" })),
            "x-ratelimit-limit" => ("Requests in each window.", count()),
            "x-ratelimit-window" => ("Seconds of a window.", count()),
            "x-ratelimit-remaining" => ("Requests left.", count()),
            "x-ratelimit-reset" => ("When the quota is whole again.", count()),
            "ratelimit-policy" => ("The quota policy.", json!({ "type": "string" })),
            _ => (
                "What is left of the quota, and when it is whole again.",
                json!({ "type": "string" }),
            ),
        };
        header(&name, says, schema)
    })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn header(name: &HeaderName, says: impl Into<Cow<'static, str>>, schema: Value) -> Header {
    Header::new(name.clone(), says, Schema::inline(schema))
}
