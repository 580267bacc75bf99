use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use bartizan_contract::Reply;
use http::{Request, Response};
use tower_service::Service;

use crate::caller::ByClientIp;
use crate::decision::After;
use crate::layer::Shared;
use crate::turn::{Held, Slow, Turn};
use crate::{Answer, Head, Observer, RateLimitBody, ResolveTier, ResponseFuture, Store};

/// Holds each caller to the quotas of its tier; made by [`RateLimitLayer`](crate::RateLimitLayer).
pub struct RateLimit<S, St, R = ByClientIp, O = ()> {
    inner: S,
    shared: Arc<Shared<St, R, O>>,
}

impl<S, St, R, O> RateLimit<S, St, R, O> {
    pub(crate) const fn new(inner: S, shared: Arc<Shared<St, R, O>>) -> Self {
        Self { inner, shared }
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

impl<S, St, R, O, ReqBody, ResBody> Service<Request<ReqBody>> for RateLimit<S, St, R, O>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    St: Store,
    R: ResolveTier,
    O: Observer,
{
    type Response = Response<RateLimitBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, St, R, O, ReqBody, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let shared = &*self.shared;
        let head = Head::new(&request, shared.store.hasher());
        if shared.core.skips(&head) {
            return ResponseFuture::calling(self.inner.call(request), After::default(), shared);
        }
        let turn = match shared.resolver.resolve(&head) {
            Answer::Now(caller) => shared.turn(&head, caller.as_ref()),
            Answer::Later(future) => {
                let kept = self.hold(request);
                return ResponseFuture::slow(Slow::Resolving { future, held: Some(kept) });
            }
        };
        match turn {
            Turn::Pass(after) => {
                let future = self.inner.call(request);
                ResponseFuture::calling(future, after, &self.shared)
            }
            Turn::Refuse(refused) => {
                let reply = Reply::for_request(&request);
                ResponseFuture::refused(shared.core.answer(refused, reply))
            }
            turn => {
                let kept = self.hold(request);
                ResponseFuture::slow(Slow::of(turn, kept))
            }
        }
    }
}

impl<S: Clone, St, R, O> RateLimit<S, St, R, O> {
    /// Keeps a request for later, with the instance that was found ready for it.
    fn hold<ReqBody>(&mut self, request: Request<ReqBody>) -> Held<S, St, R, O, ReqBody> {
        let clone = self.inner.clone();
        let inner = mem::replace(&mut self.inner, clone);
        Held { request, inner, shared: Arc::clone(&self.shared) }
    }
}

impl<S: Clone, St, R, O> Clone for RateLimit<S, St, R, O> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.shared))
    }
}

impl<S: fmt::Debug, St, R, O> fmt::Debug for RateLimit<S, St, R, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit").field("inner", &self.inner).finish_non_exhaustive()
    }
}
