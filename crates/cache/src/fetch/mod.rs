//! What is done where nothing stored answers a request: the inner service is asked, once for all who
//! ask the same, and what it says is stored.

mod change;
mod read;
mod settle;
mod store;
mod validated;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{HeaderMap, Method, Request};
use xxhash_rust::xxh3::xxh3_64;

use crate::cache::Begun;
use crate::flight::Leader;
use crate::handled::{Answered, Handled};
use crate::key::Key;
use crate::layer::Shared;
use crate::observe::Lookup;
use crate::policy::http::{Asked, Exchange, Forward, RequestDirectives};
use crate::request::{Facts, Head};
use crate::respond::Shape;
use crate::responses::{Fetched, Kept, Shelf, Target};

pub(crate) use store::length_of;

/// A request that is to be answered, and the service that is ready for it.
pub(crate) struct Errand<S, ReqBody> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) inner: S,
    pub(crate) request: Request<ReqBody>,
    pub(crate) facts: Facts,
    pub(crate) target: Key,
    /// The hash of `target`.
    pub(crate) hash: u64,
}

/// What stays of a request while the inner service has it.
pub(crate) struct Origin {
    shared: Arc<Shared>,
    method: Method,
    headers: HeaderMap,
    facts: Facts,
    directives: RequestDirectives,
    target: Key,
    /// Under which others wait for it.
    key: Key,
    /// The hash of `key`.
    hash: u64,
    /// The tag of the target, where that is needed.
    tag: Option<Box<str>>,
    path_and_query: Box<str>,
    forward: Forward,
    collapsed: bool,
    /// What was stored, and does not answer the request by itself.
    kept: Option<Kept>,
    /// Whether its client has been answered, or there is none: what comes is stored, and counts for
    /// no request.
    is_answered: AtomicBool,
}

/// What is known once the inner service has answered.
#[derive(Clone, Copy)]
struct Received {
    begun: Begun,
    exchange: Exchange,
    at: crate::Timestamp,
}

/// After a fetch has failed whose stale response could be served meanwhile, the next is not begun
/// at once.
const RETRY: Duration = Duration::from_secs(1);

/// The duty to fetch for others.
type Duty = Leader<Key, Fetched>;

impl Origin {
    fn new<S, ReqBody>(
        errand: &Errand<S, ReqBody>,
        forward: Forward,
        key: Key,
        kept: Option<Kept>,
    ) -> Self {
        let Errand { shared, request, facts, target, .. } = errand;
        let is_parted = shared.settings.is_parted();
        let head = Head::new(request);
        let at = Target::of(&head, &shared.settings.site);
        let paths = at.as_ref().map(|target| target.paths().into());
        Self {
            shared: Arc::clone(shared),
            method: request.method().clone(),
            headers: request.headers().clone(),
            facts: *facts,
            directives: errand.directives(),
            target: target.clone(),
            hash: errand.hash_of(&key),
            key,
            tag: at.filter(|_| is_parted).map(|target| target.tag()),
            path_and_query: paths.unwrap_or_default(),
            forward,
            collapsed: false,
            kept,
            is_answered: AtomicBool::new(false),
        }
    }

    fn shelf(&self) -> &Arc<Shelf> {
        &self.shared.responses.0
    }

    fn shape(&self) -> Shape<'_> {
        Shape {
            method: &self.method,
            headers: &self.headers,
            facts: self.facts,
            key: self.target.as_bytes(),
        }
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            method: &self.method,
            is_authorized: self.facts.has(Facts::AUTHORIZED),
            directives: &self.directives,
            path_and_query: &self.path_and_query,
        }
    }

    /// How it was handled, if this is what it came to.
    fn handled(&self, answer: Answered) -> Handled {
        Handled { collapsed: self.collapsed, ..Handled::new(answer) }
    }

    /// Counts the request, and tells whoever observes.
    fn tell(&self, lookup: Lookup, handled: Handled) {
        if !self.is_answered.swap(true, Ordering::Relaxed) {
            self.shelf().core.looked(lookup);
            self.shelf().tell(handled);
        }
    }
}

impl<S, ReqBody> Errand<S, ReqBody> {
    fn hash_of(&self, key: &Key) -> u64 {
        if *key == self.target { self.hash } else { xxh3_64(key.as_bytes()) }
    }

    fn directives(&self) -> RequestDirectives {
        let obeys = self.shared.settings.rules.obeys_requests;
        if obeys && self.facts.has(Facts::DIRECTIVES) {
            RequestDirectives::of(self.request.headers())
        } else {
            RequestDirectives::default()
        }
    }
}
