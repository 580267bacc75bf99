use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bartizan_cache::Reach;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::instance::{Change, Instance};
use super::source::Source;
use crate::support::{PATIENCE, until};

/// After a fault all instances agree within this time: the longest that a link waits between two
/// attempts to connect (2 s), the time that its breaker stays open (1 s), and room for a machine that
/// does other things.
pub(super) const AGREEMENT: Duration = Duration::from_secs(5);

/// When nothing is wrong they agree within this time after a change was told.
const PROPAGATION: Duration = Duration::from_secs(1);

/// What the load saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) shared: u32,
    pub(super) queued: u32,
}

const INSTANCES: u32 = 2;
const READERS: u32 = 3;
const KEYS: u32 = 6;

/// Two instances under load while `fault` does its worst; returns what changes came to meanwhile.
pub(super) async fn endure(url: &str, fault: impl AsyncFnOnce()) -> Seen {
    let (told, aged) = (Arc::new(Source::new(KEYS)), Arc::new(Source::new(KEYS)));
    let instances: Vec<_> =
        (0..INSTANCES).map(|number| Arc::new(Instance::new(number, url, &told, &aged))).collect();
    for instance in &instances {
        // Not if there is nobody yet.
        instance.caches.ready(Duration::from_secs(1)).await;
    }
    let (changes, reads) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(true)));
    let mut changing = JoinSet::new();
    let mut reading = JoinSet::new();
    let counts = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
    for instance in &instances {
        let (own, on, counts) = (Arc::clone(instance), Arc::clone(&changes), Arc::clone(&counts));
        changing.spawn(async move {
            while on.load(Ordering::Relaxed) {
                change(&own, &counts).await;
                sleep(Duration::from_millis(fastrand::u64(..20))).await;
            }
        });
        for _ in 0..READERS {
            let (own, on) = (Arc::clone(instance), Arc::clone(&reads));
            reading.spawn(async move {
                while on.load(Ordering::Relaxed) {
                    own.read(fastrand::u32(..), fastrand::u32(..KEYS)).await;
                    sleep(Duration::from_millis(1)).await;
                }
            });
        }
    }
    let (source, on) = (Arc::clone(&aged), Arc::clone(&reads));
    reading.spawn(async move {
        while on.load(Ordering::Relaxed) {
            source.change(fastrand::u32(..KEYS));
            sleep(Duration::from_millis(10)).await;
        }
    });

    sleep(Duration::from_millis(300)).await;
    for count in &*counts {
        count.store(0, Ordering::Relaxed);
    }
    fault().await;
    let over = Instant::now();
    changes.store(false, Ordering::Relaxed);
    let seen = Seen {
        shared: counts[0].load(Ordering::Relaxed),
        queued: counts[1].load(Ordering::Relaxed),
    };
    changing.join_all().await;
    until("all instances agree", || agree(&instances)).await;
    let took = over.elapsed();
    assert!(took <= AGREEMENT, "all instances agreed after {took:?}");

    // And they do not forget it again.
    for instance in &instances {
        instance.all_is_new(0..KEYS);
    }
    sleep(Duration::from_millis(500)).await;
    assert!(agree(&instances).await);
    propagates(&instances).await;
    reads.store(false, Ordering::Relaxed);
    reading.join_all().await;
    eprintln!("agreed {took:?} after the fault, during which {seen:?}");
    seen
}

async fn agree(instances: &[Arc<Instance>]) -> bool {
    for instance in instances {
        if !instance.agrees().await {
            return false;
        }
    }
    true
}

async fn change(instance: &Instance, counts: &[AtomicU32; 2]) {
    // Keys are changed more often than all of them.
    let change = match fastrand::u32(..10) {
        0 => Change::Clear,
        1 => Change::RemoveTag,
        2..4 => Change::Expire,
        4..6 => Change::Remove,
        _ => Change::Set,
    };
    let key = fastrand::u32(..KEYS);
    let key = if change == Change::Set { instance.own(key) } else { key };
    let reach = instance.change(change, key).await;
    counts[usize::from(reach == Reach::Queued)].fetch_add(1, Ordering::Relaxed);
}

/// Every kind of change, by every instance, reaches the others.
async fn propagates(instances: &[Arc<Instance>]) {
    for instance in instances {
        for change in Change::ALL {
            let begin = Instant::now();
            // A call may time out on a machine that does other things.
            while instance.change(change, instance.own(0)).await != Reach::Shared {
                assert!(begin.elapsed() < PATIENCE, "{change:?} is never shared");
                // A key that changes again while its last change is repeated goes on waiting.
                sleep(Duration::from_millis(10)).await;
            }
            let begin = Instant::now();
            until("a change reaches the others", || agree(instances)).await;
            assert!(begin.elapsed() <= PROPAGATION, "{change:?} took {:?}", begin.elapsed());
        }
    }
}
