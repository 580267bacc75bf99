//! What few requests reach, kept out of the way of the others.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::Response;
use bytes::Bytes;
use futures_util::TryFutureExt;
use tower::Service;
use tower::util::Oneshot;

use crate::serve::BoxError;

/// Shares the service within it: a clone of the layers outside clones nothing of it, and their
/// futures have no room for its own future and body, of which a coder's takes 6 KB. It is cloned, and
/// those are boxed, when it is called.
#[derive(Debug)]
pub(crate) struct Cold<S>(Arc<S>);

impl<S> Cold<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self(Arc::new(inner))
    }
}

type Answer<E> = Result<Response<Body>, E>;

impl<S, R, B> Service<R> for Cold<S>
where
    S: Service<R, Response = Response<B>, Future: Send> + Clone + Send + 'static,
    R: Send + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Answer<S::Error>> + Send>>;

    /// The clone that is called is asked itself.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let answer = Oneshot::new(S::clone(&self.0), request);
        Box::pin(answer.map_ok(|response| response.map(Body::new)))
    }
}

impl<S> Clone for Cold<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
