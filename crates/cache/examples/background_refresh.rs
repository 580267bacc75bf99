//! What callers see of a source that is slow, late and sometimes broken: a timeline.
//!
//! `cargo run -p bartizan-cache --example background_refresh --features test-util`
//!
//! Time is that of a paused runtime, so ten minutes take none.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bartizan_cache::test_util::TokioClock;
use bartizan_cache::{Cache, Caches, Freshness, LoadError, Options, Source, StaleReason};
use tokio::time::{Instant, sleep, sleep_until};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// Plays the timeline and checks it.
pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let options = Options::new(60 * SECOND)
        .with_eager_refresh(0.8)?
        .with_stale_while_revalidate(30 * SECOND)
        .with_fail_safe(3_600 * SECOND, 10 * SECOND)
        .with_soft_timeout(SECOND);
    let caches = Caches::builder().with_clock(TokioClock::new()).build();
    let source = Arc::new(Rates::new());
    let play = Play {
        began: Instant::now(),
        cache: caches.cache("rate").with_options(options).build()?,
        source: Arc::clone(&source),
    };

    println!("the first caller waits for the source, which takes 0.8 s");
    play.at(0, Seen { version: 1, how: How::Loaded, waited: 800 * MILLISECOND }).await?;
    play.at(30, Seen::fresh(1)).await?;

    println!("past 80 % of the 60 s a hit begins to load again, and waits for nothing");
    play.at(50, Seen::fresh(1)).await?;
    play.at(55, Seen::fresh(2)).await?;

    println!("up to 30 s past its lifetime the stale value is served in the meantime");
    play.at(120, Seen::stale(2, StaleReason::Revalidating)).await?;
    play.at(125, Seen::fresh(3)).await?;

    println!("the source is broken: for an hour the last value is better than none");
    source.is_broken.store(true, Ordering::Relaxed);
    let failed = Seen { waited: 800 * MILLISECOND, ..Seen::stale(3, StaleReason::LoaderFailed) };
    play.at(300, failed).await?;
    println!("and for 10 s it is not asked again");
    play.at(305, Seen::stale(3, StaleReason::Throttled)).await?;

    println!("the source is well again");
    source.is_broken.store(false, Ordering::Relaxed);
    play.at(320, Seen { version: 4, how: How::Loaded, waited: 800 * MILLISECOND }).await?;

    println!("the source takes 5 s: nobody waits longer than 1 s, and it goes on");
    source.takes.store(5_000, Ordering::Relaxed);
    let slow = Seen { waited: SECOND, ..Seen::stale(4, StaleReason::LoaderSlow) };
    play.at(500, slow).await?;
    play.at(510, Seen::fresh(5)).await?;

    let stats = play.cache.stats();
    // One at each of 0, 50, 120, 300, 320 and 500 seconds, of which that at 300 failed.
    assert_eq!((stats.loads, stats.load_failures), (6, 1));
    println!("{} loads for {} callers", stats.loads, stats.requests());
    Ok(())
}

struct Play {
    began: Instant,
    cache: Cache<String, u64>,
    source: Arc<Rates>,
}

/// What a caller is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    version: u64,
    how: How,
    waited: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Fresh,
    Loaded,
    Stale(StaleReason),
}

impl Seen {
    const fn fresh(version: u64) -> Self {
        Self { version, how: How::Fresh, waited: Duration::ZERO }
    }

    const fn stale(version: u64, reason: StaleReason) -> Self {
        Self { version, how: How::Stale(reason), waited: Duration::ZERO }
    }
}

impl Play {
    /// Asks when so many seconds have gone by.
    async fn at(&self, second: u32, expected: Seen) -> Result<(), LoadError<Broken>> {
        sleep_until(self.began + second * SECOND).await;
        let asked = Instant::now();
        let source = Arc::clone(&self.source);
        let found = self.cache.get_or_load("eur", async move |_| source.ask().await).await?;
        let how = match (found.freshness(), found.source()) {
            (Freshness::Stale(reason), _) => How::Stale(reason),
            (_, Source::Loaded) => How::Loaded,
            _ => How::Fresh,
        };
        let seen = Seen { version: *found, how, waited: asked.elapsed() };
        let waited = seen.waited.as_secs_f64();
        println!("{second:>5} s  version {}, {how:?}, after {waited:.1} s", seen.version);
        assert_eq!(seen, expected, "at {second} s");
        Ok(())
    }
}

/// Stands for something that is asked over the network.
struct Rates {
    version: AtomicU64,
    /// Milliseconds.
    takes: AtomicU64,
    is_broken: AtomicBool,
}

impl Rates {
    fn new() -> Self {
        let takes = AtomicU64::new(800);
        Self { version: AtomicU64::new(0), takes, is_broken: AtomicBool::new(false) }
    }

    async fn ask(&self) -> Result<u64, Broken> {
        sleep(Duration::from_millis(self.takes.load(Ordering::Relaxed))).await;
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(Broken);
        }
        Ok(self.version.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

#[derive(Debug)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the source is broken")
    }
}

impl Error for Broken {}
