use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use tower_service::Service;
use xxhash_rust::xxh3::xxh3_64;

use crate::fetch::Errand;
use crate::future::Passing;
use crate::handled::{Answered, Handled};
use crate::key::{Encoded, Key};
use crate::layer::Shared;
use crate::policy::http::{RequestDirectives, Reuse, is_unsafe, reuse};
use crate::request::{Bypass, Facts, Head, Partition};
use crate::respond::Shape;
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
        let mut key = Encoded::new();
        let (facts, hash) = match shared.plan(&head, &mut key) {
            Plan::Bypass(why) => {
                let passing = Passing::Bypassed(why);
                return ResponseFuture::passing(self.inner.call(request), passing, &self.shared);
            }
            Plan::Forward => {
                let passing = Passing::Method;
                return ResponseFuture::passing(self.inner.call(request), passing, &self.shared);
            }
            Plan::Change { facts } => {
                let target = Key::from_bytes(key.as_bytes());
                let errand = self.errand(request, facts, target, 0);
                return ResponseFuture::slow(errand.change());
            }
            Plan::Read { facts } => (facts, xxh3_64(key.as_bytes())),
        };
        if !request.body().is_end_stream() && shared.settings.bypasses_bodies() {
            let passing = Passing::Bypassed(Bypass::Body);
            return ResponseFuture::passing(self.inner.call(request), passing, &self.shared);
        }
        if let Some(response) = shared.hit(&head, facts, &mut key) {
            return ResponseFuture::ready(response);
        }
        let responses = &self.shared.responses.0;
        // What a request says of caching is read where there is time for it.
        let is_plain = *request.method() == Method::GET && !facts.has(Facts::DIRECTIVES);
        if is_plain && responses.passes.contains(hash, responses.core.now()) {
            let passing = Passing::Marked { hash, facts };
            return ResponseFuture::passing(self.inner.call(request), passing, &self.shared);
        }
        let target = Key::from_bytes(key.as_bytes());
        ResponseFuture::slow(self.errand(request, facts, target, hash).read())
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

/// What is done with a request.
enum Plan {
    Bypass(Bypass),
    /// The method is safe, and not one that is answered from the cache.
    Forward,
    Change {
        facts: Facts,
    },
    Read {
        facts: Facts,
    },
}

impl Shared {
    /// Decides by the header section alone, and writes the key.
    #[inline]
    fn plan(&self, head: &Head<'_>, key: &mut Encoded) -> Plan {
        let settings = &self.settings;
        let facts = settings.fields.of(head.headers());
        let reads = matches!(*head.method(), Method::GET | Method::HEAD);
        if !reads && !is_unsafe(head.method()) {
            return Plan::Forward;
        }
        // Where a method changes something, an offer to upgrade is one that a server may ignore.
        if reads && facts.has(Facts::UPGRADE) {
            return Plan::Bypass(Bypass::Upgrade);
        }
        let Some(target) = Target::of(head, &settings.site) else {
            return Plan::Bypass(Bypass::Host);
        };
        key.write(&target);
        if !reads {
            // Whoever sends it, it invalidates what is stored.
            return Plan::Change { facts };
        }
        if facts.has(Facts::FORWARDING) {
            return Plan::Bypass(Bypass::Forwarding);
        }
        if facts.has(Facts::ORIGIN_CONDITIONS) {
            return Plan::Bypass(Bypass::Conditions);
        }
        if facts.has(Facts::BODY) && settings.bypasses_bodies() {
            return Plan::Bypass(Bypass::Body);
        }
        for name in &settings.key_headers {
            key.write_more(&Sized("h", name.as_str()));
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
        let partition = match &settings.partition {
            None => Partition::Shared,
            Some(partition) => partition(head),
        };
        match partition {
            Partition::Bypass => return Plan::Bypass(Bypass::Partition),
            Partition::Shared if facts.has(Facts::CREDENTIAL) => {
                return Plan::Bypass(Bypass::Credentials);
            }
            Partition::Shared => {}
            Partition::Of(whom) => {
                key.write_more(&Sized("p", &whom));
                return Plan::Read { facts: facts.without(Facts::AUTHORIZED) };
            }
        }
        Plan::Read { facts }
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
        Some(self.respond(stored, age, shape, Handled::new(Answered::Fresh)))
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
