use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, PRAGMA};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout, timeout_at};
use tower_service::Service;

use super::{Duty, Errand, Origin, RETRY};
use crate::CacheBody;
use crate::flight::{Flight, Joined, Landed};
use crate::handled::{Answered, Handled};
use crate::key::{Encoded, Key};
use crate::layer::Shared;
use crate::observe::Lookup;
use crate::policy::http::{Forward, RequestDirectives, Reuse, may_serve_on_error, reuse};
use crate::request::Facts;
use crate::respond::Shape;
use crate::responses::{Fetched, Kept, Looked, Selecting, Selection, variant_key};
use crate::{Level, StaleReason};

/// How often a request waits for another that stores something: once for the target, once more for
/// its variant, and once for what took its place.
const WAITS: usize = 3;

/// What a request comes to after a look at what is stored.
enum Turn {
    Answer(Kept, Answered),
    /// As it is now; another is fetched meanwhile.
    Revalidating(Kept),
    Fetch(Fetch),
}

struct Fetch {
    forward: Forward,
    kept: Option<Kept>,
    /// Under which others wait for it.
    key: Key,
    /// Whether what is stored may stand for an error.
    has_spare: bool,
}

/// What came of waiting for another.
enum Waited {
    LookAgain,
    /// There is nothing to wait for.
    Ask,
    /// The inner service is slow, and what is stored may stand for its answer.
    Slow,
}

/// A stale response that is being fetched anew. However that ends, the next attempt waits: it is of
/// the one that is stored then.
struct Attempt {
    kept: Kept,
    shared: Arc<Shared>,
}

impl<S, ReqBody, ResBody> Errand<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    ReqBody: Send + 'static,
    ResBody: Body<Data = Bytes> + Send + 'static,
{
    /// Answers GET and HEAD.
    pub(crate) async fn read(self) -> Result<Response<CacheBody<ResBody>>, S::Error> {
        let directives = self.directives();
        // Why the fetch was begun that this request waited for.
        let mut collapsed = None;
        let (mut waits, mut until) = (0, None);
        loop {
            let looked = {
                let normalise = &self.shared.settings.normalise;
                let selection = Selection { headers: self.request.headers(), normalise };
                self.shared.responses.0.look(&self.target, selection).await
            };
            let fetch = match self.turn(looked, &directives) {
                Turn::Answer(kept, answer) => {
                    return Ok(self.answer(&kept, handled(answer, collapsed)));
                }
                Turn::Revalidating(kept) => {
                    let response = self.answer(&kept, handled(Answered::Stale, collapsed));
                    if !directives.no_store {
                        self.revalidate(kept);
                    }
                    return Ok(response);
                }
                Turn::Fetch(fetch) => fetch,
            };
            if directives.only_if_cached {
                return Ok(self.nothing());
            }
            let mut duty = None;
            if waits < WAITS && self.collapses(&fetch, &directives) {
                match self.join(&fetch.key) {
                    Joined::Follower(flight) => {
                        let settings = &self.shared.settings;
                        let until = *until.get_or_insert_with(|| Instant::now() + settings.wait);
                        let soft = settings.soft_timeout.filter(|_| fetch.has_spare);
                        match wait_for(flight, soft, until, &mut waits).await {
                            Waited::LookAgain => {
                                collapsed.get_or_insert(fetch.forward);
                                continue;
                            }
                            Waited::Ask => {}
                            Waited::Slow => return Ok(self.spare(&fetch, collapsed)),
                        }
                        // Whom it waited for may have failed.
                        if fetch.has_spare && self.is_held_back(fetch.kept.as_ref()) {
                            collapsed.get_or_insert(fetch.forward);
                            return Ok(self.spare(&fetch, collapsed));
                        }
                    }
                    // A flight that this one did not meet may have landed since the look.
                    Joined::Leader(leader, _) if self.is_there() => {
                        waits += 1;
                        leader.land(Fetched::Stored);
                        continue;
                    }
                    Joined::Leader(leader, _) => duty = Some(leader),
                }
            }
            let Fetch { forward, kept, key, .. } = fetch;
            let mut origin = Origin::new(&self, forward, key, kept);
            origin.collapsed = collapsed.is_some();
            return self.fetch(origin, duty).await;
        }
    }

    fn turn(&self, looked: Looked, directives: &RequestDirectives) -> Turn {
        let missing = |forward, key| Fetch { forward, kept: None, key, has_spare: false };
        let kept = match looked {
            Looked::Stored(kept) => kept,
            Looked::VaryMiss(index) => {
                let mut selected = Selecting::new();
                if let Some(spec) = index.specs.first() {
                    let normalise = &self.shared.settings.normalise;
                    let headers = self.request.headers();
                    crate::policy::http::selecting(spec, headers, normalise, &mut selected);
                }
                let key = variant_key(&self.target, index.id, &selected);
                return Turn::Fetch(missing(Forward::VaryMiss, key));
            }
            Looked::Nothing => {
                return Turn::Fetch(missing(Forward::UriMiss, self.target.clone()));
            }
        };
        let terms = &kept.stored.terms;
        match reuse(terms, kept.age, kept.stale_for, directives) {
            Reuse::Fresh => Turn::Answer(kept, Answered::Fresh),
            Reuse::Stale => Turn::Answer(kept, Answered::Stale),
            Reuse::Revalidating => Turn::Revalidating(kept),
            Reuse::Validate => {
                let spare_for = kept
                    .stale_for
                    .filter(|stale_for| may_serve_on_error(terms, *stale_for, directives));
                if spare_for.is_some() && self.is_held_back(Some(&kept)) {
                    return Turn::Answer(kept, Answered::StaleForError);
                }
                let is_stale = kept.stale_for.is_some();
                let forward = if is_stale { Forward::Stale } else { Forward::Request };
                let key = kept.key.clone();
                let has_spare = spare_for.is_some();
                Turn::Fetch(Fetch { forward, kept: Some(kept), key, has_spare })
            }
        }
    }

    fn answer(&self, kept: &Kept, handled: Handled) -> Response<CacheBody<ResBody>> {
        let level = kept.level;
        let stale = |reason| Lookup::StaleHit { level, reason };
        self.shared.responses.0.core.looked(match (handled.answer, level) {
            (Answered::Fresh, Level::Memory) => Lookup::MemoryHit,
            (Answered::Fresh, Level::Store) => Lookup::StoreHit,
            (Answered::StaleForError, _) => stale(StaleReason::Throttled),
            _ => stale(StaleReason::Revalidating),
        });
        let shape = Shape {
            method: self.request.method(),
            headers: self.request.headers(),
            facts: self.facts,
            key: self.target.as_bytes(),
        };
        self.shared.respond(&kept.stored, kept.time(), shape, handled)
    }

    /// What is stored, as the inner service has just failed, or is slow.
    fn spare(&self, fetch: &Fetch, collapsed: Option<Forward>) -> Response<CacheBody<ResBody>> {
        let Some(kept) = &fetch.kept else { return self.nothing() };
        self.answer(kept, handled(Answered::StaleForError, collapsed))
    }

    /// The client wants nothing but what is stored, and that is nothing (RFC 9111, section 5.2.1.7).
    fn nothing(&self) -> Response<CacheBody<ResBody>> {
        let mut response = Response::new(CacheBody::empty());
        *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
        let handled = Handled::new(Answered::Nothing);
        self.shared.responses.0.tell(handled);
        // No member of `Cache-Status`: it is made here of nothing (RFC 9211, section 2).
        response.extensions_mut().insert(handled);
        response
    }

    /// Whether the response may be for others as well, and that of another for this one.
    fn collapses(&self, fetch: &Fetch, directives: &RequestDirectives) -> bool {
        let is_for_others = *self.request.method() == Method::GET
            && !self.facts.has(Facts::CONDITIONS)
            && !self.facts.has(Facts::RANGE)
            && !directives.no_store;
        let takes_others = fetch.forward != Forward::Request
            && !directives.no_cache
            && directives.max_age.is_none_or(|most| !most.is_zero())
            // What was never fresh will not be.
            && fetch.kept.as_ref().is_none_or(|kept| !kept.stored.fresh_for().is_zero());
        let responses = &self.shared.responses.0;
        is_for_others
            && takes_others
            && !responses.passes.contains(self.hash_of(&fetch.key), || responses.core.now())
    }

    fn join(&self, key: &Key) -> Joined<Key, Fetched> {
        let responses = &self.shared.responses.0;
        let fence = responses.core.fence(key);
        let began = responses.core.begin_reading().sequence();
        responses.fetches.join(key, began, |began| began >= fence)
    }

    fn is_there(&self) -> bool {
        let mut key = Encoded::from_key(&self.target);
        let normalise = &self.shared.settings.normalise;
        let selection = Selection { headers: self.request.headers(), normalise };
        self.shared.responses.0.peek(&mut key, selection).is_some()
    }

    fn is_held_back(&self, kept: Option<&Kept>) -> bool {
        kept.is_some_and(|kept| kept.is_held_back(self.shared.responses.0.core.now()))
    }

    /// Fetches anew what has just been served stale, unless that is done already or was tried a
    /// moment ago: all of it, whatever part or condition its client asked for.
    fn revalidate(mut self, kept: Kept) {
        if self.is_held_back(Some(&kept)) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        let Joined::Leader(duty, _) = self.join(&kept.key) else { return };
        if self.is_there() {
            return duty.land(Fetched::Stored);
        }
        *self.request.method_mut() = Method::GET;
        self.facts =
            self.facts.without(Facts::CONDITIONS).without(Facts::RANGE).without(Facts::DIRECTIVES);
        let attempt = Attempt { kept: kept.clone(), shared: Arc::clone(&self.shared) };
        let mut origin = Origin::new(&self, Forward::Stale, kept.key.clone(), Some(kept));
        *origin.is_answered.get_mut() = true;
        // What the client takes or wants is not what the cache wants.
        for name in [CACHE_CONTROL, PRAGMA] {
            self.request.headers_mut().remove(name);
        }
        let patience = self.shared.settings.patience;
        let fetching = self.ask(Arc::new(origin), Some(duty));
        runtime.spawn(async move {
            // What is left of the body is read by itself.
            outlive(patience, fetching).await;
            drop(attempt);
        });
    }

    /// Asks the inner service; where a stale response may stand for its answer, no longer than the
    /// soft timeout.
    async fn fetch(
        self,
        origin: Origin,
        duty: Option<Duty>,
    ) -> Result<Response<CacheBody<ResBody>>, S::Error> {
        let settings = &self.shared.settings;
        let (soft, patience) = (settings.soft_timeout, settings.patience);
        let origin = Arc::new(origin);
        let fetching = self.ask(Arc::clone(&origin), duty);
        let (Some(soft), true) = (soft, origin.has_spare()) else {
            return fetching.await;
        };
        let mut fetching = Box::pin(fetching);
        if let Ok(result) = timeout(soft, &mut fetching).await {
            return result;
        }
        let spare = origin.spare(None);
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(outlive(patience, fetching));
        }
        Ok(spare)
    }
}

/// A request that waited for another has gone forward with it (RFC 9211, section 2.6).
const fn handled(answer: Answered, collapsed: Option<Forward>) -> Handled {
    Handled { forward: collapsed, collapsed: collapsed.is_some(), ..Handled::new(answer) }
}

/// Waits for the fetch of another: where what is stored may stand for the answer of a slow one, as
/// long as that has time, else as long as there is any.
async fn wait_for(
    flight: Flight<Fetched>,
    soft: Option<Duration>,
    until: Instant,
    waits: &mut usize,
) -> Waited {
    let soft = soft.map(|soft| Instant::now() + soft).filter(|soft| *soft < until);
    match timeout_at(soft.unwrap_or(until), flight.wait()).await {
        Ok(Landed::Outcome(Fetched::Stored | Fetched::Varies)) => {
            *waits += 1;
            Waited::LookAgain
        }
        Ok(Landed::Abandoned) => Waited::LookAgain,
        Err(_) if soft.is_some() => Waited::Slow,
        Ok(Landed::Outcome(Fetched::NotStored)) | Err(_) => Waited::Ask,
    }
}

/// Goes on with what nobody waits for any more.
async fn outlive(patience: Duration, fetching: impl Future) {
    drop(timeout(patience, fetching).await);
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let now = self.shared.responses.0.core.now();
        self.kept.hold_back(now.saturating_add(RETRY));
    }
}
