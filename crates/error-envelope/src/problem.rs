//! Problem details for HTTP APIs (RFC 9457).

use std::borrow::Cow;

use bartizan_contract::ErrorReport;
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use crate::ConfigError;

/// The URI to which a code is appended to name a problem type; without one the type is
/// `about:blank`.
#[derive(Clone, Debug)]
pub(crate) struct ProblemBase(Option<Cow<'static, str>>);

impl ProblemBase {
    pub(crate) const NONE: Self = Self(None);

    pub(crate) fn parse(base: Cow<'static, str>) -> Result<Self, ConfigError> {
        let is_uri_text = base.bytes().all(|byte| {
            byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`')
        });
        if base.is_empty() || !is_uri_text || !base.ends_with(['/', '#', ':', '=']) {
            return Err(ConfigError::new(
                "problem base",
                &base,
                "a URI that ends with `/`, `#`, `:` or `=`, to which codes can be appended",
            ));
        }
        Ok(Self(Some(base)))
    }

    /// Renders `type`, `title`, `status`, `detail`, `code`, `requestId` and the report's details
    /// as extension members.
    pub(crate) fn render(&self, report: &ErrorReport, status: StatusCode, id: &str) -> Bytes {
        let kind = match &self.0 {
            Some(base) => Cow::Owned(format!("{base}{}", report.code())),
            None => Cow::Borrowed("about:blank"),
        };
        // With `about:blank` the title should be the status phrase; it is a fine one for ours too.
        let title = phrase(status);
        let mut out = String::from("{");
        push(&mut out, "type", kind.as_ref());
        push(&mut out, "title", title);
        push(&mut out, "status", status.as_u16());
        push(&mut out, "detail", report.message());
        push(&mut out, "code", report.code().as_str());
        push(&mut out, "requestId", id);
        if report.details().is_empty() {
            out.pop();
        } else {
            out.push_str(report.details().as_str());
        }
        out.push('}');
        Bytes::from(out)
    }
}

/// The phrase of RFC 9110, section 15, which renamed two that `http` has from before.
fn phrase(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => "Content Too Large",
        StatusCode::UNPROCESSABLE_ENTITY => "Unprocessable Content",
        _ => status.canonical_reason().unwrap_or("Error"),
    }
}

fn push(out: &mut String, name: &str, value: impl Into<Value>) {
    out.push('"');
    out.push_str(name);
    out.push_str("\":");
    out.push_str(&value.into().to_string());
    out.push(',');
}
