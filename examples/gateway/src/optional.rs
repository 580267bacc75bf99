//! A layer that may be absent, and then costs a branch.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use http_body_util::Either;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

/// Applies a layer if there is one. Unlike tower's, it takes layers that change the body.
#[derive(Clone)]
pub(crate) struct Optional<L>(pub(crate) Option<L>);

#[derive(Clone)]
pub(crate) enum OptionalService<W, S> {
    With(W),
    Without(S),
}

impl<L: Layer<S>, S> Layer<S> for Optional<L> {
    type Service = OptionalService<L::Service, S>;

    fn layer(&self, inner: S) -> Self::Service {
        match &self.0 {
            Some(layer) => OptionalService::With(layer.layer(inner)),
            None => OptionalService::Without(inner),
        }
    }
}

impl<W, S, ReqBody, A, B> Service<Request<ReqBody>> for OptionalService<W, S>
where
    W: Service<Request<ReqBody>, Response = Response<A>, Error = Infallible>,
    S: Service<Request<ReqBody>, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<Either<A, B>>;
    type Error = Infallible;
    type Future = OptionalFuture<W::Future, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        match self {
            Self::With(service) => service.poll_ready(cx),
            Self::Without(service) => service.poll_ready(cx),
        }
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        match self {
            Self::With(service) => OptionalFuture::With { future: service.call(request) },
            Self::Without(service) => OptionalFuture::Without { future: service.call(request) },
        }
    }
}

pin_project! {
    #[project = OptionalFutureProj]
    pub(crate) enum OptionalFuture<W, F> {
        With { #[pin] future: W },
        Without { #[pin] future: F },
    }
}

impl<W, F, A, B> Future for OptionalFuture<W, F>
where
    W: Future<Output = Result<Response<A>, Infallible>>,
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<Either<A, B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project() {
            OptionalFutureProj::With { future } => {
                ready!(future.poll(cx)).map(|response| response.map(Either::Left))
            }
            OptionalFutureProj::Without { future } => {
                ready!(future.poll(cx)).map(|response| response.map(Either::Right))
            }
        })
    }
}
