//! What each connection wraps around the service.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response, StatusCode, Version};
use bartizan_ratelimit_tiers::PeerAddr;
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tokio::sync::Notify;
use tower::util::Oneshot;
use tower::{Service, ServiceExt};

use crate::readiness::{Phase, Readiness};

/// The service of one connection: adds the peer, notes the first request, asks clients of a
/// draining server to go.
#[derive(Debug, Clone)]
pub(super) struct PerConnection<S> {
    pub(super) inner: S,
    pub(super) peer: SocketAddr,
    pub(super) readiness: Readiness,
    pub(super) began: Arc<Notify>,
}

impl<S, B> hyper::service::Service<Request<Incoming>> for PerConnection<S>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = ResponseFuture<S>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        self.began.notify_one();
        request.extensions_mut().insert(PeerAddr(self.peer));
        ResponseFuture {
            version: request.version(),
            readiness: self.readiness.clone(),
            answer: self.inner.clone().oneshot(request),
        }
    }
}

pin_project! {
    pub(super) struct ResponseFuture<S>
    where
        S: Service<Request<Incoming>>,
    {
        version: Version,
        readiness: Readiness,
        #[pin]
        answer: Oneshot<S, Request<Incoming>>,
    }
}

impl<S, B> Future for ResponseFuture<S>
where
    S: Service<Request<Incoming>, Response = Response<B>>,
{
    type Output = Result<Response<B>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.answer.poll(cx))?;
        // RFC 9113, section 8.2.2: HTTP/2 knows no `Connection`; it has GOAWAY.
        let can_close = *this.version < Version::HTTP_2;
        let can_close = can_close && response.status() != StatusCode::SWITCHING_PROTOCOLS;
        if can_close && this.readiness.phase() == Phase::Draining {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(Ok(response))
    }
}
