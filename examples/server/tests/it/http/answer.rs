//! An answer that was read to its end.

use axum::http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Bytes;
use serde_json::{Value, json};

/// What every answer carries, whoever gave it.
const EVERYWHERE: [(&str, &str); 12] = [
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "cross-origin"),
    ("origin-agent-cluster", "?1"),
    ("referrer-policy", "no-referrer"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-dns-prefetch-control", "off"),
    ("x-download-options", "noopen"),
    ("x-frame-options", "DENY"),
    ("x-permitted-cross-domain-policies", "none"),
    ("x-xss-protection", "0"),
];

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Reads an answer, and checks what holds for every one.
    pub(crate) async fn read<B>(response: axum::http::Response<B>) -> Result<Self, B::Error>
    where
        B: hyper::body::Body<Data = Bytes>,
    {
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        let answer = Self { status: head.status, headers: head.headers, body };
        for (name, value) in EVERYWHERE {
            let values: Vec<_> = answer.headers.get_all(name).iter().collect();
            assert_eq!(values, [value], "{name} of {answer:?}");
        }
        assert_eq!(answer.headers.get_all("x-request-id").iter().count(), 1, "{answer:?}");
        for name in ["bartizan-cache-control", "cache-tag"] {
            assert!(!answer.headers.contains_key(name), "{name} of {answer:?}");
        }
        Ok(answer)
    }

    /// A header that stands once, or the empty text.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map_or("", |value| value.to_str().unwrap());
        assert_eq!(values.next(), None, "{name} of {self:?}");
        value
    }

    /// The header names of all `Vary` lines.
    pub(crate) fn vary(&self) -> Vec<String> {
        let lines = self.headers.get_all("vary").iter().map(|line| line.to_str().unwrap());
        lines.flat_map(|line| line.split(',')).map(|name| name.trim().to_lowercase()).collect()
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json", "{self:?}");
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The member `data` of a success; there is no other member.
    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        let mut json = self.json();
        let data = json["data"].take();
        assert_eq!(json, json!({"success": true, "data": null}));
        data
    }

    /// Checks that this is a failure in the envelope, with exactly these members of `error`, and
    /// of a 5xx the request id beside them.
    #[track_caller]
    pub(crate) fn assert_failure(&self, status: u16, mut error: Value) {
        assert_eq!(self.status, status, "{self:?}");
        if status >= 500 {
            error["requestId"] = self.header("x-request-id").into();
        }
        assert_eq!(self.json(), json!({"success": false, "error": error}));
        self.assert_is_uncached();
        assert!(self.vary().contains(&"accept".to_owned()), "{self:?}");
    }

    /// As [`assert_failure`](Self::assert_failure) with a message and a code.
    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16, code: &str, message: &str) {
        self.assert_failure(status, json!({"message": message, "code": code}));
    }

    /// As [`assert_error`](Self::assert_error) for a field that has to be mended.
    #[track_caller]
    pub(crate) fn assert_invalid(&self, field: &str, expected: &str) {
        let message = format!("`{field}` must be {expected}");
        let error = json!({
            "message": message, "code": "VALIDATION_FAILED", "field": field, "expected": expected,
        });
        self.assert_failure(422, error);
    }

    #[track_caller]
    fn assert_is_uncached(&self) {
        assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
        assert_eq!(self.header("content-encoding"), "", "{self:?}");
        assert_eq!(self.header("content-length"), self.body.len().to_string(), "{self:?}");
    }
}
