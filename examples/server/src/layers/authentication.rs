//! Refuses a credential that opens nothing.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Request, Response, StatusCode};
use bartizan_contract::Reply;
use futures_util::future::{Either, Ready, ready as at_once};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::identity::Identity;

/// Answers callers whose credential was refused, tells those without one how to bring it, and marks
/// every answer as the caller's own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuthenticationLayer;

impl<S> Layer<S> for AuthenticationLayer {
    type Service = Authenticated<S>;

    fn layer(&self, inner: S) -> Authenticated<S> {
        Authenticated(inner)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Authenticated<S>(S);

impl<S, A> Service<Request<A>> for Authenticated<S>
where
    S: Service<Request<A>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ResponseFuture<Either<S::Future, Ready<Result<Response<Body>, S::Error>>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let future = match request.extensions().get() {
            Some(Identity::Refused(report)) => {
                let reply = Reply::for_request(&request);
                let refusal = report.clone().into_response::<Body>(reply).map(Body::new);
                Either::Right(at_once(Ok(refusal)))
            }
            _ => Either::Left(self.0.call(request)),
        };
        ResponseFuture { future }
    }
}

pin_project! {
    pub(crate) struct ResponseFuture<F> {
        #[pin]
        future: F,
    }
}

impl<F, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut response = ready!(self.project().future.poll(cx))?;
        let is_success = response.status().is_success();
        let is_unauthorized = response.status() == StatusCode::UNAUTHORIZED;
        let headers = response.headers_mut();
        if is_success {
            // What belongs to a location is for no shared cache.
            headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private"));
        }
        if is_unauthorized {
            // RFC 9110, section 15.5.2, asks for it.
            let challenge = HeaderValue::from_static("Bearer realm=\"bartizan\"");
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        Poll::Ready(Ok(response))
    }
}
