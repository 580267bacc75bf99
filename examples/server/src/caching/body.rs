use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use bartizan_cache::{Cached, Codec, CodecError};
use bytes::Bytes;
use serde::Serialize;

use super::ReadError;

/// The field that tells the response cache how long an answer may be kept (RFC 9213).
pub(crate) const LIFETIME: HeaderName = HeaderName::from_static("bartizan-cache-control");

/// The field that tells the response cache what makes it forget an answer.
pub(crate) const TAGS: HeaderName = HeaderName::from_static("cache-tag");

/// An answer in JSON that is written already; clones share the bytes.
#[derive(Clone, Debug)]
pub struct JsonBody {
    bytes: Bytes,
    keeping: Option<Keeping>,
}

/// How the response cache may keep an answer.
#[derive(Clone, Debug)]
struct Keeping {
    seconds: u64,
    tags: String,
}

impl JsonBody {
    /// An answer that nobody keeps.
    pub(super) const fn new(bytes: Bytes) -> Self {
        Self { bytes, keeping: None }
    }

    /// What a cache of this lifetime had: it is kept as a whole for what is left of that, until one
    /// of the tags is forgotten. What is stale is not kept.
    pub(super) fn kept<V>(
        bytes: Bytes,
        found: &Cached<V>,
        lifetime: Duration,
        tags: String,
    ) -> Self {
        let seconds = lifetime.saturating_sub(found.age()).as_secs();
        let keeping = (!found.is_stale()).then_some(Keeping { seconds, tags });
        Self { bytes, keeping }
    }
}

pub(super) fn write(answer: &impl Serialize) -> Result<Bytes, ReadError> {
    serde_json::to_vec(answer).map(Bytes::from).map_err(ReadError::Unwritable)
}

impl IntoResponse for JsonBody {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.bytes));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // A client asks each time whether it holds: it is not told when the answer changes.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        if let Some(Keeping { seconds, tags }) = self.keeping
            && let Ok(lifetime) = HeaderValue::try_from(format!("max-age={seconds}"))
            && let Ok(tags) = HeaderValue::try_from(tags)
        {
            headers.insert(LIFETIME, lifetime);
            headers.insert(TAGS, tags);
        }
        response
    }
}

/// A body as it is, and none where there is nothing: JSON is never empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct MaybeBody;

impl Codec<Option<Bytes>> for MaybeBody {
    const FORMAT: u8 = 128;

    fn encode(&self, value: &Option<Bytes>, into: &mut Vec<u8>) -> Result<(), CodecError> {
        into.extend_from_slice(value.as_deref().unwrap_or_default());
        Ok(())
    }

    fn decode(&self, bytes: &[u8]) -> Result<Option<Bytes>, CodecError> {
        Ok((!bytes.is_empty()).then(|| Bytes::copy_from_slice(bytes)))
    }
}
