use std::error::Error;

use bartizan_probe::read;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use tower::{Service, ServiceExt};

/// Everything that a client learns from one answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    /// Sorted by name; the values of one name in the order in which they are sent.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Reads an answer to its end.
pub(crate) async fn hear<B>(response: Response<B>) -> Heard
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (head, body) = response.into_parts();
    let (bytes, trailers) = read(body).await.map_err(Into::into).unwrap();
    assert_eq!(trailers, None);
    Heard { status: head.status.as_u16(), headers: pairs(&head.headers), body: bytes }
}

/// Asks a service and reads its answer to the end.
pub(crate) async fn hear_from<S, R, B>(service: S, request: Request<R>) -> Heard
where
    S: Service<Request<R>, Response = Response<B>>,
    S::Error: std::fmt::Debug,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    hear(service.oneshot(request).await.unwrap()).await
}

/// The headers, sorted by name.
fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
    pairs
}
