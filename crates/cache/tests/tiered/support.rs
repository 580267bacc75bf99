//! Instances over one store, and what an observer of them has seen.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bartizan_cache::test_util::{Chaos, ChaosControl, LocalStore, Operation, TokioClock};
use bartizan_cache::{
    Away, Back, Cache, CacheBuilder, Caches, Connected, Item, Json, Load, LoadError, NotDecoded,
    Observer, Options, Overflowed, Queued, Recovered, StoreCalled,
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
/// Longer than the keeper lets pass between two attempts.
pub(crate) const SOON: Duration = Duration::from_millis(600);

/// The data that instances share, and a clock for all.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: TokioClock,
    pub(crate) store: LocalStore,
}

/// What stands for a process.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) caches: Caches,
    /// What goes wrong between it and the store.
    pub(crate) control: ChaosControl,
    pub(crate) seen: Arc<Seen>,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = TokioClock::new();
        Self { store: LocalStore::new(clock.clone()), clock }
    }

    /// An instance that has reached the store.
    pub(crate) async fn instance(&self) -> Instance {
        let instance = self.start();
        assert!(instance.caches.ready(SECOND).await);
        instance
    }

    pub(crate) fn start(&self) -> Instance {
        self.start_under(ChaosControl::new())
    }

    pub(crate) fn start_under(&self, control: ChaosControl) -> Instance {
        self.start_with(control, |builder| builder)
    }

    pub(crate) fn start_with(
        &self,
        control: ChaosControl,
        with: impl FnOnce(bartizan_cache::CachesBuilder) -> bartizan_cache::CachesBuilder,
    ) -> Instance {
        let seen = Arc::new(Seen::default());
        let builder = Caches::builder()
            .with_clock(self.clock.clone())
            .with_observer(Arc::clone(&seen))
            .with_store(Chaos::new(self.store.handle(), &control));
        Instance { caches: with(builder).build(), control, seen }
    }
}

impl Instance {
    pub(crate) fn builder(&self, name: &str) -> CacheBuilder<String, String> {
        self.caches.cache(name).with_options(Options::new(HOUR))
    }

    /// A cache of two levels that is open.
    pub(crate) async fn users(&self) -> Users {
        self.open(self.builder("users")).await
    }

    pub(crate) async fn open(&self, builder: CacheBuilder<String, String>) -> Users {
        let users = builder.build_tiered(Json).unwrap();
        assert!(self.caches.ready(SECOND).await);
        users
    }

    pub(crate) fn calls(&self, operation: Operation) -> u64 {
        self.control.calls(operation)
    }
}

pub(crate) type Users = Cache<String, String>;

/// Several instances, each with a cache of the same name.
pub(crate) async fn cluster(count: usize, options: &Options) -> (World, Vec<(Instance, Users)>) {
    let world = World::new();
    let mut members = Vec::new();
    for _ in 0..count {
        let instance = world.start();
        let users = instance.open(instance.builder("users").with_options(options.clone())).await;
        members.push((instance, users));
    }
    (world, members)
}

/// Lets every task run until all wait for time to pass.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Options under which stale values are served when a loader fails.
pub(crate) fn fail_safe() -> Options {
    Options::new(HOUR).with_fail_safe(24 * HOUR, SECOND)
}

/// A loader that should not be asked.
pub(crate) async fn nobody(_: Load<String>) -> Result<String, ()> {
    panic!("the loader was asked")
}

pub(crate) async fn failing(_: Load<String>) -> Result<String, &'static str> {
    Err("no source")
}

/// What a key has now, without a loader.
pub(crate) async fn at(users: &Users, key: &str) -> Option<String> {
    users.get(key).await.map(bartizan_cache::Cached::into_value)
}

/// What a caller gets whose loader would bring `value`.
pub(crate) async fn load(users: &Users, key: &str, value: &str) -> String {
    let value = value.to_owned();
    let loaded: Result<_, LoadError<()>> = users.get_or_load(key, async move |_| Ok(value)).await;
    loaded.unwrap().into_value()
}

/// As [`load`], with tags.
pub(crate) async fn load_tagged(users: &Users, key: &str, value: &str, tag: &str) -> String {
    let item = Item::new(value.to_owned()).with_tag(tag);
    let loaded: Result<_, LoadError<()>> = users.get_or_load(key, async move |_| Ok(item)).await;
    loaded.unwrap().into_value()
}

/// What a caller gets whose loader fails.
pub(crate) async fn spare(users: &Users, key: &str) -> Option<String> {
    users.get_or_load(key, failing).await.ok().map(bartizan_cache::Cached::into_value)
}

/// What an instance was told.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) events: Mutex<Vec<String>>,
    pub(crate) undecodable: AtomicU64,
    pub(crate) failures: AtomicU64,
}

impl Seen {
    fn note(&self, event: String) {
        self.events.lock().unwrap().push(event);
    }

    pub(crate) fn events(&self) -> Vec<String> {
        self.events.lock().unwrap().clone()
    }

    /// What was noted since, and forgets it.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.events.lock().unwrap())
    }

    pub(crate) fn undecodable(&self) -> u64 {
        self.undecodable.load(Ordering::Relaxed)
    }
}

impl Observer for Seen {
    fn store_called(&self, event: &StoreCalled<'_>) {
        if event.failure.is_some() {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn not_decoded(&self, _: &NotDecoded<'_>) {
        self.undecodable.fetch_add(1, Ordering::Relaxed);
    }

    fn connected(&self, event: &Connected) {
        self.note(format!("connected, again {}", event.again));
    }

    fn away(&self, event: &Away) {
        self.note(format!("away, {}", event.kind.as_str()));
    }

    fn back(&self, _: &Back) {
        self.note("back".to_owned());
    }

    fn queued(&self, event: &Queued<'_>) {
        self.note(format!("queued {}", event.len));
    }

    fn recovered(&self, event: &Recovered) {
        self.note(format!("recovered {}, left {}", event.replayed, event.left));
    }

    fn overflowed(&self, event: &Overflowed<'_>) {
        self.note(format!("overflowed {}", event.cache));
    }
}
