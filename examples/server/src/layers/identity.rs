//! Who is asking: resolved before anything is limited or refused.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::http::Request;
use futures_util::future::Either;
use tower::{Layer, Service};

use crate::app::AppState;
use crate::identity::Credential;

/// Puts the [`Identity`](crate::identity::Identity) into the extensions; never answers.
#[derive(Clone, Debug)]
pub(crate) struct IdentityLayer(AppState);

impl IdentityLayer {
    pub(crate) const fn new(state: AppState) -> Self {
        Self(state)
    }
}

impl<S> Layer<S> for IdentityLayer {
    type Service = Identified<S>;

    fn layer(&self, inner: S) -> Identified<S> {
        Identified { inner, state: self.0.clone() }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Identified<S> {
    inner: S,
    state: AppState,
}

type Answer<S, A> = Result<<S as Service<A>>::Response, <S as Service<A>>::Error>;

impl<S, A> Service<Request<A>> for Identified<S>
where
    S: Service<Request<A>, Future: Send> + Clone + Send + 'static,
    A: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    // Boxed where something is looked up, so that the others carry none of it.
    type Future = Either<S::Future, Pin<Box<dyn Future<Output = Answer<S, Request<A>>> + Send>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        match Credential::of(&self.state, request.headers(), request.extensions()) {
            Credential::Known(identity) => {
                request.extensions_mut().insert(identity);
                Either::Left(self.inner.call(request))
            }
            credential => {
                let clone = self.inner.clone();
                let mut ready = mem::replace(&mut self.inner, clone);
                let state = self.state.clone();
                Either::Right(Box::pin(async move {
                    let identity = credential.resolve(&state).await;
                    request.extensions_mut().insert(identity);
                    ready.call(request).await
                }))
            }
        }
    }
}
