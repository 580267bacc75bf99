//! Two instances of a service on one Redis: what one loads the other need not, and what one
//! removes the other serves no more.
//!
//! `cargo run -p bartizan-cache --example two_instances --features redis -- redis://127.0.0.1:6379`

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bartizan_cache::{
    Cache, Cached, Caches, Item, Json, Level, LoadError, Options, Reach, RedisStore, Source,
};
use bartizan_redis_link::{Config, Link};
use tokio::task::JoinSet;
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let url = std::env::args().nth(1).ok_or("which Redis? Give its URL.")?;
    run(&url).await
}

/// How long anything may take, the first connection included.
const PATIENCE: Duration = Duration::from_secs(10);
const ASKED_AT_ONCE: u64 = 100;
const SECOND: Duration = Duration::from_secs(1);

/// Plays and checks it.
pub(crate) async fn run(url: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    // What an earlier run has left is of others.
    let namespace = format!("two-instances-{:016x}", fastrand::u64(..));
    let plans = Arc::new(Plans::default());
    let one = Instance::start(url, &namespace, &plans).await?;
    let two = Instance::start(url, &namespace, &plans).await?;

    println!("both are asked at once, {ASKED_AT_ONCE} times in all, for what neither has");
    let mut asked = JoinSet::new();
    for number in 0..ASKED_AT_ONCE {
        let instance = if number % 2 == 0 { one.clone() } else { two.clone() };
        asked.spawn(async move { instance.plan("acme").await.map(|plan| *plan) });
    }
    while let Some(version) = asked.join_next().await {
        assert_eq!(version??, 1);
    }
    println!("  the database was asked once");
    assert_eq!(plans.asked.load(Ordering::Relaxed), 1);

    println!("one loads, the other finds it in Redis");
    assert_eq!(one.plan("ajax").await?.source(), Source::Loaded);
    let found = two.plan("ajax").await?;
    assert_eq!(found.source(), Source::Cached(Level::Store));
    assert_eq!(plans.asked.load(Ordering::Relaxed), 2);

    println!("one removes it");
    plans.version.store(2, Ordering::Relaxed);
    let begun = Instant::now();
    assert_eq!(one.cache.remove("acme").await, Reach::Shared);
    let removed = begun.elapsed();
    two.until_gone("acme").await?;
    println!("  known to Redis after {removed:?}, to the other after {:?}", begun.elapsed());
    assert_eq!(*two.plan("acme").await?, 2);
    assert_eq!(*one.plan("acme").await?, 2);

    println!("the other removes all of a tag");
    plans.version.store(3, Ordering::Relaxed);
    assert_eq!(two.cache.remove_tag("plans").await, Reach::Shared);
    for customer in ["acme", "ajax"] {
        one.until_gone(customer).await?;
        assert_eq!(*one.plan(customer).await?, 3);
        assert_eq!(*two.plan(customer).await?, 3);
    }
    // Two at first, then one, then two.
    assert_eq!(plans.asked.load(Ordering::Relaxed), 5);
    println!("the database was asked 5 times in all");
    Ok(())
}

/// What one process of a service would have.
#[derive(Clone)]
struct Instance {
    cache: Cache<String, u64>,
    plans: Arc<Plans>,
}

impl Instance {
    async fn start(
        url: &str,
        namespace: &str,
        plans: &Arc<Plans>,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        // A service would wait less: here nothing is to fail because the machine is busy.
        let link = Link::connect(&Config::from_url(url)?.with_command_timeout(PATIENCE));
        let store = RedisStore::new(link).with_namespace(namespace)?;
        let caches = Caches::builder().with_store(store).with_store_timeout(PATIENCE).build();
        let options = Options::new(60 * SECOND)
            .with_tag("plans")
            .with_distributed_single_flight(PATIENCE, PATIENCE);
        let cache = caches.cache("plan").with_options(options).build_tiered(Json)?;
        // A service would begin without it, and use Redis once it is there.
        if !caches.ready(PATIENCE).await {
            return Err("Redis does not answer".into());
        }
        Ok(Self { cache, plans: Arc::clone(plans) })
    }

    async fn plan(&self, customer: &str) -> Result<Cached<u64>, LoadError<Infallible>> {
        let plans = Arc::clone(&self.plans);
        self.cache.get_or_load(customer, async move |_| plans.of().await).await
    }

    /// Waits until its memory has no valid entry.
    async fn until_gone(&self, customer: &str) -> Result<(), &'static str> {
        let begun = Instant::now();
        while self.cache.peek(customer).is_some() {
            if begun.elapsed() > PATIENCE {
                return Err("the other instance was not told");
            }
            sleep(Duration::from_micros(100)).await;
        }
        Ok(())
    }
}

/// Stands for a database.
struct Plans {
    version: AtomicU64,
    asked: AtomicU64,
}

impl Default for Plans {
    fn default() -> Self {
        Self { version: AtomicU64::new(1), asked: AtomicU64::new(0) }
    }
}

impl Plans {
    async fn of(&self) -> Result<Item<u64>, Infallible> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(200)).await;
        Ok(self.version.load(Ordering::Relaxed).into())
    }
}
