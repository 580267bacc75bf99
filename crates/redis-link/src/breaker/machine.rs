use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::BreakerConfig;

/// Whether the circuit breaker lets commands through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// All pass.
    Closed,
    /// None passes.
    Open {
        /// When one may try.
        until: Instant,
    },
    /// One may try, or tries now; its outcome decides.
    HalfOpen,
}

/// What changed in the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It opened; `again` when the one command that tried failed too.
    Opened {
        again: bool,
    },
    Closed,
}

/// The right to send one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// One of many.
    Free,
    /// The one that tries; the number tells it from those of earlier connections.
    Probe(u64),
}

#[derive(Debug)]
pub(crate) struct Breaker {
    config: BreakerConfig,
    /// Whether the phase is another than `Closed`: the only thing a healthy call reads.
    tripped: AtomicBool,
    /// Failures in a row while closed.
    failures: AtomicU32,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    phase: Phase,
    probe: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed,
    Open { until: Instant },
    Probing,
}

impl Breaker {
    pub(crate) const fn new(config: BreakerConfig) -> Self {
        Self {
            config,
            tripped: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            inner: Mutex::new(Inner { phase: Phase::Closed, probe: 0 }),
        }
    }

    pub(crate) fn state(&self, now: Instant) -> BreakerState {
        match self.lock().phase {
            Phase::Closed => BreakerState::Closed,
            Phase::Open { until } if now < until => BreakerState::Open { until },
            Phase::Open { .. } | Phase::Probing => BreakerState::HalfOpen,
        }
    }

    /// Admits a command, or nothing while open; the clock is only read when it matters.
    pub(crate) fn admit(&self, now: impl FnOnce() -> Instant) -> Option<Admission> {
        if !self.tripped.load(Ordering::Acquire) {
            return Some(Admission::Free);
        }
        let mut inner = self.lock();
        match inner.phase {
            Phase::Closed => Some(Admission::Free),
            Phase::Open { until } if now() >= until => {
                inner.phase = Phase::Probing;
                inner.probe += 1;
                Some(Admission::Probe(inner.probe))
            }
            Phase::Open { .. } | Phase::Probing => None,
        }
    }

    /// Redis answered.
    pub(crate) fn succeed(&self, admission: Admission) -> Option<Change> {
        match admission {
            Admission::Free => {
                if self.failures.load(Ordering::Relaxed) != 0 {
                    self.failures.store(0, Ordering::Relaxed);
                }
                None
            }
            Admission::Probe(probe) => {
                let mut inner = self.lock();
                if !inner.is_probing(probe) {
                    return None;
                }
                inner.phase = Phase::Closed;
                self.failures.store(0, Ordering::Relaxed);
                self.tripped.store(false, Ordering::Release);
                Some(Change::Closed)
            }
        }
    }

    /// Redis did not answer, or said that it serves nobody.
    pub(crate) fn fail(&self, admission: Admission, now: Instant) -> Option<Change> {
        let until = now.checked_add(self.config.open_for).unwrap_or(now);
        let mut inner = match admission {
            Admission::Free => {
                let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
                if failures < self.config.failures.get() {
                    return None;
                }
                self.lock()
            }
            Admission::Probe(_) => self.lock(),
        };
        let again = match admission {
            Admission::Free if inner.phase == Phase::Closed => false,
            Admission::Probe(probe) if inner.is_probing(probe) => true,
            // It opened already, or another connection has been made since.
            _ => return None,
        };
        inner.phase = Phase::Open { until };
        self.failures.store(0, Ordering::Relaxed);
        self.tripped.store(true, Ordering::Release);
        Some(Change::Opened { again })
    }

    /// The command was abandoned before anything was known: the next one may try instead.
    pub(crate) fn abandon(&self, admission: Admission, now: Instant) {
        if let Admission::Probe(probe) = admission {
            let mut inner = self.lock();
            if inner.is_probing(probe) {
                inner.phase = Phase::Open { until: now };
            }
        }
    }

    /// A new connection stands: if the breaker is open, one command may try at once.
    pub(crate) fn reconnected(&self, now: Instant) {
        self.failures.store(0, Ordering::Relaxed);
        let mut inner = self.lock();
        if inner.phase != Phase::Closed {
            inner.phase = Phase::Open { until: now };
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn is_probing(&self, probe: u64) -> bool {
        self.phase == Phase::Probing && self.probe == probe
    }
}
