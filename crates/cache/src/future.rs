use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;

use crate::CacheBody;
use crate::fetch::length_of;
use crate::handled::{Answered, Handled};
use crate::layer::Shared;
use crate::policy::http::{
    Asked, Exchange, Forward, RequestDirectives, ResponseDirectives, append, storing,
};
use crate::request::{Bypass, Facts};

pin_project! {
    /// Waits for the inner response, or brings a stored one.
    pub struct ResponseFuture<F, B, E> {
        #[pin]
        state: State<F, B, E>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B, E> {
        Ready { response: Option<Response<CacheBody<B>>> },
        Passing { #[pin] future: F, passing: Passing, shared: Arc<Shared> },
        Slow { future: Slow<B, E> },
    }
}

type Slow<B, E> = Pin<Box<dyn Future<Output = Result<Response<CacheBody<B>>, E>> + Send>>;

/// Why a request goes to the inner service and its response to nobody else.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Passing {
    Bypassed(Bypass),
    Method,
    /// What came for its key was not stored lately.
    Marked {
        hash: u64,
        facts: Facts,
    },
}

impl<F, B, E> ResponseFuture<F, B, E> {
    pub(crate) const fn ready(response: Response<CacheBody<B>>) -> Self {
        Self { state: State::Ready { response: Some(response) } }
    }

    pub(crate) fn passing(future: F, passing: Passing, shared: &Arc<Shared>) -> Self {
        Self { state: State::Passing { future, passing, shared: Arc::clone(shared) } }
    }

    pub(crate) fn slow(
        future: impl Future<Output = Result<Response<CacheBody<B>>, E>> + Send + 'static,
    ) -> Self {
        Self { state: State::Slow { future: Box::pin(future) } }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B, E>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes>,
{
    type Output = Result<Response<CacheBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            #[expect(clippy::expect_used, reason = "a future is not polled after it was ready")]
            StateProj::Ready { response } => Poll::Ready(Ok(response.take().expect("polled once"))),
            StateProj::Passing { future, passing, shared } => {
                let response = ready!(future.poll(cx))?;
                Poll::Ready(Ok(shared.pass(response, *passing)))
            }
            StateProj::Slow { future } => future.as_mut().poll(cx),
        }
    }
}

impl Shared {
    #[inline]
    fn pass<B: Body>(&self, response: Response<B>, passing: Passing) -> Response<CacheBody<B>> {
        let status = response.status();
        let (handled, member) = match passing {
            Passing::Bypassed(why) => {
                let handled = Handled::new(Answered::Bypassed(why));
                (
                    handled.forwarded(Forward::Bypass, None),
                    Some(self.settings.members.bypassed(why)),
                )
            }
            Passing::Method => {
                let handled = Handled::new(Answered::Inner).forwarded(Forward::Method, None);
                (handled, Some(&self.settings.members.method))
            }
            Passing::Marked { hash, facts } => {
                self.unmark(&response, hash, facts);
                self.responses.0.core.looked(crate::Lookup::Miss);
                let handled = Handled::new(Answered::Inner);
                let handled = handled.forwarded(Forward::Miss, Some(status));
                (handled, (status == StatusCode::OK).then_some(&self.settings.members.missed))
            }
        };
        let mut response = response.map(CacheBody::inner);
        match member {
            Some(member) => {
                self.responses.0.tell(handled);
                append(response.headers_mut(), member.clone());
                response.extensions_mut().insert(handled);
            }
            None => self.tell(&mut response, handled, None, &[]),
        }
        response
    }

    /// The next response will be stored, if this one could be.
    fn unmark<B: Body>(&self, response: &Response<B>, hash: u64, facts: Facts) {
        let rules = &self.settings.rules;
        if ResponseDirectives::of(response.headers(), &rules.targeted).no_store {
            return;
        }
        let now = self.responses.0.core.ground.clock.wall();
        let asked = Asked {
            method: &Method::GET,
            is_authorized: facts.has(Facts::AUTHORIZED),
            directives: &RequestDirectives::default(),
            path_and_query: "",
        };
        let exchange = Exchange { asked: now, answered: now };
        let (status, headers) = (response.status(), response.headers());
        let passes = &self.responses.0.passes;
        let length = length_of(response).or_else(|| (!passes.is_of_size(hash)).then_some(0));
        if length.is_some_and(|length| length <= self.settings.limits.body as u64)
            && storing(asked, status, headers, exchange, rules).is_ok()
        {
            passes.remove(hash);
        }
    }
}

impl<F, B, E> fmt::Debug for ResponseFuture<F, B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
