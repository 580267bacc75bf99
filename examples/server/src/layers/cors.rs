//! Which pages of other origins may call, and read the answers.

use std::convert::Infallible;
use std::future::{self, Future};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::http::header::{
    ACCEPT, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE, ORIGIN, RETRY_AFTER, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use futures_util::FutureExt;
use pin_project_lite::pin_project;
use tower::{Layer, Service, service_fn};
use tower_http::cors::{AllowOrigin, Cors, CorsLayer};

use crate::config::Origin;

/// How long a browser may remember the answer to a preflight: what browsers allow at most.
const MAX_AGE: Duration = Duration::from_hours(2);

pub(crate) fn layer(origins: &[Origin]) -> OwnCors {
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
    OwnCors(Arc::new(Rules { to_no_origin: to_no_origin(&cors), cors }))
}

/// What the library adds to an answer where no origin asks, which is the same each time.
fn to_no_origin(cors: &CorsLayer) -> HeaderMap {
    let plain = |_: Request<()>| future::ready(Ok::<_, Infallible>(Response::new(())));
    let answer = cors.layer(service_fn(plain)).call(Request::new(())).now_or_never();
    answer.map(|Ok(response)| response.into_parts().0.headers).unwrap_or_default()
}

#[derive(Debug)]
struct Rules {
    cors: CorsLayer,
    to_no_origin: HeaderMap,
}

/// Asks the library where an origin asks, and keeps it from answering every `OPTIONS`: only one with
/// `Origin` and `Access-Control-Request-Method` is a preflight (Fetch Standard, section 4.8).
#[derive(Clone, Debug)]
pub(crate) struct OwnCors(Arc<Rules>);

impl<S> Layer<S> for OwnCors {
    type Service = WithCors<S>;

    fn layer(&self, inner: S) -> WithCors<S> {
        WithCors { inner, rules: Arc::clone(&self.0) }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct WithCors<S> {
    inner: S,
    rules: Arc<Rules>,
}

impl<S, A, B> Service<Request<A>> for WithCors<S>
where
    S: Service<Request<A>, Response = Response<B>> + Clone,
    Cors<S>: Service<Request<A>, Response = Response<B>, Error = S::Error, Future: Send + 'static>,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, B, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let is_from_origin = request.headers().contains_key(ORIGIN);
        let state = if *request.method() == Method::OPTIONS {
            if is_from_origin && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
                State::Cors { future: self.ask(request) }
            } else {
                State::Plain { future: self.inner.call(request) }
            }
        } else if is_from_origin {
            State::Cors { future: self.ask(request) }
        } else {
            let rules = Arc::clone(&self.rules);
            State::ToNoOrigin { future: self.inner.call(request), rules }
        };
        ResponseFuture { state }
    }
}

impl<S: Clone> WithCors<S> {
    fn ask<A, B>(&mut self, request: Request<A>) -> Asked<B, S::Error>
    where
        S: Service<Request<A>>,
        Cors<S>:
            Service<Request<A>, Response = Response<B>, Error = S::Error, Future: Send + 'static>,
    {
        let clone = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, clone);
        Box::pin(self.rules.cors.layer(ready).call(request))
    }
}

type Asked<B, E> = Pin<Box<dyn Future<Output = Result<Response<B>, E>> + Send>>;

pin_project! {
    pub(crate) struct ResponseFuture<F, B, E> {
        #[pin]
        state: State<F, B, E>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B, E> {
        ToNoOrigin { #[pin] future: F, rules: Arc<Rules> },
        Plain { #[pin] future: F },
        // Boxed, so that the others carry none of it.
        Cors { future: Asked<B, E> },
    }
}

impl<F, B, E> Future for ResponseFuture<F, B, E>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().state.project() {
            StateProj::ToNoOrigin { future, rules } => {
                let mut response = ready!(future.poll(cx))?;
                let headers = response.headers_mut();
                for (name, value) in &rules.to_no_origin {
                    // As the library does it: it adds to this list and replaces the others.
                    if name == VARY {
                        headers.append(name, value.clone());
                    } else {
                        headers.insert(name, value.clone());
                    }
                }
                Poll::Ready(Ok(response))
            }
            StateProj::Plain { future } => future.poll(cx),
            StateProj::Cors { future } => future.as_mut().poll(cx),
        }
    }
}
