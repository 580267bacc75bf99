use std::convert::Infallible;
use std::fmt;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::answer::Exchange;
use crate::asked::Asked;
use crate::failure::{BoxError, Failure, catch, catch_with};
use crate::layer::Settings;
use crate::{EnvelopeBody, Observer, ResponseFuture, Stage};

/// Turns every failure of the inner service into one shape; made by
/// [`ErrorEnvelopeLayer`](crate::ErrorEnvelopeLayer).
pub struct ErrorEnvelope<S, O = ()> {
    inner: S,
    settings: Settings,
    observer: O,
    /// Why the inner service cannot take the next call, which is answered from this.
    unready: Option<Failure>,
}

impl<S, O> ErrorEnvelope<S, O> {
    pub(crate) const fn new(inner: S, settings: Settings, observer: O) -> Self {
        Self { inner, settings, observer, unready: None }
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

impl<S, O, ReqBody, ResBody> Service<Request<ReqBody>> for ErrorEnvelope<S, O>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Error: Into<BoxError>,
    ResBody: Body<Data = Bytes>,
    ResBody::Error: Into<BoxError>,
    O: Observer + Clone,
{
    type Response = Response<EnvelopeBody<ResBody, O>>;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future, ResBody, O>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.unready.is_some() {
            return Poll::Ready(Ok(()));
        }
        let inner = &mut self.inner;
        let failure = match catch(Stage::Ready, || {
            inner.poll_ready(cx).map_err(|error| Failure::Readiness(error.into()))
        }) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Ok(()))) => return Poll::Ready(Ok(())),
            Ok(Poll::Ready(Err(failure))) | Err(failure) => failure,
        };
        self.unready = Some(failure);
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let asked = Asked::for_request(&request, self.settings.route_of);
        let exchange = Exchange::new(asked, self.settings.clone(), self.observer.clone());
        if let Some(failure) = self.unready.take() {
            return ResponseFuture::failed(failure, exchange);
        }
        match catch_with(Stage::Call, request, |request| self.inner.call(request)) {
            Ok(future) => ResponseFuture::calling(future, exchange),
            Err(failure) => ResponseFuture::failed(failure, exchange),
        }
    }
}

impl<S: Clone, O: Clone> Clone for ErrorEnvelope<S, O> {
    /// A clone starts un-ready, so a kept failure stays with the instance that met it.
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.settings.clone(), self.observer.clone())
    }
}

impl<S: fmt::Debug, O> fmt::Debug for ErrorEnvelope<S, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorEnvelope").field("inner", &self.inner).finish_non_exhaustive()
    }
}
