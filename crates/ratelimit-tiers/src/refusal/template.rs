use std::fmt::Write;
use std::time::Duration;

use bartizan_contract::{Code, Details, ErrorReport};
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use crate::wire::{PreparedHeaders, rounding};
use crate::{Tier, Tiers};

/// The 429 of one tier in one class: all but the wait and the limit is fixed.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(super) headers: PreparedHeaders,
    message: String,
    /// The body up to the details.
    head: Box<[u8]>,
    /// The details between the wait and the limit, and after that; the limit is told to those who
    /// can upgrade.
    middle: String,
    end: Option<String>,
}

/// Precedes the wait in the details.
const WAIT: &str = "\"retryAfter\":";

impl Template {
    pub(crate) fn new(tiers: &Tiers, tier: &Tier, class: &str, limit: &PreparedHeaders) -> Self {
        let title = tier.title();
        let mut message = format!("{title} tier rate limit exceeded.");
        let mut middle = format!(",\"currentTier\":{}", quoted(tier.name.as_str()));
        let mut end = None;
        if let Some(above) = tier.upgrade.as_ref().and_then(|name| tiers.find(name)) {
            message = format!("{message} Upgrade to {} for higher limits.", above.title());
            if let Some(url) = tiers.upgrade_url() {
                // Writing into a string cannot fail.
                let _ = write!(middle, ",\"upgradeUrl\":{}", quoted(url));
            }
            middle.push_str(",\"limits\":{\"current\":");
            // Without a quota there, the tier above is unlimited: nothing to compare with.
            let more = above
                .quota(class)
                .map(|quota| format!(",{}:{}", quoted(above.name.as_str()), quota.limit()));
            end = Some(more.unwrap_or_default() + "}");
        }
        let head = format!(
            r#"{{"success":false,"error":{{"message":{},"code":{},"#,
            quoted(&message),
            quoted(Code::RATE_LIMIT_EXCEEDED.as_str())
        );
        let headers = limit.of_refusal();
        Self { headers, message, head: head.into_bytes().into(), middle, end }
    }

    /// The report, and the body that it renders to.
    pub(crate) fn report(&self, wait: Duration, limit: u32) -> (ErrorReport, Bytes) {
        let (mut wait_digits, mut limit_digits) = (itoa::Buffer::new(), itoa::Buffer::new());
        let parts = [
            WAIT,
            wait_digits.format(rounding::wait(wait)),
            &self.middle,
            self.end.as_ref().map_or("", |_| limit_digits.format(limit)),
            self.end.as_deref().unwrap_or_default(),
        ];
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut details = String::with_capacity(length);
        for part in parts {
            details.push_str(part);
        }
        let mut body = Vec::with_capacity(self.head.len() + length + 2);
        body.extend_from_slice(&self.head);
        body.extend_from_slice(details.as_bytes());
        body.extend_from_slice(b"}}");
        let report = ErrorReport::new(
            StatusCode::TOO_MANY_REQUESTS,
            Code::RATE_LIMIT_EXCEEDED,
            self.message.clone(),
        )
        .with_details(Details::from_template(details))
        .with_retry_after(wait);
        (report, body.into())
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
