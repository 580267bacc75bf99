//! `Max-Forwards` (RFC 9110, section 7.6.2), which bounds how far `TRACE` and `OPTIONS` go.

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{AUTHORIZATION, COOKIE, MAX_FORWARDS, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};

use super::Own;

/// Counts this hop, or answers as the last one.
pub(super) fn count<B>(request: &mut Request<B>, api_key_header: &HeaderName) -> Result<(), Own> {
    let Some(left) = left(request.headers()) else { return Ok(()) };
    match left.checked_sub(1) {
        Some(left) => {
            request.headers_mut().insert(MAX_FORWARDS, HeaderValue::from(left));
            Ok(())
        }
        None if *request.method() == Method::TRACE => Err(Own::Final {
            content_type: Some(HeaderValue::from_static("message/http")),
            text: echo(request, api_key_header),
        }),
        None => Err(Own::Final { content_type: None, text: Bytes::new() }),
    }
}

/// What is no number is as if absent; one that is too large stays as large as can be.
fn left(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(MAX_FORWARDS)?.as_bytes();
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    is_number.then(|| std::str::from_utf8(text).ok()?.parse().ok()).map(|it| it.unwrap_or(u64::MAX))
}

/// The request as it arrived, without what RFC 9110, section 9.3.8, wants excluded.
fn echo<B>(request: &Request<B>, api_key_header: &HeaderName) -> Bytes {
    let mut out = BytesMut::new();
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    out.put_slice(format!("TRACE {target} {:?}\r\n", request.version()).as_bytes());
    for (name, value) in request.headers() {
        let secret = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name);
        if !secret && api_key_header != name {
            out.put_slice(name.as_str().as_bytes());
            out.put_slice(b": ");
            out.put_slice(value.as_bytes());
            out.put_slice(b"\r\n");
        }
    }
    out.put_slice(b"\r\n");
    out.freeze()
}
