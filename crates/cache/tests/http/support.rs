//! An origin that says what a test tells it to, and a client of the layer before it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bartizan_cache::test_util::TokioClock;
use bartizan_cache::{CacheBody, CacheLayer, Caches, Handled, ResponseCache};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;
use tower_layer::Layer;
use tower_service::Service;

/// Answers in the order of its script; once that is at its end, with its last word.
#[derive(Clone, Default)]
pub(crate) struct Origin(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    answers: VecDeque<Response<Full<Bytes>>>,
    last: Option<Response<Full<Bytes>>>,
    seen: Vec<Request<()>>,
}

/// An answer of 200 with this body and these header fields.
pub(crate) fn answer(body: &str, headers: &[(&str, &str)]) -> Response<Full<Bytes>> {
    status(200, body, headers)
}

pub(crate) fn status(status: u16, body: &str, headers: &[(&str, &str)]) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Full::from(body.to_owned())).unwrap()
}

impl Origin {
    pub(crate) fn new(answers: impl IntoIterator<Item = Response<Full<Bytes>>>) -> Self {
        let script = Script { answers: answers.into_iter().collect(), ..Script::default() };
        Self(Arc::new(Mutex::new(script)))
    }

    pub(crate) fn says(&self, answer: Response<Full<Bytes>>) {
        self.0.lock().unwrap().answers.push_back(answer);
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.0.lock().unwrap().seen.len()
    }

    /// The header section of the request that came last.
    pub(crate) fn last_request(&self) -> HeaderMap {
        self.0.lock().unwrap().seen.last().unwrap().headers().clone()
    }
}

impl<B> Service<Request<B>> for Origin {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut script = self.0.lock().unwrap();
        script.seen.push(request.map(drop));
        if let Some(next) = script.answers.pop_front() {
            script.last = Some(next);
        }
        ready(Ok(script.last.clone().expect("an answer in the script")))
    }
}

/// What a client has got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) handled: Handled,
}

impl Got {
    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    /// A header field, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Caches in the time of the runtime.
pub(crate) fn caches() -> Caches {
    Caches::builder().with_clock(TokioClock::new()).build()
}

/// A layer over responses of its own.
pub(crate) fn layer() -> CacheLayer {
    CacheLayer::new(caches().responses("http").build().unwrap())
}

/// A GET of a path of one host.
pub(crate) fn get(path: &str, headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    request("GET", path, headers)
}

pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "example.com");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::default()).unwrap()
}

/// Sends a request and reads the response to its end.
pub(crate) async fn send(service: &ResponseCache<Origin>, request: Request<Full<Bytes>>) -> Got {
    let response: Response<CacheBody<Full<Bytes>>> =
        service.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let handled = *parts.extensions.get::<Handled>().unwrap();
    let body = body.collect().await.unwrap().to_bytes();
    Got { status: parts.status, headers: parts.headers, body, handled }
}

/// The layer before the origin.
pub(crate) fn before(layer: &CacheLayer, origin: &Origin) -> ResponseCache<Origin> {
    layer.layer(origin.clone())
}
