use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};

use crate::{Decided, Delayed, FellBack, MemoryStats, MemoryStore, Observer, StoreAnswered};

/// Counts decisions, delays and outages on a given meter.
///
/// Instruments: `bartizan.rate_limit.decisions` with `bartizan.class`, `bartizan.tier` and
/// `bartizan.decision`; `bartizan.rate_limit.delays` (seconds) with class and tier;
/// `bartizan.rate_limit.fallbacks` with `bartizan.class`, `bartizan.outage` and `error.type`;
/// `bartizan.rate_limit.store.duration` (seconds), with `error.type` when the store failed.
///
/// A clone shares the instruments.
#[derive(Clone, Debug)]
pub struct OpenTelemetryObserver(Arc<Instruments>);

#[derive(Debug)]
struct Instruments {
    decisions: Counter<u64>,
    delays: Histogram<f64>,
    fallbacks: Counter<u64>,
    store: Histogram<f64>,
}

/// Seconds: from what a store in the same rack takes to what a timeout takes.
const STORE_SECONDS: [f64; 10] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0];
/// Seconds: delays are chosen by people.
const DELAY_SECONDS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

impl OpenTelemetryObserver {
    /// Makes the instruments once.
    #[must_use]
    pub fn new(meter: &Meter) -> Self {
        Self(Arc::new(Instruments {
            decisions: meter
                .u64_counter("bartizan.rate_limit.decisions")
                .with_description("What limits said of requests.")
                .with_unit("{decision}")
                .build(),
            delays: meter
                .f64_histogram("bartizan.rate_limit.delays")
                .with_description("How long requests were slowed down.")
                .with_unit("s")
                .with_boundaries(DELAY_SECONDS.to_vec())
                .build(),
            fallbacks: meter
                .u64_counter("bartizan.rate_limit.fallbacks")
                .with_description("Limits that the store could not decide.")
                .with_unit("{limit}")
                .build(),
            store: meter
                .f64_histogram("bartizan.rate_limit.store.duration")
                .with_description("How long the store took to decide.")
                .with_unit("s")
                .with_boundaries(STORE_SECONDS.to_vec())
                .build(),
        }))
    }
}

// The names of classes and tiers are configured, not `'static`, so each event copies them.
impl Observer for OpenTelemetryObserver {
    fn decided(&self, event: &Decided<'_>) {
        self.0.decisions.add(
            1,
            &[
                KeyValue::new("bartizan.class", event.class.to_owned()),
                KeyValue::new("bartizan.tier", event.tier.to_owned()),
                KeyValue::new("bartizan.decision", event.decision.as_str()),
            ],
        );
    }

    fn delayed(&self, event: &Delayed<'_>) {
        self.0.delays.record(
            event.wait.as_secs_f64(),
            &[
                KeyValue::new("bartizan.class", event.class.to_owned()),
                KeyValue::new("bartizan.tier", event.tier.to_owned()),
            ],
        );
    }

    fn fell_back(&self, event: &FellBack<'_>) {
        self.0.fallbacks.add(
            1,
            &[
                KeyValue::new("bartizan.class", event.class.to_owned()),
                KeyValue::new("bartizan.outage", event.outage.as_str()),
                KeyValue::new("error.type", event.kind.as_str()),
            ],
        );
    }

    fn answered(&self, event: &StoreAnswered) {
        let seconds = event.elapsed.as_secs_f64();
        match event.failure {
            None => self.0.store.record(seconds, &[]),
            Some(kind) => {
                self.0.store.record(seconds, &[KeyValue::new("error.type", kind.as_str())]);
            }
        }
    }
}

/// Tells what a store within the process holds, as often as the meter is collected. The meter's
/// provider keeps the store from then on.
///
/// Instruments: `bartizan.rate_limit.memory.subjects` and `.bytes` (gauges), `.evicted` and
/// `.overflowed` (counters).
pub fn observe_memory_store<C>(meter: &Meter, store: &MemoryStore<C>)
where
    C: Send + Sync + 'static,
{
    let gauge = |name, unit, says, read: fn(MemoryStats) -> u64| {
        let store = store.clone();
        let instrument = meter.u64_observable_gauge(name).with_description(says).with_unit(unit);
        instrument.with_callback(move |told| told.observe(read(store.stats()), &[])).build();
    };
    let counter = |name, unit, says, read: fn(MemoryStats) -> u64| {
        let store = store.clone();
        let instrument = meter.u64_observable_counter(name).with_description(says).with_unit(unit);
        instrument.with_callback(move |told| told.observe(read(store.stats()), &[])).build();
    };
    let held = "Subjects that the store holds.";
    gauge("bartizan.rate_limit.memory.subjects", "{subject}", held, |stats| stats.subjects as u64);
    let bytes = "Bytes allocated for them.";
    gauge("bartizan.rate_limit.memory.bytes", "By", bytes, |stats| stats.bytes as u64);
    let evicted = "Subjects forgotten at the cap that had consumed something.";
    counter("bartizan.rate_limit.memory.evicted", "{subject}", evicted, |stats| stats.evicted);
    let overflowed = "Decisions made on an overflow subject.";
    counter("bartizan.rate_limit.memory.overflowed", "{decision}", overflowed, |stats| {
        stats.overflowed
    });
}
