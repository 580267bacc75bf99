use std::time::Duration;

/// How long to wait before the next attempt: doubling, with up to half left out at random.
#[derive(Debug)]
pub(crate) struct Backoff {
    min: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new((min, max): (Duration, Duration)) -> Self {
        Self { min, max: max.max(min), next: min }
    }

    pub(crate) fn next(&mut self) -> Duration {
        let delay = self.next;
        self.next = delay.saturating_mul(2).min(self.max);
        delay.mul_f64(1.0 - fastrand::f64() / 2.0)
    }

    /// Begins anew after a connection that lasted; one that broke at once does not count as one.
    pub(crate) fn lasted(&mut self, lasted: Duration) {
        if lasted >= self.max {
            self.next = self.min;
        }
    }
}
