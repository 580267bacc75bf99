use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

use super::Caches;
use crate::stats::CacheStats;

/// Tells what caches hold and what waits in them, as often as the meter is collected. The meter's
/// provider does not keep the caches: nothing is told of those that have gone.
///
/// Instruments, all gauges with `bartizan.cache`, the cache's name: `bartizan.cache.entries`,
/// `.weight` and `.capacity` of the memory, `.queued` (operations that wait for the store) and
/// `.in_flight` (loaders that have not ended).
pub fn observe_caches(meter: &Meter, caches: &Caches) {
    let gauge = |name, unit, says, read: fn(CacheStats) -> u64| {
        let caches = Arc::downgrade(&caches.0);
        let instrument = meter.u64_observable_gauge(name).with_description(says).with_unit(unit);
        let instrument = instrument.with_callback(move |told| {
            let Some(shared) = caches.upgrade() else { return };
            for (name, stats) in Caches(shared).stats() {
                told.observe(read(stats), &[KeyValue::new("bartizan.cache", name)]);
            }
        });
        instrument.build();
    };
    let entries = "Entries in memory.";
    gauge("bartizan.cache.entries", "{entry}", entries, |stats| stats.entries);
    // Bytes or entries, as each cache is configured.
    let weight = "The weight of the entries in memory.";
    gauge("bartizan.cache.weight", "1", weight, |stats| stats.weight);
    let capacity = "The greatest weight that they may have.";
    gauge("bartizan.cache.capacity", "1", capacity, |stats| stats.capacity);
    let queued = "Operations that wait for the store.";
    gauge("bartizan.cache.queued", "{operation}", queued, |stats| stats.queued);
    let in_flight = "Loaders that have not ended.";
    gauge("bartizan.cache.in_flight", "{loader}", in_flight, |stats| stats.in_flight);
}
