//! After an invalidation has returned and its messages were told, nobody sees what was before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bartizan_cache::test_util::Fault;
use bartizan_cache::{Item, Options};
use fastrand::Rng;

use super::support::{HOUR, Instance, SOON, Users, World, cluster, settle};

const KEYS: usize = 3;
const TAGS: [&str; 2] = ["even", "odd"];

/// Where the data comes from: a version for each key, which only ever rises.
#[derive(Debug, Default)]
struct Source([AtomicU64; KEYS]);

impl Source {
    fn version(&self, key: usize) -> u64 {
        self.0[key].load(Ordering::SeqCst)
    }

    fn change(&self, key: usize) -> u64 {
        self.0[key].fetch_add(1, Ordering::SeqCst) + 1
    }
}

/// Reads the source before it waits, so that what it brings is as old as can be.
async fn read(users: &Users, source: &Arc<Source>, key: usize, wait: Duration) -> u64 {
    let read_from = Arc::clone(source);
    let loader = async move |_| {
        let version = read_from.version(key).to_string();
        tokio::time::sleep(wait).await;
        Ok::<_, ()>(Item::new(version).with_tag(TAGS[key % 2]))
    };
    let found = users.get_or_load(key.to_string().as_str(), loader).await.unwrap();
    found.parse().unwrap()
}

/// Changes the source, then says so in one of the ways there are.
async fn write(users: &Users, source: &Source, key: usize, how: u8) {
    let version = source.change(key);
    let name = key.to_string();
    match how {
        0 => users.remove(name.as_str()).await,
        1 => users.remove_tag(TAGS[key % 2]).await,
        2 => users.clear().await,
        // Only the one writer of a key knows that there is no later version.
        _ => {
            let item = Item::new(version.to_string()).with_tag(TAGS[key % 2]);
            users.set(name.as_str(), item).await
        }
    };
}

/// What goes wrong in a schedule.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// Messages are late, repeated and told in another order.
    Messages,
    /// Calls are slow as well.
    Slow,
    /// Listeners lose their connection now and then, and with it messages.
    Cut,
    /// The store is away for an instance now and then.
    Outage,
    /// Calls fail, or are made and seem to fail.
    Errors,
}

fn begin(trouble: Trouble, instance: &Instance, seed: u64) {
    let control = &instance.control;
    let late = |millis| Duration::from_millis(millis);
    control.inject(Fault::late_message(late(7)).with_chance(0.3, seed));
    control.inject(Fault::late_message(late(60)).with_chance(0.1, seed + 1));
    control.inject(Fault::repeated_message().with_chance(0.3, seed + 2));
    control.inject(Fault::swapped_message().with_chance(0.3, seed + 3));
    if !matches!(trouble, Trouble::Messages) {
        control.inject(Fault::slow(late(3)).with_chance(0.3, seed + 4));
        control.inject(Fault::slow(late(20)).with_chance(0.1, seed + 5));
    }
    if matches!(trouble, Trouble::Errors) {
        let kind = bartizan_cache::StoreErrorKind::Timeout;
        control.inject(Fault::error(kind).with_chance(0.1, seed + 6));
        control.inject(Fault::lost_answer().with_chance(0.1, seed + 7));
    }
}

async fn disturb(trouble: Trouble, members: Vec<Arc<Instance>>, mut rng: Rng) {
    for _ in 0..6 {
        let instance = rng.choice(&members).unwrap();
        match trouble {
            Trouble::Cut => {
                instance.control.disconnect_listeners();
                tokio::time::sleep(Duration::from_millis(rng.u64(1..60))).await;
                instance.control.reconnect_listeners();
            }
            Trouble::Outage => {
                instance.control.down();
                tokio::time::sleep(Duration::from_millis(rng.u64(1..400))).await;
                instance.control.up();
            }
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(rng.u64(1..60))).await;
    }
}

/// One schedule: returns what was seen that should not have been.
async fn schedule(trouble: Trouble, seed: u64) -> Option<String> {
    let options = Options::new(HOUR).with_tag("all");
    let (_world, members): (World, _) = cluster(3, &options).await;
    let source = Arc::new(Source::default());
    for (index, (instance, _)) in members.iter().enumerate() {
        begin(trouble, instance, seed * 100 + 10 * index as u64);
    }
    let (instances, caches): (Vec<_>, Vec<_>) = members.into_iter().unzip();
    let instances: Vec<_> = instances.into_iter().map(Arc::new).collect();
    let mut tasks = Vec::new();
    for reader in 0..6 {
        let (users, source) = (caches[reader % 3].clone(), Arc::clone(&source));
        let mut rng = Rng::with_seed(seed * 1_000 + reader as u64);
        tasks.push(tokio::spawn(async move {
            for _ in 0..40 {
                let wait = Duration::from_millis(rng.u64(0..12));
                read(&users, &source, rng.usize(..KEYS), wait).await;
                tokio::time::sleep(Duration::from_millis(rng.u64(0..10))).await;
            }
        }));
    }
    for key in 0..KEYS {
        let (caches, source) = (caches.clone(), Arc::clone(&source));
        let mut rng = Rng::with_seed(seed * 1_000 + 500 + key as u64);
        // In an outage a set may lose against a clear that came before it, or win against one.
        let ways = if matches!(trouble, Trouble::Outage) { 2 } else { 4 };
        tasks.push(tokio::spawn(async move {
            for _ in 0..12 {
                let users = rng.choice(&caches).unwrap();
                write(users, &source, key, rng.u8(..ways)).await;
                tokio::time::sleep(Duration::from_millis(rng.u64(0..30))).await;
            }
        }));
    }
    tasks.push(tokio::spawn(disturb(trouble, instances.clone(), Rng::with_seed(seed))));
    for task in tasks {
        task.await.unwrap();
    }
    for instance in &instances {
        instance.control.heal();
    }
    // What is held back is told, what waits is repeated.
    tokio::time::sleep(SOON).await;
    settle().await;
    for key in 0..KEYS {
        for round in 0..2 {
            for (index, users) in caches.iter().enumerate() {
                let version = read(users, &source, key, Duration::ZERO).await;
                let expected = source.version(key);
                if version != expected {
                    return Some(format!(
                        "{trouble:?}, seed {seed}: instance {index} sees {version} of {expected} \
                         under {key} in round {round}"
                    ));
                }
            }
        }
    }
    None
}

async fn schedules(trouble: Trouble, count: u64) {
    let mut wrong = Vec::new();
    for seed in 0..count {
        wrong.extend(schedule(trouble, seed).await);
    }
    assert!(wrong.is_empty(), "{} of {count}: {wrong:#?}", wrong.len());
}

#[tokio::test(start_paused = true)]
async fn whatever_becomes_of_messages_that_are_told_at_last() {
    schedules(Trouble::Messages, 60).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_time_calls_take() {
    schedules(Trouble::Slow, 60).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_messages_are_lost_in_a_disconnection() {
    schedules(Trouble::Cut, 60).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_is_changed_in_an_outage() {
    schedules(Trouble::Outage, 60).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_calls_fail_or_seem_to_fail() {
    schedules(Trouble::Errors, 60).await;
}
