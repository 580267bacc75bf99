use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};

use crate::observe::mark_label;
use crate::{
    Answered, Away, Back, Coalesced, Connected, Invalidated, Loaded, Looked, Lookup, NotDecoded,
    NotKept, Observer, Overflowed, Queued, Recovered, Responded, StoreCalled,
};

/// Counts what caches do on a given meter.
///
/// Instruments, where each but the last four has `bartizan.cache`, the cache's name:
///
/// - `bartizan.cache.lookups` with `bartizan.cache.outcome`, and for a stale hit
///   `bartizan.cache.level` and `bartizan.cache.reason`;
/// - `bartizan.cache.load.duration` (seconds) with `bartizan.cache.trigger` and
///   `bartizan.cache.outcome`;
/// - `bartizan.cache.coalesced`;
/// - `bartizan.cache.store.duration` (seconds) with `bartizan.cache.operation`, and `error.type`
///   when the store failed;
/// - `bartizan.cache.undecodable` and `bartizan.cache.not_stored` with `bartizan.cache.reason`;
/// - `bartizan.cache.invalidations` with `bartizan.cache.scope`, `bartizan.cache.mark` and
///   `bartizan.cache.origin`;
/// - `bartizan.cache.requests` with `bartizan.cache.outcome`, and for those that went by the cache
///   `bartizan.cache.reason`;
/// - `bartizan.cache.recovery.queued` and `bartizan.cache.recovery.overflowed`;
/// - `bartizan.cache.recovery.replayed`;
/// - `bartizan.cache.backplane.connections` with `bartizan.cache.again`;
/// - `bartizan.cache.store.outages` with `error.type`;
/// - `bartizan.cache.store.outage.duration` (seconds), once it is over.
///
/// A clone shares the instruments.
#[derive(Clone, Debug)]
pub struct OpenTelemetryObserver(Arc<Instruments>);

#[derive(Debug)]
struct Instruments {
    lookups: Counter<u64>,
    loads: Histogram<f64>,
    coalesced: Counter<u64>,
    store: Histogram<f64>,
    undecodable: Counter<u64>,
    not_stored: Counter<u64>,
    invalidations: Counter<u64>,
    queued: Counter<u64>,
    overflowed: Counter<u64>,
    requests: Counter<u64>,
    replayed: Counter<u64>,
    connections: Counter<u64>,
    outages: Counter<u64>,
    outage: Histogram<f64>,
}

/// Seconds: from what a store in the same rack takes to what a timeout takes.
const STORE_SECONDS: [f64; 10] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0];
/// Seconds: from a query by its key to a report.
const LOAD_SECONDS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];
/// Seconds: from a failover to a night.
const OUTAGE_SECONDS: [f64; 9] = [0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 28800.0];

impl OpenTelemetryObserver {
    /// Makes the instruments once.
    #[must_use]
    pub fn new(meter: &Meter) -> Self {
        let counter = |name, unit, says| {
            meter.u64_counter(name).with_description(says).with_unit(unit).build()
        };
        let seconds = |name, says, bounds: &[f64]| {
            let instrument = meter.f64_histogram(name).with_description(says).with_unit("s");
            instrument.with_boundaries(bounds.to_vec()).build()
        };
        Self(Arc::new(Instruments {
            lookups: counter(
                "bartizan.cache.lookups",
                "{lookup}",
                "Callers that asked for a value.",
            ),
            loads: seconds("bartizan.cache.load.duration", "How long loaders took.", &LOAD_SECONDS),
            coalesced: counter(
                "bartizan.cache.coalesced",
                "{lookup}",
                "Callers that waited for the loader of another.",
            ),
            store: seconds(
                "bartizan.cache.store.duration",
                "How long the store and the backplane took.",
                &STORE_SECONDS,
            ),
            undecodable: counter(
                "bartizan.cache.undecodable",
                "{entry}",
                "Entries of the store that were no entries.",
            ),
            not_stored: counter(
                "bartizan.cache.not_stored",
                "{value}",
                "Values that were not kept, or not in every level.",
            ),
            invalidations: counter(
                "bartizan.cache.invalidations",
                "{invalidation}",
                "Times that entries were removed or made stale.",
            ),
            queued: counter(
                "bartizan.cache.recovery.queued",
                "{operation}",
                "Operations that began to wait for the store.",
            ),
            requests: counter(
                "bartizan.cache.requests",
                "{request}",
                "Requests that have passed a layer, by where the response came from.",
            ),
            overflowed: counter(
                "bartizan.cache.recovery.overflowed",
                "{overflow}",
                "Times that too many operations waited.",
            ),
            replayed: counter(
                "bartizan.cache.recovery.replayed",
                "{operation}",
                "Operations that had waited and were repeated.",
            ),
            connections: counter(
                "bartizan.cache.backplane.connections",
                "{connection}",
                "Times that the backplane was connected.",
            ),
            outages: counter(
                "bartizan.cache.store.outages",
                "{outage}",
                "Times that the store stopped answering.",
            ),
            outage: seconds(
                "bartizan.cache.store.outage.duration",
                "How long the store did not answer.",
                &OUTAGE_SECONDS,
            ),
        }))
    }
}

// The names of caches are configured, not `'static`, so each event copies one.
fn of(cache: &str) -> KeyValue {
    KeyValue::new("bartizan.cache", cache.to_owned())
}

impl Observer for OpenTelemetryObserver {
    fn looked(&self, event: &Looked<'_>) {
        let outcome = KeyValue::new("bartizan.cache.outcome", event.outcome.as_str());
        match event.outcome {
            Lookup::MemoryHit | Lookup::StoreHit | Lookup::Miss => {
                self.0.lookups.add(1, &[of(event.cache), outcome]);
            }
            Lookup::StaleHit { level, reason } => {
                let level = KeyValue::new("bartizan.cache.level", level.as_str());
                let reason = KeyValue::new("bartizan.cache.reason", reason.as_str());
                self.0.lookups.add(1, &[of(event.cache), outcome, level, reason]);
            }
        }
    }

    fn loaded(&self, event: &Loaded<'_>) {
        self.0.loads.record(
            event.elapsed.as_secs_f64(),
            &[
                of(event.cache),
                KeyValue::new("bartizan.cache.trigger", event.trigger.as_str()),
                KeyValue::new("bartizan.cache.outcome", event.outcome.as_str()),
            ],
        );
    }

    fn coalesced(&self, event: &Coalesced<'_>) {
        self.0.coalesced.add(1, &[of(event.cache)]);
    }

    fn store_called(&self, event: &StoreCalled<'_>) {
        let seconds = event.elapsed.as_secs_f64();
        let operation = KeyValue::new("bartizan.cache.operation", event.operation.as_str());
        match event.failure {
            None => self.0.store.record(seconds, &[of(event.cache), operation]),
            Some(kind) => {
                let error = KeyValue::new("error.type", kind.as_str());
                self.0.store.record(seconds, &[of(event.cache), operation, error]);
            }
        }
    }

    fn not_decoded(&self, event: &NotDecoded<'_>) {
        let reason = KeyValue::new("bartizan.cache.reason", event.why.as_str());
        self.0.undecodable.add(1, &[of(event.cache), reason]);
    }

    fn not_kept(&self, event: &NotKept<'_>) {
        let reason = KeyValue::new("bartizan.cache.reason", event.why.as_str());
        self.0.not_stored.add(1, &[of(event.cache), reason]);
    }

    fn invalidated(&self, event: &Invalidated<'_>) {
        self.0.invalidations.add(
            1,
            &[
                of(event.cache),
                KeyValue::new("bartizan.cache.scope", event.scope.as_str()),
                KeyValue::new("bartizan.cache.mark", mark_label(event.mark)),
                KeyValue::new("bartizan.cache.origin", event.origin.as_str()),
            ],
        );
    }

    fn connected(&self, event: &Connected) {
        self.0.connections.add(1, &[KeyValue::new("bartizan.cache.again", event.again)]);
    }

    fn away(&self, event: &Away) {
        self.0.outages.add(1, &[KeyValue::new("error.type", event.kind.as_str())]);
    }

    fn back(&self, event: &Back) {
        self.0.outage.record(event.away.as_secs_f64(), &[]);
    }

    fn queued(&self, event: &Queued<'_>) {
        self.0.queued.add(1, &[of(event.cache)]);
    }

    fn recovered(&self, event: &Recovered) {
        self.0.replayed.add(event.replayed as u64, &[]);
    }

    fn overflowed(&self, event: &Overflowed<'_>) {
        self.0.overflowed.add(1, &[of(event.cache)]);
    }

    fn responded(&self, event: &Responded<'_>) {
        let outcome = KeyValue::new("bartizan.cache.outcome", event.handled.answer.as_str());
        match event.handled.answer {
            Answered::Bypassed(bypass) => {
                let reason = KeyValue::new("bartizan.cache.reason", bypass.as_str());
                self.0.requests.add(1, &[of(event.cache), outcome, reason]);
            }
            _ => self.0.requests.add(1, &[of(event.cache), outcome]),
        }
    }
}
