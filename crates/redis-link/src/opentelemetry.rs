use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter};

use crate::{
    BreakerClosed, BreakerHalfOpened, BreakerOpened, CommandDone, Connected, Disconnected, Observer,
};

/// Counts commands, connections and the breaker's changes on a given meter.
///
/// Instruments: `bartizan.redis_link.command.duration` with `bartizan.outcome`;
/// `bartizan.redis_link.connections`; `bartizan.redis_link.outages` with `bartizan.outage`;
/// `bartizan.redis_link.breaker.changes` with `bartizan.breaker.state`; and
/// `bartizan.redis_link.up`, 1 while connected.
///
/// A clone shares the instruments.
#[derive(Clone, Debug)]
pub struct OpenTelemetryObserver(Arc<Instruments>);

#[derive(Debug)]
struct Instruments {
    commands: Histogram<f64>,
    connections: Counter<u64>,
    outages: Counter<u64>,
    breaker: Counter<u64>,
    up: Gauge<u64>,
}

impl OpenTelemetryObserver {
    /// Makes the instruments once.
    #[must_use]
    pub fn new(meter: &Meter) -> Self {
        Self(Arc::new(Instruments {
            commands: meter
                .f64_histogram("bartizan.redis_link.command.duration")
                .with_description("How long commands to Redis took.")
                .with_unit("s")
                .with_boundaries(vec![
                    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0,
                ])
                .build(),
            connections: meter
                .u64_counter("bartizan.redis_link.connections")
                .with_description("Connections for commands that were made.")
                .with_unit("{connection}")
                .build(),
            outages: meter
                .u64_counter("bartizan.redis_link.outages")
                .with_description("Times that Redis was lost or not found.")
                .with_unit("{outage}")
                .build(),
            breaker: meter
                .u64_counter("bartizan.redis_link.breaker.changes")
                .with_description("Changes of the circuit breaker.")
                .with_unit("{change}")
                .build(),
            up: meter
                .u64_gauge("bartizan.redis_link.up")
                .with_description("Whether there is a connection for commands.")
                .build(),
        }))
    }

    fn breaker(&self, state: &'static str) {
        self.0.breaker.add(1, &[KeyValue::new("bartizan.breaker.state", state)]);
    }
}

impl Observer for OpenTelemetryObserver {
    fn connected(&self, _: &Connected) {
        self.0.connections.add(1, &[]);
        self.0.up.record(1, &[]);
    }

    fn disconnected(&self, event: &Disconnected) {
        self.0.outages.add(1, &[KeyValue::new("bartizan.outage", event.outage.as_str())]);
        self.0.up.record(0, &[]);
    }

    fn breaker_opened(&self, _: &BreakerOpened) {
        self.breaker("open");
    }

    fn breaker_half_opened(&self, _: &BreakerHalfOpened) {
        self.breaker("half_open");
    }

    fn breaker_closed(&self, _: &BreakerClosed) {
        self.breaker("closed");
    }

    fn command_done(&self, event: &CommandDone) {
        self.0.commands.record(
            event.elapsed.as_secs_f64(),
            &[KeyValue::new("bartizan.outcome", event.outcome.as_str())],
        );
    }
}
