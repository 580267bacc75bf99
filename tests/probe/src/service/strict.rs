use std::task::{Context, Poll};

use http::{Request, Response};
use tower::util::ServiceFn;
use tower_service::Service;

/// Wraps a service and panics when it is called without having been found ready.
///
/// A readiness belongs to the instance that reported it and is good for one call: a clone starts
/// un-ready, and a later `poll_ready` that is pending or fails takes the readiness back.
#[derive(Debug)]
pub struct Strict<S> {
    inner: S,
    ready: bool,
}

impl<S> Strict<S> {
    /// Wraps `inner`; nothing is ready yet, whatever was polled on `inner` before.
    pub const fn new(inner: S) -> Self {
        Self { inner, ready: false }
    }
}

impl<S: Clone> Clone for Strict<S> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone())
    }
}

impl<S, R> Service<R> for Strict<S>
where
    S: Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let readiness = self.inner.poll_ready(cx);
        self.ready = matches!(readiness, Poll::Ready(Ok(())));
        readiness
    }

    fn call(&mut self, request: R) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "the inner service was called without a poll_ready on this very instance that \
             returned Ready(Ok(())) since its last call"
        );
        self.inner.call(request)
    }
}

/// Makes a strict service of an async closure over HTTP messages; it is always ready when asked.
pub fn strict_fn<F, Fut, B, R, E>(f: F) -> Strict<ServiceFn<F>>
where
    F: Fn(Request<B>) -> Fut,
    Fut: Future<Output = Result<Response<R>, E>>,
{
    Strict::new(tower::service_fn(f))
}
