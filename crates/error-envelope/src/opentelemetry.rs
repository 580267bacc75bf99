use std::sync::Arc;

use bartizan_contract::Code;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Meter};

use crate::{Answered, Observer, Panicked};

/// Counts error answers and panics on a given meter.
///
/// Instruments: `bartizan.error_envelope.answers` with `http.response.status_code`, `error.type`
/// (the code) and `bartizan.origin`; `bartizan.error_envelope.panics` with `bartizan.stage`.
///
/// A clone shares the instruments: each request has one.
#[derive(Clone, Debug)]
pub struct OpenTelemetryObserver(Arc<Instruments>);

#[derive(Debug)]
struct Instruments {
    answers: Counter<u64>,
    panics: Counter<u64>,
}

impl OpenTelemetryObserver {
    /// Makes the instruments once.
    #[must_use]
    pub fn new(meter: &Meter) -> Self {
        Self(Arc::new(Instruments {
            answers: meter
                .u64_counter("bartizan.error_envelope.answers")
                .with_description("Error answers that passed the envelope.")
                .with_unit("{answer}")
                .build(),
            panics: meter
                .u64_counter("bartizan.error_envelope.panics")
                .with_description("Panics that the envelope caught.")
                .with_unit("{panic}")
                .build(),
        }))
    }
}

impl Observer for OpenTelemetryObserver {
    fn answered(&self, event: &Answered) {
        self.0.answers.add(
            1,
            &[
                KeyValue::new("http.response.status_code", i64::from(event.status.as_u16())),
                KeyValue::new("error.type", Code::as_str(event.code)),
                KeyValue::new("bartizan.origin", event.origin.as_str()),
            ],
        );
    }

    fn panicked(&self, event: &Panicked) {
        self.0.panics.add(1, &[KeyValue::new("bartizan.stage", event.stage.as_str())]);
    }
}
