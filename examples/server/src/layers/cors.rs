//! Which pages of other origins may call, and read the answers.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::http::header::{
    ACCEPT, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE, ORIGIN, RETRY_AFTER,
};
use axum::http::{HeaderName, HeaderValue, Method, Request};
use futures_util::future::Either;
use tower::{Layer, Service};
use tower_http::cors::{AllowOrigin, Cors, CorsLayer};

use crate::config::Origin;

/// How long a browser may remember the answer to a preflight: what browsers allow at most.
const MAX_AGE: Duration = Duration::from_hours(2);

pub(crate) fn layer(origins: &[Origin]) -> PreflightsOnly {
    let allowed = origins.iter().filter_map(|origin| HeaderValue::from_str(origin.as_str()).ok());
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(allowed))
        .allow_credentials(true)
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers([
            ACCEPT,
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static("traceparent"),
            HeaderName::from_static("x-api-key"),
            HeaderName::from_static("x-no-compression"),
            HeaderName::from_static("x-request-id"),
        ])
        .expose_headers([
            RETRY_AFTER,
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
            HeaderName::from_static("x-ratelimit-limit"),
            HeaderName::from_static("x-ratelimit-remaining"),
            HeaderName::from_static("x-ratelimit-reset"),
            HeaderName::from_static("x-ratelimit-tier"),
            HeaderName::from_static("x-ratelimit-window"),
            HeaderName::from_static("x-request-id"),
        ])
        .max_age(MAX_AGE);
    PreflightsOnly(cors)
}

/// Keeps the library from answering every `OPTIONS`: only one with `Origin` and
/// `Access-Control-Request-Method` is a preflight (Fetch Standard, section 4.8).
#[derive(Clone, Debug)]
pub(crate) struct PreflightsOnly(CorsLayer);

impl<S: Clone> Layer<S> for PreflightsOnly {
    type Service = WithCors<S>;

    fn layer(&self, inner: S) -> WithCors<S> {
        WithCors { cors: self.0.layer(inner.clone()), inner }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct WithCors<S> {
    cors: Cors<S>,
    inner: S,
}

impl<S, B> Service<Request<B>> for WithCors<S>
where
    S: Service<Request<B>>,
    Cors<S>: Service<Request<B>, Response = S::Response, Error = S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<<Cors<S> as Service<Request<B>>>::Future, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        ready!(self.cors.poll_ready(cx))?;
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let headers = request.headers();
        let is_preflight =
            headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if *request.method() == Method::OPTIONS && !is_preflight {
            Either::Right(self.inner.call(request))
        } else {
            Either::Left(self.cors.call(request))
        }
    }
}
