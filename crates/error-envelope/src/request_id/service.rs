use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::{MakeRequestId, RandomHex, RequestId, RequestIdFuture, X_REQUEST_ID};

/// Gives every request one id; made by [`RequestIdLayer`](super::RequestIdLayer).
#[derive(Clone, Copy, Debug)]
pub struct RequestIdService<S, M = RandomHex> {
    inner: S,
    make: M,
}

impl<S, M> RequestIdService<S, M> {
    pub(super) const fn new(inner: S, make: M) -> Self {
        Self { inner, make }
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Gives the inner service back.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, M, ReqBody, ResBody> Service<Request<ReqBody>> for RequestIdService<S, M>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    M: MakeRequestId,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RequestIdFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let id = RequestId::brought_by(&request).unwrap_or_else(|| self.make.make_request_id());
        request.headers_mut().insert(X_REQUEST_ID, id.as_header().clone());
        request.extensions_mut().insert(id.clone());
        RequestIdFuture::new(self.inner.call(request), id)
    }
}
