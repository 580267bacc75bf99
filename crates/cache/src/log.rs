use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::observe::mark_label;
use crate::{
    Away, Back, Coalesced, Connected, Invalidated, LoadOutcome, Loaded, Looked, Lookup, NotDecoded,
    NotKept, Observer, Overflowed, Queued, Recovered, Responded, StoreCalled, Undecodable,
};

/// Writes what caches do as events of `tracing`, target `bartizan::cache`.
///
/// An outage of the store is a warning once, when it begins, and its end is told once, when nothing
/// has failed for so long: a store that fails now and then would be told of with each failure. A
/// loader that panics is a warning. So are bytes in the store that are no entry, once for each
/// cache and reason, until there were none for an hour. What happens to every request is for
/// tracing, all else for debugging.
///
/// A clone shares what has been warned of. Each store should have an observer of its own, or the
/// outages of several count as one.
#[derive(Clone, Debug)]
pub struct TracingObserver {
    outage: Arc<Outage>,
    undecodable: Arc<Mutex<Found>>,
    quiet: Duration,
}

#[derive(Debug, Default)]
struct Outage {
    is_on: AtomicBool,
    span: Mutex<Option<Span>>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    began: Instant,
    last_failure: Instant,
}

/// When undecodable bytes were last found, by reason and cache.
#[derive(Debug, Default)]
struct Found(HashMap<Undecodable, HashMap<Box<str>, Instant>>);

const TARGET: &str = "bartizan::cache";
/// After so long without undecodable bytes, the next are of another deployment, or another fault.
const FORGET: Duration = Duration::from_secs(3600);

impl TracingObserver {
    /// Knows of no outage; one is over 10 seconds after its last failure.
    #[must_use]
    pub fn new() -> Self {
        let quiet = Duration::from_secs(10);
        Self { outage: Arc::default(), undecodable: Arc::default(), quiet }
    }

    /// Replaces how long nothing may fail before an outage is over.
    #[must_use]
    pub const fn with_quiet(mut self, quiet: Duration) -> Self {
        self.quiet = quiet;
        self
    }

    fn settle(&self) {
        if let Some(after) = self.outage.succeed(self.quiet, Instant::now) {
            tracing::info!(target: TARGET, ?after, "the store answers again");
        }
    }
}

impl Default for TracingObserver {
    fn default() -> Self {
        Self::new()
    }
}

impl Outage {
    /// Tells whether an outage begins now.
    fn begin(&self, now: Instant) -> bool {
        let mut span = lock(&self.span);
        self.is_on.store(true, Ordering::Relaxed);
        let began = span.map_or(now, |span| span.began);
        span.replace(Span { began, last_failure: now }).is_none()
    }

    /// Prolongs the outage, if there is one.
    fn fail(&self, now: Instant) {
        if let Some(span) = lock(&self.span).as_mut() {
            span.last_failure = now;
        }
    }

    /// Tells how long ago the outage began that this success ends.
    fn succeed(&self, quiet: Duration, now: impl FnOnce() -> Instant) -> Option<Duration> {
        // Read first: on the happy path nobody writes, so no cache line moves.
        if !self.is_on.load(Ordering::Relaxed) {
            return None;
        }
        let now = now();
        let mut span = lock(&self.span);
        let over =
            span.take_if(|span| now.saturating_duration_since(span.last_failure) >= quiet)?;
        self.is_on.store(false, Ordering::Relaxed);
        Some(now.saturating_duration_since(over.began))
    }
}

impl Found {
    /// Notes undecodable bytes, and tells whether they are news.
    fn note(&mut self, event: &NotDecoded<'_>, now: Instant) -> bool {
        let caches = self.0.entry(event.why).or_default();
        let is_over = |last: Instant| now.saturating_duration_since(last) >= FORGET;
        if let Some(last) = caches.get_mut(event.cache) {
            let is_news = is_over(*last);
            *last = now;
            return is_news;
        }
        // Caches may come and go: what would be news anyway need not be remembered.
        caches.retain(|_, last| !is_over(*last));
        caches.insert(event.cache.into(), now);
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Observer for TracingObserver {
    fn looked(&self, event: &Looked<'_>) {
        let (cache, outcome) = (event.cache, event.outcome.as_str());
        match event.outcome {
            Lookup::StaleHit { level, reason } => {
                let (level, reason) = (level.as_str(), reason.as_str());
                tracing::debug!(target: TARGET, cache, outcome, level, reason, "looked");
            }
            Lookup::MemoryHit | Lookup::StoreHit | Lookup::Miss => {
                tracing::trace!(target: TARGET, cache, outcome, "looked");
            }
        }
    }

    fn loaded(&self, event: &Loaded<'_>) {
        let Loaded { cache, elapsed, .. } = event;
        let (trigger, outcome) = (event.trigger.as_str(), event.outcome.as_str());
        if event.outcome == LoadOutcome::Panicked {
            tracing::warn!(target: TARGET, cache, trigger, ?elapsed, "a loader has panicked");
        } else {
            tracing::debug!(target: TARGET, cache, trigger, outcome, ?elapsed, "loaded");
        }
    }

    fn coalesced(&self, event: &Coalesced<'_>) {
        tracing::trace!(target: TARGET, cache = event.cache, "waits for the loader of another");
    }

    fn store_called(&self, event: &StoreCalled<'_>) {
        let StoreCalled { cache, elapsed, failure, .. } = event;
        let operation = event.operation.as_str();
        if let Some(kind) = failure {
            self.outage.fail(Instant::now());
            let error = kind.as_str();
            tracing::debug!(target: TARGET, cache, operation, error, ?elapsed, "the store failed");
        } else {
            tracing::trace!(target: TARGET, cache, operation, ?elapsed, "the store answered");
            self.settle();
        }
    }

    fn not_decoded(&self, event: &NotDecoded<'_>) {
        let (cache, reason) = (event.cache, event.why.as_str());
        // Outside of the condition, where the lock would be held while the event is written.
        let is_news = lock(&self.undecodable).note(event, Instant::now());
        if is_news {
            tracing::warn!(target: TARGET, cache, reason, "the store holds undecodable bytes");
        } else {
            tracing::debug!(target: TARGET, cache, reason, "the store holds more of them");
        }
    }

    fn not_kept(&self, event: &NotKept<'_>) {
        let (cache, reason) = (event.cache, event.why.as_str());
        tracing::debug!(target: TARGET, cache, reason, "a value was not kept");
    }

    fn invalidated(&self, event: &Invalidated<'_>) {
        let (cache, scope, mark) = (event.cache, event.scope.as_str(), mark_label(event.mark));
        let origin = event.origin.as_str();
        tracing::debug!(target: TARGET, cache, scope, mark, origin, "invalidated");
    }

    fn connected(&self, event: &Connected) {
        tracing::debug!(target: TARGET, again = event.again, "the backplane is connected");
    }

    fn away(&self, event: &Away) {
        let error = event.kind.as_str();
        if self.outage.begin(Instant::now()) {
            tracing::warn!(target: TARGET, error, "the store does not answer");
        } else {
            tracing::debug!(target: TARGET, error, "the store does not answer again");
        }
    }

    fn back(&self, event: &Back) {
        tracing::debug!(target: TARGET, away = ?event.away, "the store has answered");
        self.settle();
    }

    fn queued(&self, event: &Queued<'_>) {
        let Queued { cache, len } = event;
        tracing::debug!(target: TARGET, cache, len, "an operation waits for the store");
    }

    fn recovered(&self, event: &Recovered) {
        let Recovered { replayed, left } = event;
        tracing::debug!(target: TARGET, replayed, left, "operations were repeated");
    }

    fn overflowed(&self, event: &Overflowed<'_>) {
        tracing::debug!(target: TARGET, cache = event.cache, "the cache is to be expired");
    }

    fn responded(&self, event: &Responded<'_>) {
        let (cache, answer) = (event.cache, event.handled.answer.as_str());
        tracing::trace!(target: TARGET, cache, answer, "a request has passed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{StoreErrorKind, StoreOperation};

    const QUIET: Duration = Duration::from_secs(60);

    fn bytes(cache: &str, why: Undecodable) -> NotDecoded<'_> {
        NotDecoded::new(cache, why)
    }

    #[test]
    fn an_outage_ends_when_nothing_has_failed_for_the_quiet_time() {
        let outage = Outage::default();
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let succeeds = |second| outage.succeed(QUIET, || at(second));
        assert_eq!(succeeds(0), None);
        assert!(outage.begin(at(5)));
        assert_eq!(succeeds(64), None);
        // Begins again, before it was over.
        assert!(!outage.begin(at(64)));
        assert_eq!(succeeds(123), None);
        outage.fail(at(123));
        assert_eq!(succeeds(182), None);
        // 60 after 123, 178 after 5.
        assert_eq!(succeeds(183), Some(Duration::from_secs(178)));
        assert_eq!(outage.succeed(QUIET, || panic!("reads the clock")), None);
        assert!(outage.begin(at(1000)));
    }

    #[test]
    fn a_failure_alone_is_no_outage() {
        let outage = Outage::default();
        let now = Instant::now();
        outage.fail(now);
        assert_eq!(outage.succeed(QUIET, || now + QUIET), None);
        assert!(outage.begin(now));
    }

    #[test]
    fn a_call_that_fails_prolongs_an_outage() {
        let observer = TracingObserver::new().with_quiet(QUIET);
        let now = Instant::now();
        let Some(before) = now.checked_sub(QUIET) else { return };
        assert!(observer.outage.begin(before));
        let failure = Some(StoreErrorKind::Timeout);
        let event = StoreCalled::new("users", StoreOperation::Read, Duration::ZERO, failure);
        observer.store_called(&event);
        assert_eq!(observer.outage.succeed(QUIET, || now), None);
    }

    #[test]
    fn while_all_is_well_nobody_reads_the_clock() {
        let outage = Outage::default();
        assert_eq!(outage.succeed(QUIET, || panic!("reads the clock")), None);
    }

    #[test]
    fn undecodable_bytes_are_news_an_hour_after_the_last() {
        let mut found = Found::default();
        let start = Instant::now();
        // Minutes since the start, and whether they are news. 59 after 0, 59 after 59, 60 after 118.
        for (minute, is_news) in [(0, true), (59, false), (118, false), (178, true), (179, false)] {
            let now = start + Duration::from_secs(minute * 60);
            assert_eq!(found.note(&bytes("users", Undecodable::Value), now), is_news, "{minute}");
        }
    }

    #[test]
    fn each_cache_and_each_reason_is_news_by_itself() {
        let mut found = Found::default();
        let now = Instant::now();
        for event in [
            bytes("users", Undecodable::Value),
            bytes("users", Undecodable::Schema),
            bytes("teams", Undecodable::Value),
        ] {
            assert!(found.note(&event, now));
            assert!(!found.note(&event, now));
        }
        assert!(!found.note(&bytes("users", Undecodable::Value), now));
    }

    #[test]
    fn caches_without_undecodable_bytes_are_forgotten() {
        let mut found = Found::default();
        let start = Instant::now();
        for hour in 0..100 {
            let cache = format!("cache {hour}");
            let now = start + Duration::from_secs(3600 * hour);
            assert!(found.note(&bytes(&cache, Undecodable::Value), now));
        }
        assert_eq!(found.0[&Undecodable::Value].len(), 1);
    }

    #[test]
    fn a_clock_that_goes_back_makes_no_news() {
        let mut found = Found::default();
        let now = Instant::now();
        let event = bytes("users", Undecodable::Value);
        assert!(found.note(&event, now + Duration::from_secs(9999)));
        assert!(!found.note(&event, now));
    }
}
