use std::time::Duration;

use crate::item::Kind;
use crate::{Options, Timestamp};

/// What an item asks for its entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) ttl: Option<Duration>,
    pub(crate) memory_ttl: Option<Duration>,
    pub(crate) store_ttl: Option<Duration>,
    pub(crate) kind: Kind,
}

/// The moments of an entry in memory, and the times of the same entry in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    pub(crate) fresh_until: Timestamp,
    pub(crate) eager_at: Timestamp,
    pub(crate) keep_until: Timestamp,
    pub(crate) store_fresh_for: Duration,
    pub(crate) store_keep_for: Duration,
}

/// How long an entry that is created `now` lives; `random` lies in 0 to 1.
pub(crate) fn lifetime(now: Timestamp, options: &Options, asked: Asked, random: f64) -> Lifetime {
    let absent = match asked.kind {
        Kind::Absent => options.absent_ttl,
        Kind::Value | Kind::NotModified => None,
    };
    let jitter = options.jitter.mul_f64(random.clamp(0.0, 1.0));
    let ttl = asked.ttl.or(absent).unwrap_or(options.ttl);
    let store = asked.store_ttl.or(options.store_ttl.filter(|_| asked.ttl.or(absent).is_none()));
    let store = store.unwrap_or(ttl).saturating_add(jitter);
    let most = asked.memory_ttl.or(options.memory_ttl).unwrap_or(Duration::MAX);
    let memory = ttl.saturating_add(jitter).min(most);
    let window = options.stale_window();
    let fresh_until = now.saturating_add(memory);
    Lifetime {
        fresh_until,
        eager_at: eager_at(now, memory, options.eager),
        keep_until: fresh_until.saturating_add(window),
        store_fresh_for: store,
        store_keep_for: store.saturating_add(window),
    }
}

/// When a hit is to load again, never if it is not to.
fn eager_at(now: Timestamp, fresh_for: Duration, share: Option<f64>) -> Timestamp {
    share.map_or(Timestamp::NEVER, |share| now.saturating_add(fresh_for.mul_f64(share)))
}

/// The moments in memory of an entry that comes from the store, where it was created at `created`.
pub(crate) fn promoted(
    created: Timestamp,
    now: Timestamp,
    fresh_for: Duration,
    keep_for: Duration,
    options: &Options,
) -> Lifetime {
    let most = options.memory_ttl.unwrap_or(Duration::MAX);
    // What is fresh is asked for again after the memory's own ttl, wherever it came from.
    let fresh_until = created.saturating_add(fresh_for).min(now.saturating_add(most)).max(created);
    Lifetime {
        fresh_until,
        eager_at: eager_at(created, fresh_for, options.eager),
        keep_until: created.saturating_add(keep_for),
        store_fresh_for: fresh_for,
        store_keep_for: keep_for,
    }
}
