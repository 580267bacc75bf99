use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{Method, Request, Response};
use http_body::Body;
use tower_service::Service;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::fetch::Errand;
use crate::future::Passing;
use crate::handled::{Answered, Handled};
use crate::key::{Encoded, Key};
use crate::layer::Shared;
use crate::policy::http::{RequestDirectives, Reuse, is_unsafe, reuse};
use crate::request::{Bypass, Facts, Head, Partition};
use crate::respond::{Shape, Time};
use crate::responses::{Nothing, Selection, Sized, SizedBytes, Slot, Target};
use crate::{CacheBody, ResponseFuture};

/// Answers requests from stored responses; made by [`CacheLayer`](crate::CacheLayer).
#[derive(Clone)]
pub struct ResponseCache<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> ResponseCache<S> {
    pub(crate) const fn new(inner: S, shared: Arc<Shared>) -> Self {
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

// What is fetched in the background, or read to its end for others, outlives its request: so the
// service, its requests and its bodies have to.
impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for ResponseCache<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    ReqBody: Body + Send + 'static,
    ResBody: Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<CacheBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let shared = &*self.shared;
        let head = Head::new(&request);
        let facts = shared.settings.fields.of(head.headers());
        let has_body = facts.has(Facts::BODY) || !request.body().is_end_stream();
        match shared.sort(&head, facts, has_body) {
            Sort::Read => {}
            Sort::Change(target) => {
                return ResponseFuture::slow(self.errand(request, facts, target, 0).change());
            }
            Sort::Pass(passing) => return self.pass(request, passing),
        }
        let responses = &shared.responses.0;
        // What a request says of caching is read where there is time for it.
        let is_plain = *request.method() == Method::GET && !facts.has(Facts::DIRECTIVES);
        let is_marked = |hash| is_plain && responses.passes.contains(hash, || responses.core.now());
        let quick = shared.fingerprint(&head);
        // Under what is marked nothing is stored.
        if let Some(hash) = quick.filter(|hash| is_marked(*hash)) {
            return self.pass(request, Passing::Marked { hash, facts });
        }
        let mut key = Encoded::new();
        let facts = match shared.address(&head, facts, &mut key) {
            Ok(facts) => facts,
            Err(why) => return self.pass(request, Passing::Bypassed(why)),
        };
        let hash = quick.unwrap_or_else(|| xxh3_64(key.as_bytes()));
        if quick.is_none() && is_marked(hash) {
            return self.pass(request, Passing::Marked { hash, facts });
        }
        if let Some(response) = shared.hit(&head, facts, &mut key) {
            return ResponseFuture::ready(response);
        }
        let target = Key::from_bytes(key.as_bytes());
        ResponseFuture::slow(self.errand(request, facts, target, hash).read())
    }
}

impl<S> ResponseCache<S> {
    fn pass<ReqBody, ResBody>(
        &mut self,
        request: Request<ReqBody>,
        passing: Passing,
    ) -> ResponseFuture<S::Future, ResBody, S::Error>
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    {
        ResponseFuture::passing(self.inner.call(request), passing, &self.shared)
    }
}

impl<S: Clone> ResponseCache<S> {
    /// Keeps a request for later, with the instance that was found ready for it.
    fn errand<ReqBody>(
        &mut self,
        request: Request<ReqBody>,
        facts: Facts,
        target: Key,
        hash: u64,
    ) -> Errand<S, ReqBody> {
        let clone = self.inner.clone();
        let inner = mem::replace(&mut self.inner, clone);
        Errand { shared: Arc::clone(&self.shared), inner, request, facts, target, hash }
    }
}

/// What a request is to a cache, by its header section.
enum Sort {
    /// It may be answered by what is stored.
    Read,
    /// It may change this target.
    Change(Key),
    Pass(Passing),
}

impl Shared {
    #[inline]
    fn sort(&self, head: &Head<'_>, facts: Facts, has_body: bool) -> Sort {
        let settings = &self.settings;
        if !matches!(*head.method(), Method::GET | Method::HEAD) {
            return self.sort_other(head);
        }
        let bypass = if facts.has(Facts::UPGRADE) {
            Bypass::Upgrade
        } else if facts.has(Facts::FORWARDING) {
            Bypass::Forwarding
        } else if facts.has(Facts::ORIGIN_CONDITIONS) {
            Bypass::Conditions
        } else if has_body && settings.bypasses_bodies() {
            Bypass::Body
        } else if facts.has(Facts::CREDENTIAL) && settings.partition.is_none() {
            Bypass::Credentials
        } else {
            return Sort::Read;
        };
        Sort::Pass(Passing::Bypassed(bypass))
    }

    /// Whoever sends it, and whatever else it says, what is not safe invalidates what is stored.
    fn sort_other(&self, head: &Head<'_>) -> Sort {
        if !is_unsafe(head.method()) {
            return Sort::Pass(Passing::Method);
        }
        match Target::of(head, &self.settings.site) {
            Some(target) => Sort::Change(Key::of(&target)),
            None => Sort::Pass(Passing::Bypassed(Bypass::Host)),
        }
    }

    /// What tells the target of a request apart, in its own spelling, where nothing else does: what
    /// is marked is found by it before a key is written.
    #[inline]
    fn fingerprint(&self, head: &Head<'_>) -> Option<u64> {
        if self.settings.is_parted() || self.settings.site.uri_of.is_some() {
            return None;
        }
        let uri = head.uri();
        let host = match uri.authority() {
            Some(authority) => authority.as_str().as_bytes(),
            None => head.headers().get(HOST)?.as_bytes(),
        };
        let paths = uri.path_and_query()?;
        Some(xxh3_64_with_seed(paths.as_str().as_bytes(), xxh3_64(host)))
    }

    /// Writes the key, and tells what the request is within its partition.
    #[inline]
    fn address(&self, head: &Head<'_>, facts: Facts, key: &mut Encoded) -> Result<Facts, Bypass> {
        let settings = &self.settings;
        key.write(&Target::of(head, &settings.site).ok_or(Bypass::Host)?);
        for name in &settings.key_headers {
            key.write_more(&Sized(Some(b'h'), name.as_str()));
            let mut lines = head.headers().get_all(name).iter();
            match (lines.next(), lines.next()) {
                (None, _) => key.write_more(&Nothing),
                (Some(line), None) => key.write_more(&SizedBytes(line.as_bytes())),
                (Some(_), Some(_)) => {
                    let lines = head.headers().get_all(name).iter();
                    let lines: Vec<&[u8]> = lines.map(http::HeaderValue::as_bytes).collect();
                    key.write_more(&SizedBytes(&lines.join(&b"\n"[..])));
                }
            }
        }
        let Some(partition) = &settings.partition else { return Ok(facts) };
        match partition(head) {
            Partition::Bypass => Err(Bypass::Partition),
            Partition::Shared if facts.has(Facts::CREDENTIAL) => Err(Bypass::Credentials),
            Partition::Shared => Ok(facts),
            Partition::Of(whom) => {
                key.write_more(&Sized(Some(b'p'), &whom));
                Ok(facts.without(Facts::AUTHORIZED))
            }
        }
    }

    /// A response from memory that needs nothing more: the path that most requests take.
    #[inline]
    fn hit<B>(
        &self,
        head: &Head<'_>,
        facts: Facts,
        key: &mut Encoded,
    ) -> Option<Response<CacheBody<B>>> {
        let responses = &self.responses.0;
        let normalise = &self.settings.normalise;
        let selection = Selection { headers: head.headers(), normalise };
        let cached = responses.peek(key, selection)?;
        let Slot::Response(stored) = cached.value() else { return None };
        let age = stored.age.saturating_add(cached.age());
        if facts.has(Facts::DIRECTIVES) && !self.takes(head, stored, age) {
            return None;
        }
        responses.core.tell_hit();
        let shape =
            Shape { method: head.method(), headers: head.headers(), facts, key: key.as_bytes() };
        let time = Time { age, stale_for: None };
        Some(self.respond(stored, time, shape, Handled::new(Answered::Fresh)))
    }

    /// Whether a request takes a fresh response as it is.
    fn takes(&self, head: &Head<'_>, stored: &crate::responses::Stored, age: Duration) -> bool {
        if !self.settings.rules.obeys_requests {
            return true;
        }
        let directives = RequestDirectives::of(head.headers());
        reuse(&stored.terms, age, None, &directives) == Reuse::Fresh
    }
}

impl<S: fmt::Debug> fmt::Debug for ResponseCache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseCache").field("inner", &self.inner).finish_non_exhaustive()
    }
}
