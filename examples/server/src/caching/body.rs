use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bartizan_cache::{Codec, CodecError};
use bytes::Bytes;
use serde::Serialize;

use super::ReadError;

/// An answer in JSON that is written already; clones share the bytes.
#[derive(Clone, Debug)]
pub struct JsonBody(Bytes);

impl JsonBody {
    pub(super) const fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

pub(super) fn write(answer: &impl Serialize) -> Result<Bytes, ReadError> {
    serde_json::to_vec(answer).map(Bytes::from).map_err(ReadError::Unwritable)
}

impl IntoResponse for JsonBody {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.0));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
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
