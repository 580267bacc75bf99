use std::sync::Arc;

use bartizan_cache::{CacheStats, Reach};
use bartizan_redis_link::{BreakerState, LinkState};
use serde::Serialize;

use super::{Caching, reach_label};

/// What the caches have done since the start, as it is on the wire.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CachesReport {
    /// `memory`, or `redis` where that is the second level.
    level: &'static str,
    /// Whether Redis can be asked; nothing without Redis.
    connected: Option<bool>,
    /// `closed`, `open` or `halfOpen`; nothing without Redis.
    breaker: Option<&'static str>,
    caches: Vec<CacheReport>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CacheReport {
    name: Arc<str>,
    hits: u64,
    hit_ratio: Option<f64>,
    /// The entries in memory.
    size: u64,
    #[serde(flatten)]
    stats: CacheStats,
}

/// A cache that was cleared.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cleared {
    name: String,
    /// `local`, `shared`, or `queued` until Redis is back.
    reach: &'static str,
}

impl Cleared {
    pub(super) fn new(name: &str, reach: Reach) -> Self {
        Self { name: name.to_owned(), reach: reach_label(reach) }
    }
}

impl Caching {
    pub(crate) fn report(&self) -> CachesReport {
        let caches = self.caches.stats().into_iter().map(|(name, stats)| CacheReport {
            name,
            hits: stats.hits(),
            hit_ratio: stats.hit_ratio(),
            size: stats.entries,
            stats,
        });
        let redis = self.redis.as_ref();
        CachesReport {
            level: if redis.is_some() { "redis" } else { "memory" },
            connected: redis.map(|link| link.state() == LinkState::Connected),
            breaker: redis.map(|link| match link.breaker() {
                BreakerState::Closed => "closed",
                BreakerState::Open { .. } => "open",
                BreakerState::HalfOpen => "halfOpen",
            }),
            caches: caches.collect(),
        }
    }
}
