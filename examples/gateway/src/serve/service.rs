//! What each connection wraps around the stack.

use std::cell::RefCell;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

use bartizan_ratelimit_tiers::PeerAddr;
use http::header::CONNECTION;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tokio::sync::Notify;
use tower::util::Oneshot;
use tower::{Service, ServiceExt};

use super::Access;
use crate::telemetry::TARGET;

/// The service of one connection: adds the peer, notes the first request, asks clients to go while
/// the gateway drains.
pub(super) struct PerConnection<S> {
    /// hyper asks for `&self` and tower for `&mut self`. A clone for each request would count
    /// references that all cores share.
    inner: RefCell<S>,
    peer: SocketAddr,
    shared: Arc<Shared>,
    access: Access,
}

/// What the requests of one connection share, so that they count no references of others.
pub(super) struct Shared {
    /// Told of each request.
    pub(super) began: Notify,
    pub(super) is_draining: Arc<AtomicBool>,
}

impl<S> PerConnection<S> {
    pub(super) const fn new(
        inner: S,
        peer: SocketAddr,
        shared: Arc<Shared>,
        access: Access,
    ) -> Self {
        Self { inner: RefCell::new(inner), peer, shared, access }
    }
}

impl<S, B> hyper::service::Service<Request<Incoming>> for PerConnection<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = ResponseFuture<S>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        self.shared.began.notify_one();
        request.extensions_mut().insert(PeerAddr(self.peer));
        let version = request.version();
        let line = self.access.is_on().then(|| Line::of(&request, self.peer));
        let mut inner = self.inner.borrow_mut();
        let answer = match inner.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => Answer::Called { future: inner.call(request) },
            Poll::Pending => Answer::Waiting { future: inner.clone().oneshot(request) },
        };
        ResponseFuture { version, shared: Arc::clone(&self.shared), line, answer }
    }
}

pin_project! {
    pub(super) struct ResponseFuture<S>
    where
        S: Service<Request<Incoming>>,
    {
        version: Version,
        shared: Arc<Shared>,
        line: Option<Box<Line>>,
        #[pin]
        answer: Answer<S>,
    }
}

pin_project! {
    #[project = AnswerProj]
    enum Answer<S>
    where
        S: Service<Request<Incoming>>,
    {
        Called { #[pin] future: S::Future },
        Waiting { #[pin] future: Oneshot<S, Request<Incoming>> },
    }
}

impl<S, B> Future for ResponseFuture<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
{
    type Output = Result<Response<B>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(mut response) = ready!(match this.answer.project() {
            AnswerProj::Called { future } => future.poll(cx),
            AnswerProj::Waiting { future } => future.poll(cx),
        });
        if let Some(line) = this.line.take() {
            line.log(response.status());
        }
        // RFC 9113, section 8.2.2: HTTP/2 knows no `Connection`; it has GOAWAY.
        let can_close = *this.version < Version::HTTP_2;
        let can_close = can_close && response.status() != StatusCode::SWITCHING_PROTOCOLS;
        if can_close && this.shared.is_draining.load(Ordering::Relaxed) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(Ok(response))
    }
}

/// What the access log tells of a request.
struct Line {
    peer: SocketAddr,
    method: Method,
    uri: Uri,
    version: Version,
    began: Instant,
}

impl Line {
    fn of<B>(request: &Request<B>, peer: SocketAddr) -> Box<Self> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        Box::new(Self { peer, method, uri, version: request.version(), began: Instant::now() })
    }

    fn log(&self, status: StatusCode) {
        let Self { peer, method, uri, version, began } = self;
        // The query may hold what is not meant for logs.
        let (path, elapsed, status) = (uri.path(), began.elapsed(), status.as_u16());
        tracing::info!(target: TARGET, %peer, %method, path, ?version, status, ?elapsed, "answered");
    }
}
