//! Whole answers to reads, each in the coding that it was sent in, kept apart by who may see them.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderName, Method, Response};
use bartizan_cache::{CacheBody, CacheLayer, Head, Partition, ResponseCache, Responses};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{Either, Map};
use tower::{Layer, Service};

use crate::caching::{LIFETIME, SCHEMA, TAGS};
use crate::identity::Identity;
use crate::layers::cold::Cold;

/// Longer answers get no entity tag.
const MAX_TAGGED: usize = 1 << 20;

/// Longer than the platform takes for a list. Whoever waits for an answer that fails then asks the
/// handler, which fails as late as the database does: so that the two together are not much longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many headers the layers outside add.
const ADDED_OUTSIDE: usize = 24;

pub(crate) fn layer(responses: Responses) -> OfReads {
    let anonymous: Arc<str> = format!("{SCHEMA}/anonymous").into();
    let cache = CacheLayer::new(responses)
        .with_credential_headers([AUTHORIZATION, COOKIE, HeaderName::from_static("x-api-key")])
        .with_partition(move |head| partition(head, &anonymous))
        // Proxies write them to each request, and nothing inside reads them.
        .with_forwarding_headers([])
        .with_targeted_fields([LIFETIME])
        // Asked anew, the handlers would say the same of what they keep themselves.
        .ignoring_request_directives()
        .with_entity_tags(MAX_TAGGED)
        .with_lock_timeout(PATIENCE);
    OfReads(cache)
}

/// What a location may see, its tier may see: the history depends on both. A tier has no slash.
fn partition(head: &Head<'_>, anonymous: &Arc<str>) -> Partition {
    match head.extensions().get() {
        Some(Identity::Anonymous) => Partition::Of(Arc::clone(anonymous)),
        Some(Identity::Account(account)) => {
            let (tier, location) = (account.tier.as_str(), account.location_id.as_str());
            Partition::Of(format!("{SCHEMA}/{tier}/{location}").into())
        }
        Some(Identity::Admin | Identity::Refused(_)) | None => Partition::Bypass,
    }
}

/// Leaves everything but reads alone: what a change invalidates, its handler knows. What handlers
/// say to the cache goes no further.
#[derive(Clone, Debug)]
pub(crate) struct OfReads(CacheLayer);

impl<S> Layer<S> for OfReads {
    type Service = CachedReads<Cold<S>>;

    fn layer(&self, inner: S) -> CachedReads<Cold<S>> {
        CachedReads(self.0.layer(Cold::new(inner)))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct CachedReads<S>(ResponseCache<S>);

type Answer<B> = Result<Response<B>, Infallible>;
type Finished<F, B> = Map<F, fn(Answer<B>) -> Answer<Body>>;

impl<S, B> Service<Request> for CachedReads<S>
where
    S: Service<Request, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<
        Finished<<ResponseCache<S> as Service<Request>>::Future, CacheBody<B>>,
        Finished<S::Future, B>,
    >;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            Either::Left(self.0.call(request).map(finish))
        } else {
            Either::Right(self.0.get_mut().call(request).map(finish))
        }
    }
}

fn finish<B>(answer: Answer<B>) -> Answer<Body>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    answer.map(|mut response| {
        response.headers_mut().remove(LIFETIME);
        response.headers_mut().remove(TAGS);
        // Once for all layers outside, which would make it grow again and again.
        response.headers_mut().reserve(ADDED_OUTSIDE);
        response.map(Body::new)
    })
}
