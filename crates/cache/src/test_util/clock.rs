use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::{Clock, Timestamp};

/// What both clocks show at first: a moment of November 2026, later than the age of any entry.
const START: Timestamp = Timestamp::from_nanos(1_795_179_514_311_294_000);

/// Time that stands until the test moves it. Clones show the same.
///
/// The timers of tokio do not know it: where a cache waits, for a timeout or a refresh, take
/// [`TokioClock`].
///
/// ```
/// use std::time::Duration;
///
/// use bartizan_cache::Clock;
/// use bartizan_cache::test_util::ManualClock;
///
/// let clock = ManualClock::new();
/// let begin = clock.now();
/// clock.clone().advance(Duration::from_secs(60));
/// assert_eq!(clock.now().saturating_since(begin), Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// Shows the same moment in every test.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(AtomicU64::new(START.as_nanos())))
    }

    /// Moves the time of all clones on, at most to the last moment there is.
    pub fn advance(&self, time: Duration) {
        let mut now = self.0.load(Ordering::Relaxed);
        loop {
            let then = Timestamp::from_nanos(now).saturating_add(time).as_nanos();
            let moved =
                self.0.compare_exchange_weak(now, then, Ordering::Relaxed, Ordering::Relaxed);
            match moved {
                Ok(_) => return,
                Err(present) => now = present,
            }
        }
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::Relaxed))
    }

    fn wall(&self) -> SystemTime {
        calendar(self.now())
    }
}

/// Both clocks count from the beginning of 1970.
fn calendar(moment: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(moment.as_nanos())
}

/// The time of the runtime: paused, moved and run ahead as tokio's is, so that a test moves the
/// cache and its timers at once. Clones show the same.
///
/// ```
/// use std::time::Duration;
///
/// use bartizan_cache::Clock;
/// use bartizan_cache::test_util::TokioClock;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let clock = TokioClock::new();
/// let begin = clock.now();
/// tokio::time::sleep(Duration::from_secs(60)).await;
/// assert_eq!(clock.now().saturating_since(begin), Duration::from_secs(60));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TokioClock {
    started: Instant,
    /// Threads outside of the runtime see the time of the system, which is behind or ahead of it.
    shown: Arc<AtomicU64>,
}

impl TokioClock {
    /// Starts, at the same moment in every test. To be called within the runtime.
    #[must_use]
    pub fn new() -> Self {
        Self { started: Instant::now(), shown: Arc::new(AtomicU64::new(START.as_nanos())) }
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let elapsed = Instant::now().saturating_duration_since(self.started);
        let now = START.saturating_add(elapsed).as_nanos();
        Timestamp::from_nanos(self.shown.fetch_max(now, Ordering::Relaxed).max(now))
    }

    fn wall(&self) -> SystemTime {
        calendar(self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_until_it_is_moved_and_stops_at_the_last_moment() {
        let clock = ManualClock::new();
        assert_eq!(clock.now(), Timestamp::from_nanos(1_795_179_514_311_294_000));
        clock.clone().advance(Duration::from_millis(5));
        assert_eq!(clock.now(), Timestamp::from_nanos(1_795_179_514_316_294_000));
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::from_nanos(u64::MAX));
    }

    #[tokio::test(start_paused = true)]
    async fn goes_with_the_runtime_and_never_back_on_another_thread() {
        let clock = TokioClock::new();
        assert_eq!(clock.now(), Timestamp::from_nanos(1_795_179_514_311_294_000));
        tokio::time::advance(Duration::from_secs(3_600)).await;
        let later = Timestamp::from_nanos(1_795_183_114_311_294_000);
        assert_eq!(clock.now(), later);
        let elsewhere = clock.clone();
        let seen = std::thread::spawn(move || elsewhere.now()).join();
        assert_eq!(seen.ok(), Some(later));
    }
}
