//! Caches in virtual time, loaders that do what a test says, and an observer that remembers.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bartizan_cache::test_util::TokioClock;
use bartizan_cache::{
    Cache, CacheBuilder, Cached, Caches, Coalesced, Freshness, Item, Level, Load, LoadError,
    Loaded, Looked, Lookup, NotKept, NotStored, Observer, Options, Source, StaleReason,
};
use tokio::time::sleep;

pub(crate) type Numbers = Cache<String, u32>;
pub(crate) type Answer = Result<Cached<u32>, LoadError<Broken>>;
type Loading = Pin<Box<dyn Future<Output = Result<Item<u32>, Broken>> + Send>>;

/// What loaders fail with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken;

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The last moment, as timers see it, that is not yet so far away.
pub(crate) const fn just_before(time: Duration) -> Duration {
    time.saturating_sub(millis(1))
}

/// Entries live for a minute, and nothing more.
pub(crate) fn minute() -> Options {
    Options::new(secs(60))
}

/// A minute, and stale for ten more; after a failure five seconds without a loader.
pub(crate) fn safe() -> Options {
    minute().with_fail_safe(secs(600), secs(5))
}

/// Describes a cache whose time is the runtime's.
pub(crate) fn describe<V: Clone + Send + Sync + 'static>(
    options: Options,
) -> CacheBuilder<String, V> {
    let caches = Caches::builder().with_clock(TokioClock::new()).build();
    caches.cache("numbers").with_options(options)
}

pub(crate) fn numbers(options: Options) -> Numbers {
    describe(options).build().unwrap()
}

pub(crate) fn observed(options: Options) -> (Numbers, Seen) {
    let seen = Seen::default();
    let caches =
        Caches::builder().with_clock(TokioClock::new()).with_observer(seen.clone()).build();
    (caches.cache("numbers").with_options(options).build().unwrap(), seen)
}

/// Lets every task go on as far as it can without time going by.
pub(crate) async fn settle() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

/// Lets time go by, and every task with it.
pub(crate) async fn pass(time: Duration) {
    sleep(time).await;
    settle().await;
}

pub(crate) fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Value, freshness and source of an answer.
pub(crate) fn told<V: Copy>(cached: &Cached<V>) -> (V, Freshness, Source) {
    (*cached.value(), cached.freshness(), cached.source())
}

pub(crate) const fn hit<V: Copy>(value: V) -> (V, Freshness, Source) {
    (value, Freshness::Fresh, Source::Cached(Level::Memory))
}

pub(crate) const fn loaded<V: Copy>(value: V) -> (V, Freshness, Source) {
    (value, Freshness::Fresh, Source::Loaded)
}

pub(crate) const fn stale<V: Copy>(value: V, reason: StaleReason) -> (V, Freshness, Source) {
    (value, Freshness::Stale(reason), Source::Cached(Level::Memory))
}

/// Makes loaders, and counts those that have begun and those that were dropped or have ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loaders(Arc<Runs>);

#[derive(Debug, Default)]
struct Runs {
    begun: AtomicUsize,
    ended: AtomicUsize,
}

struct Run(Arc<Runs>);

impl Drop for Run {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::SeqCst);
    }
}

impl Loaders {
    pub(crate) fn begun(&self) -> usize {
        self.0.begun.load(Ordering::SeqCst)
    }

    pub(crate) fn ended(&self) -> usize {
        self.0.ended.load(Ordering::SeqCst)
    }

    pub(crate) fn run<I, F>(
        &self,
        after: Duration,
        answer: F,
    ) -> impl FnOnce(Load<u32>) -> Loading + Send + use<I, F>
    where
        I: Into<Item<u32>>,
        F: FnOnce(Load<u32>) -> Result<I, Broken> + Send + 'static,
    {
        let runs = Arc::clone(&self.0);
        move |load| {
            runs.begun.fetch_add(1, Ordering::SeqCst);
            let run = Run(runs);
            Box::pin(async move {
                let _run = run;
                if !after.is_zero() {
                    sleep(after).await;
                }
                answer(load).map(Into::into)
            })
        }
    }

    pub(crate) fn gives(&self, value: u32) -> impl FnOnce(Load<u32>) -> Loading + Send + use<> {
        self.gives_after(Duration::ZERO, value)
    }

    pub(crate) fn gives_after(
        &self,
        after: Duration,
        value: u32,
    ) -> impl FnOnce(Load<u32>) -> Loading + Send + use<> {
        self.run(after, move |_| Ok(value))
    }

    pub(crate) fn item(&self, item: Item<u32>) -> impl FnOnce(Load<u32>) -> Loading + Send + use<> {
        self.run(Duration::ZERO, move |_| Ok(item))
    }

    pub(crate) fn fails(&self) -> impl FnOnce(Load<u32>) -> Loading + Send + use<> {
        self.fails_after(Duration::ZERO)
    }

    pub(crate) fn fails_after(
        &self,
        after: Duration,
    ) -> impl FnOnce(Load<u32>) -> Loading + Send + use<> {
        self.run(after, |_| Err::<u32, _>(Broken))
    }

    pub(crate) fn panics_after(
        &self,
        after: Duration,
    ) -> impl FnOnce(Load<u32>) -> Loading + Send + use<> {
        self.run(after, |_| -> Result<u32, Broken> { std::panic::resume_unwind(Box::new(())) })
    }

    pub(crate) fn hangs(&self) -> impl FnOnce(Load<u32>) -> Loading + Send + use<> {
        self.gives_after(secs(1_000_000), 0)
    }
}

/// What an observer was told, in its order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<Event>>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Looked(Lookup),
    Loaded(bartizan_cache::Trigger, bartizan_cache::LoadOutcome, Duration),
    Coalesced,
    NotKept(NotStored),
}

impl Seen {
    /// What it was told since it was asked last.
    pub(crate) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn note(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

impl Observer for Seen {
    fn looked(&self, event: &Looked<'_>) {
        self.note(Event::Looked(event.outcome));
    }

    fn loaded(&self, event: &Loaded<'_>) {
        self.note(Event::Loaded(event.trigger, event.outcome, event.elapsed));
    }

    fn coalesced(&self, _: &Coalesced<'_>) {
        self.note(Event::Coalesced);
    }

    fn not_kept(&self, event: &NotKept<'_>) {
        self.note(Event::NotKept(event.why));
    }
}
