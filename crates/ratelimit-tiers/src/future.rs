use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bartizan_contract::ResponseBody;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::decision::{After, Core, Permits};
use crate::layer::Shared;
use crate::store::Managing;
use crate::turn::{Slow, Step, take};
use crate::{Observer, RateLimitBody, ResolveTier, Store};

pin_project! {
    /// Waits for what decides about the request, and for the inner response.
    pub struct ResponseFuture<S, St, R, O, ReqBody, ResBody>
    where
        S: Service<Request<ReqBody>>,
        St: Store,
        R: ResolveTier,
    {
        #[pin]
        state: State<S, St, R, O, ReqBody, ResBody>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, St, R, O, ReqBody, ResBody>
    where
        S: Service<Request<ReqBody>>,
        St: Store,
        R: ResolveTier,
    {
        Calling { #[pin] future: S::Future, after: After, core: Option<Arc<Core>> },
        // Boxed, so that requests that wait for nothing do not carry it about.
        Slow { slow: Pin<Box<Slow<S, St, R, O, ReqBody>>> },
        Refunding { future: Managing<()>, response: Option<Response<RateLimitBody<ResBody>>> },
        Refused { response: Option<Response<RateLimitBody<ResBody>>> },
    }
}

impl<S, St, R, O, ReqBody, ResBody> ResponseFuture<S, St, R, O, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>>,
    St: Store,
    R: ResolveTier,
{
    #[inline]
    pub(crate) fn calling(future: S::Future, after: After, shared: &Shared<St, R, O>) -> Self {
        Self { state: State::calling(future, after, shared) }
    }

    pub(crate) fn slow(slow: Slow<S, St, R, O, ReqBody>) -> Self {
        Self { state: State::Slow { slow: Box::pin(slow) } }
    }

    pub(crate) fn refused(response: Response<ResponseBody<ResBody>>) -> Self {
        let response = response.map(|body| RateLimitBody::new(body, Permits::default()));
        Self { state: State::Refused { response: Some(response) } }
    }
}

impl<S, St, R, O, ReqBody, ResBody> State<S, St, R, O, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>>,
    St: Store,
    R: ResolveTier,
{
    #[inline]
    fn calling(future: S::Future, after: After, shared: &Shared<St, R, O>) -> Self {
        // Who refunds nothing shares no reference count.
        let core = after.refund.is_some().then(|| Arc::clone(&shared.core));
        Self::Calling { future, after, core }
    }
}

impl<S, St, R, O, ReqBody, ResBody> Future for ResponseFuture<S, St, R, O, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    St: Store,
    R: ResolveTier,
    O: Observer,
{
    type Output = Result<Response<RateLimitBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProj::Calling { future, after, core } => {
                    let mut response = ready!(future.poll(cx))?;
                    let refund = after.refund.take();
                    let refund = refund
                        .zip(core.as_ref())
                        .and_then(|(refund, core)| core.refund(*refund, &mut response));
                    if let Some(told) = &after.told {
                        told.write_into(response.headers_mut());
                    }
                    let permits = std::mem::take(&mut after.permits);
                    let response =
                        response.map(|body| RateLimitBody::new(ResponseBody::inner(body), permits));
                    // Calling -> done
                    let Some(future) = refund else { return Poll::Ready(Ok(response)) };
                    // Calling -> Refunding
                    State::Refunding { future, response: Some(response) }
                }
                StateProj::Slow { slow } => match ready!(slow.as_mut().poll(cx)) {
                    // Slow -> Calling
                    Step::Call(mut held, after) => {
                        let future = held.inner.call(held.request);
                        State::calling(future, after, &held.shared)
                    }
                    // Slow -> done
                    Step::Answer(response) => {
                        let refused = |body| RateLimitBody::new(body, Permits::default());
                        return Poll::Ready(Ok(response.map(refused)));
                    }
                },
                // Refunding -> done; what could not be given back stays counted
                StateProj::Refunding { future, response } => {
                    let _ = ready!(future.as_mut().poll(cx));
                    return Poll::Ready(Ok(take(response)));
                }
                // Refused -> done
                StateProj::Refused { response } => return Poll::Ready(Ok(take(response))),
            };
            this.state.set(next);
        }
    }
}

impl<S, St, R, O, ReqBody, ResBody> fmt::Debug for ResponseFuture<S, St, R, O, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>>,
    St: Store,
    R: ResolveTier,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
