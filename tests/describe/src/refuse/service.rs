use std::sync::Arc;
use std::task::{Context, Poll};

use bartizan_contract::{Reply, ResponseBody};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response};
use tower_service::Service;

use super::ResponseFuture;
use super::layer::{Budget, REFUSALS};

/// Refuses what costs more than is left; made by [`RefuseLayer`](super::RefuseLayer).
#[derive(Clone, Debug)]
pub struct Refuse<S> {
    inner: S,
    budget: Arc<Budget>,
}

impl<S> Refuse<S> {
    pub(super) const fn new(inner: S, budget: Arc<Budget>) -> Self {
        Self { inner, budget }
    }

    fn told<B>(&self) -> Response<ResponseBody<B>> {
        let body = format!(r#"{{"refusals":{}}}"#, self.budget.refusals());
        let mut response = Response::new(ResponseBody::complete(body));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Refuse<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        if *request.method() == Method::GET && request.uri().path() == REFUSALS {
            return ResponseFuture::answered(self.told());
        }
        match self.budget.take(request.headers()) {
            Ok(()) => ResponseFuture::calling(self.inner.call(request)),
            Err(report) => {
                let reply = Reply::for_request(&request);
                ResponseFuture::answered(report.into_response(reply))
            }
        }
    }
}
