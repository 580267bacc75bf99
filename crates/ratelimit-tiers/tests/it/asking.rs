//! How the modules ask a layer, and what they ask with.

use std::convert::Infallible;
use std::fmt;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bartizan_contract::ErrorReport;
use bartizan_probe::{read, strict_fn};
use bartizan_ratelimit_tiers::{
    Answer, Ask, Block, Caller, Class, ClassId, ClientIp, Clock, Decided, Delayed, FellBack, Head,
    Limits, Manage, MemoryStore, Observer, Override, Penalty, Quota, RateLimitLayer, ResolveTier,
    Store, StoreAnswered, StoreError, StoreErrorKind, Subject, SubjectHasher, Tier, Tiers,
    Timestamp, Verdict,
};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt};

/// 2025-11-20 12:24:11 GMT.
pub(crate) const START: u64 = 1_763_641_451;

/// A clock that the test turns.
#[derive(Clone, Debug)]
pub(crate) struct Hand(Arc<AtomicU64>);

impl Hand {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(START * 1_000_000_000)))
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_nanos()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn advance_secs(&self, seconds: u64) {
        self.advance(Duration::from_secs(seconds));
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::SeqCst))
    }
}

/// A store whose time is turned by hand.
pub(crate) fn store() -> (MemoryStore<Hand>, Hand) {
    let clock = Hand::new();
    (MemoryStore::with_capacity_and_clock(1 << 20, clock.clone()).unwrap(), clock)
}

/// So many in so many seconds, at once.
pub(crate) fn quota(limit: u32, seconds: u64) -> Quota {
    Quota::new(limit, Duration::from_secs(seconds)).unwrap()
}

pub(crate) fn tiers(tiers: impl IntoIterator<Item = Tier>) -> Tiers {
    Tiers::new(tiers).unwrap()
}

/// One tier, `free`, with a quota in the class `api`.
pub(crate) fn free(limit: u32, seconds: u64) -> Tiers {
    tiers([Tier::new("free").with_quota("api", quota(limit, seconds))])
}

/// One class, `api`, of all requests.
pub(crate) fn api(tiers: Tiers) -> Limits {
    Limits::new(tiers).with_class(Class::new("api"))
}

/// The caller and its tier as `x-account` and `x-tier` say.
pub(crate) fn by_account(head: &Head<'_>) -> Option<Caller> {
    let account = head.headers().get("x-account")?;
    let subject = head.subject("account", account);
    Some(match head.headers().get("x-tier") {
        Some(tier) => Caller::of_tier(subject, tier.to_str().unwrap().to_owned()),
        None => Caller::new(subject),
    })
}

pub(crate) type ByAccount = fn(&Head<'_>) -> Option<Caller>;

/// A request without a body.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

/// `GET /` of an account of the default tier.
pub(crate) fn of(account: &str) -> Request<()> {
    request("GET", "/", &[("x-account", account)])
}

/// `GET /` of an account of a tier.
pub(crate) fn of_tier(account: &str, tier: &str) -> Request<()> {
    request("GET", "/", &[("x-account", account), ("x-tier", tier)])
}

/// `GET /` from an address.
pub(crate) fn from(addr: &str) -> Request<()> {
    let mut request = request("GET", "/", &[]);
    request.extensions_mut().insert(ClientIp::new(addr.parse::<IpAddr>().unwrap()));
    request
}

/// An answer with its body read.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) report: Option<Arc<ErrorReport>>,
}

impl Heard {
    /// The value of a header, empty when it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn wait(&self) -> Duration {
        Duration::from_secs(self.header("retry-after").parse().unwrap())
    }
}

/// Reads an answer to its end.
pub(crate) async fn hear<B>(response: Response<B>) -> Heard
where
    B: Body<Data = Bytes, Error: fmt::Debug>,
{
    let (head, body) = response.into_parts();
    let (body, trailers) = read(body).await.unwrap();
    assert_eq!(trailers, None);
    let report = head.extensions.get::<Arc<ErrorReport>>().cloned();
    Heard { status: head.status.as_u16(), headers: head.headers, body, report }
}

/// A handler that answers as the path says: `/401` with that status, else 200.
pub(crate) fn handler()
-> impl Service<Request<()>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
+ Clone
+ Send {
    strict_fn(|request: Request<()>| async move {
        let status: u16 = request.uri().path()[1..].parse().unwrap_or(200);
        let body = Full::from("fine");
        Ok::<_, Infallible>(Response::builder().status(status).body(body).unwrap())
    })
}

/// Asks the handler behind a layer.
pub(crate) async fn ask<St, R, O>(layer: &RateLimitLayer<St, R, O>, request: Request<()>) -> Heard
where
    St: Store,
    R: ResolveTier,
    O: Observer,
{
    let Ok(response) = layer.layer(handler()).oneshot(request).await;
    hear(response).await
}

/// Asks so often as the list is long and holds the statuses against it.
pub(crate) async fn statuses<St, R, O>(
    layer: &RateLimitLayer<St, R, O>,
    request: impl Fn() -> Request<()>,
    expected: &[u16],
) where
    St: Store,
    R: ResolveTier,
    O: Observer,
{
    let mut found = Vec::new();
    for _ in expected {
        found.push(ask(layer, request()).await.status);
    }
    assert_eq!(found, expected);
}

/// Runs a future that waits for nothing, without a runtime.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits for something"),
    }
}

/// Runs a future that waits, once.
pub(crate) fn waits<F: Future>(future: Pin<&mut F>) {
    assert!(future.poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

pub(crate) fn method(name: &str) -> Method {
    name.parse().unwrap()
}

/// Remembers all events as lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    /// What was seen since it was last asked.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn push(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl Observer for Seen {
    fn decided(&self, event: &Decided<'_>) {
        self.push(format!("{} {} {}", event.class, event.tier, event.decision.as_str()));
    }

    fn delayed(&self, event: &Delayed<'_>) {
        self.push(format!("{} {} delayed {:?}", event.class, event.tier, event.wait));
    }

    fn fell_back(&self, event: &FellBack<'_>) {
        let (outage, kind) = (event.outage.as_str(), event.kind.as_str());
        self.push(format!("{} {outage} {kind}", event.class));
    }

    fn answered(&self, event: &StoreAnswered) {
        self.push(format!("answered {}", event.failure.map_or("well", StoreErrorKind::as_str)));
    }
}

/// How a [`Moody`] store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It answers at once.
    Prompt,
    /// It answers when it is polled again.
    Slow,
    /// It never answers.
    Hanging,
    /// It fails at once.
    Away(StoreErrorKind),
    /// It fails when it is polled again.
    SlowlyAway(StoreErrorKind),
}

/// A store over a good one, in the mood that the test wants.
#[derive(Clone, Debug)]
pub(crate) struct Moody {
    pub(crate) good: MemoryStore<Hand>,
    mood: Arc<Mutex<Mood>>,
}

impl Moody {
    pub(crate) fn new(mood: Mood) -> (Self, Hand) {
        let (good, clock) = store();
        (Self { good, mood: Arc::new(Mutex::new(mood)) }, clock)
    }

    pub(crate) fn is_now(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn mood(&self) -> Mood {
        *self.mood.lock().unwrap()
    }

    fn works(&self) -> Result<(), StoreError> {
        match self.mood() {
            Mood::Away(kind) | Mood::SlowlyAway(kind) => Err(StoreError::new(kind)),
            _ => Ok(()),
        }
    }
}

impl Store for Moody {
    type Future = Pin<Box<dyn Future<Output = Result<Verdict, StoreError>> + Send + Sync>>;

    fn decide(&self, ask: &Ask<'_>) -> Answer<Self::Future> {
        let mood = self.mood();
        let decide = || match self.good.decide(ask) {
            Answer::Now(result) => result,
            Answer::Later(_) => panic!("the good store answers at once"),
        };
        match mood {
            Mood::Prompt => Answer::Now(decide()),
            Mood::Away(kind) => Answer::Now(Err(StoreError::new(kind))),
            Mood::Hanging => Answer::Later(Box::pin(std::future::pending())),
            Mood::Slow => {
                let result = decide();
                Answer::Later(Box::pin(async {
                    tokio::task::yield_now().await;
                    result
                }))
            }
            Mood::SlowlyAway(kind) => Answer::Later(Box::pin(async move {
                tokio::task::yield_now().await;
                Err(StoreError::new(kind))
            })),
        }
    }

    fn hasher(&self) -> &SubjectHasher {
        self.good.hasher()
    }
}

impl Manage for Moody {
    async fn peek(&self, ask: &Ask<'_>) -> Result<Verdict, StoreError> {
        self.works()?;
        self.good.peek(ask).await
    }

    async fn refund(&self, ask: &Ask<'_>, taken: Timestamp) -> Result<(), StoreError> {
        self.works()?;
        if self.mood() == Mood::Slow {
            tokio::task::yield_now().await;
        }
        if self.mood() == Mood::Hanging {
            return std::future::pending().await;
        }
        self.good.refund(ask, taken).await
    }

    async fn reset(&self, subject: Subject, class: Option<ClassId>) -> Result<(), StoreError> {
        self.good.reset(subject, class).await
    }

    async fn block_until(
        &self,
        subject: Subject,
        class: Option<ClassId>,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.good.block_until(subject, class, until).await
    }

    async fn penalty(
        &self,
        subject: Subject,
        class: ClassId,
        penalty: &Penalty,
    ) -> Result<Block, StoreError> {
        self.works()?;
        self.good.penalty(subject, class, penalty).await
    }

    async fn set_override(
        &self,
        subject: Subject,
        class: ClassId,
        quota: Option<Override>,
    ) -> Result<(), StoreError> {
        self.good.set_override(subject, class, quota).await
    }
}
