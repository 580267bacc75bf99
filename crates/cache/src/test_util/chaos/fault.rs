use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fastrand::Rng;

use super::operation::{Operation, Scope};
use crate::StoreErrorKind;

/// Something that goes wrong: what, for which calls, how many times, how often.
///
/// Begins as every call of all kinds, or every message, until
/// [`ChaosControl::heal`](super::ChaosControl::heal). Several at once add up; of several errors the
/// first one is told, and only that one is counted.
///
/// ```
/// use std::time::Duration;
///
/// use bartizan_cache::StoreErrorKind;
/// use bartizan_cache::test_util::{Corruption, Fault, Operation, Scope};
///
/// let read_only = Fault::error(StoreErrorKind::ReadOnly).on(Scope::Changes);
/// let slow_reads = Fault::slow(Duration::from_secs(2)).on(Scope::Only(Operation::Read));
/// let one_in_ten = Fault::error(StoreErrorKind::Timeout).with_chance(0.1, 42);
/// let torn = Fault::corrupt(Corruption::Truncate(20)).times(1);
/// let lossy = Fault::lost_message().with_chance(0.5, 42);
/// # let _ = (read_only, slow_reads, one_in_ten, torn, lossy);
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    pub(super) effect: Effect,
    pub(super) when: When,
}

#[derive(Clone, Debug)]
pub(super) enum Effect {
    Error(StoreErrorKind),
    Slow(Duration),
    Hang,
    LostAnswer,
    Corrupt(Corruption),
    LostMessage,
    LateMessage(Duration),
    RepeatedMessage,
    SwappedMessage,
}

/// Which calls go wrong, how many times, how often.
#[derive(Clone, Debug)]
pub(super) struct When {
    scope: Scope,
    left: Option<u64>,
    chance: Option<(f64, Rng)>,
}

/// What becomes of bytes that are read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Corruption {
    /// All bits of the byte at this place are inverted; there may be none.
    Flip(usize),
    /// No more than so many are left.
    Truncate(usize),
    /// They are these instead.
    Replace(Bytes),
}

impl Fault {
    /// The call fails and does nothing.
    #[must_use]
    pub const fn error(kind: StoreErrorKind) -> Self {
        Self::new(Effect::Error(kind))
    }

    /// The call is made so much later; or never, if it is given up meanwhile.
    #[must_use]
    pub const fn slow(time: Duration) -> Self {
        Self::new(Effect::Slow(time))
    }

    /// The call waits, and is made when [`ChaosControl::release`](super::ChaosControl::release)
    /// comes; or never, if it is given up meanwhile. If every call hangs, messages wait as well.
    #[must_use]
    pub const fn hang() -> Self {
        Self::new(Effect::Hang)
    }

    /// The call is made, and fails with [`StoreErrorKind::Timeout`] nevertheless.
    #[must_use]
    pub const fn lost_answer() -> Self {
        Self::new(Effect::LostAnswer)
    }

    /// Bytes that are there are told otherwise: what is read, and what a write finds to be later.
    /// Counts for each value.
    #[must_use]
    pub const fn corrupt(corruption: Corruption) -> Self {
        Self::new(Effect::Corrupt(corruption))
    }

    /// A listener does not hear a message. As with all faults of messages, one message for two
    /// listeners counts as two times, and [`on`](Self::on) says nothing.
    #[must_use]
    pub const fn lost_message() -> Self {
        Self::new(Effect::LostMessage)
    }

    /// A listener hears a message so much later, and those that follow it after it.
    #[must_use]
    pub const fn late_message(time: Duration) -> Self {
        Self::new(Effect::LateMessage(time))
    }

    /// A listener hears a message twice.
    #[must_use]
    pub const fn repeated_message() -> Self {
        Self::new(Effect::RepeatedMessage)
    }

    /// A listener hears a message after the one that follows it.
    #[must_use]
    pub const fn swapped_message() -> Self {
        Self::new(Effect::SwappedMessage)
    }

    const fn new(effect: Effect) -> Self {
        Self { effect, when: When { scope: Scope::All, left: None, chance: None } }
    }

    /// Only for these calls.
    #[must_use]
    pub const fn on(mut self, scope: Scope) -> Self {
        self.when.scope = scope;
        self
    }

    /// Only so many times.
    #[must_use]
    pub const fn times(mut self, times: u64) -> Self {
        self.when.left = Some(times);
        self
    }

    /// Only with this probability, between 0 and 1. The same seed draws the same numbers.
    #[must_use]
    pub fn with_chance(mut self, chance: f64, seed: u64) -> Self {
        self.when.chance = Some((chance, Rng::with_seed(seed)));
        self
    }

    pub(super) const fn is_hang(&self) -> bool {
        matches!(self.effect, Effect::Hang)
    }

    /// Whether nothing at all is answered.
    pub(super) const fn hangs_all(&self) -> bool {
        self.is_hang()
            && matches!(self.when.scope, Scope::All)
            && self.when.left.is_none()
            && self.when.chance.is_none()
    }
}

impl When {
    /// Whether this call is one of those that go wrong; counts it then.
    pub(super) fn strikes_call(&mut self, operation: Operation) -> bool {
        self.scope.covers(operation) && self.strikes_message()
    }

    pub(super) fn strikes_message(&mut self) -> bool {
        if self.is_over() {
            return false;
        }
        if let Some((chance, rng)) = &mut self.chance
            && rng.f64() >= *chance
        {
            return false;
        }
        self.left = self.left.map(|left| left.saturating_sub(1));
        true
    }

    const fn is_over(&self) -> bool {
        matches!(self.left, Some(0))
    }
}

impl Corruption {
    pub(super) fn apply(&self, bytes: &Bytes) -> Bytes {
        match self {
            Self::Flip(place) => {
                let mut flipped = BytesMut::from(bytes.as_ref());
                if let Some(byte) = flipped.get_mut(*place) {
                    *byte = !*byte;
                }
                flipped.freeze()
            }
            Self::Truncate(len) => bytes.slice(..bytes.len().min(*len)),
            Self::Replace(other) => other.clone(),
        }
    }
}
