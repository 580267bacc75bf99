//! Cookie sessions.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::http::header::COOKIE;
use axum::http::{Method, Request, Response};
use futures_util::future::Either;
use tower::{Layer, Service};
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::Duration;
use tower_sessions::{Expiry, SessionManagerLayer};

use crate::config::Environment;
use crate::data::Sessions;

/// How long a session lasts from the login on: using it writes nothing, so nothing extends it.
const LIFETIME: Duration = Duration::days(1);

pub(crate) fn layer(sessions: &Sessions, environment: Environment) -> WhereNeeded {
    let sessions = SessionManagerLayer::new(sessions.clone())
        .with_name("session")
        .with_same_site(SameSite::Lax)
        // Browsers keep a `Secure` cookie of plain HTTP from nobody but localhost.
        .with_secure(environment == Environment::Production)
        .with_expiry(Expiry::OnInactivity(LIFETIME));
    WhereNeeded(Arc::new(sessions))
}

/// Leaves reads without a cookie alone: none of them has a session, and none begins one.
#[derive(Clone, Debug)]
pub(crate) struct WhereNeeded(Arc<SessionManagerLayer<Sessions>>);

impl<S> Layer<S> for WhereNeeded {
    type Service = WithSession<S>;

    fn layer(&self, inner: S) -> WithSession<S> {
        WithSession { inner, sessions: Arc::clone(&self.0) }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct WithSession<S> {
    inner: S,
    sessions: Arc<SessionManagerLayer<Sessions>>,
}

type Answer<B, E> = Result<Response<B>, E>;

impl<S, A, B> Service<Request<A>> for WithSession<S>
where
    S: Service<Request<A>, Response = Response<B>, Future: Send> + Clone + Send + 'static,
    A: Send + 'static,
    B: Default + Send + 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    // What few need is boxed.
    type Future = Either<S::Future, Pin<Box<dyn Future<Output = Answer<B, S::Error>> + Send>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        if is_read && !request.headers().contains_key(COOKIE) {
            return Either::Left(self.inner.call(request));
        }
        let clone = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, clone);
        Either::Right(Box::pin(self.sessions.layer(ready).call(request)))
    }
}
