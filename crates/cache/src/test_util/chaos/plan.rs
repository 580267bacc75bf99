use std::time::Duration;

use bytes::Bytes;

use super::fault::{Effect, Fault};
use super::operation::Operation;
use crate::StoreErrorKind;

/// What is to go wrong from now on.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) faults: Vec<Fault>,
    pub(super) is_down: bool,
    /// Listeners hear nothing, though calls are answered.
    pub(super) is_cut: bool,
    /// How often what hangs was released.
    pub(super) releases: u64,
    /// How often the store went down. What was asked before one is lost with it.
    pub(super) outages: u64,
    /// How often listeners were disconnected otherwise.
    pub(super) cuts: u64,
}

/// What is to become of a call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CallFate {
    pub(super) error: Option<StoreErrorKind>,
    pub(super) late: Duration,
    pub(super) hangs: bool,
    pub(super) loses_answer: bool,
}

/// What is to become of a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct MessageFate {
    pub(super) is_lost: bool,
    pub(super) is_repeated: bool,
    pub(super) is_swapped: bool,
    pub(super) late: Duration,
}

impl CallFate {
    /// Of a store that is down.
    pub(super) const REFUSED: Self = Self {
        error: Some(StoreErrorKind::Unavailable),
        late: Duration::ZERO,
        hangs: false,
        loses_answer: false,
    };
}

impl Plan {
    pub(super) fn call(&mut self, operation: Operation) -> CallFate {
        let mut fate = CallFate::default();
        for Fault { effect, when } in &mut self.faults {
            match effect {
                Effect::Error(kind) if fate.error.is_none() && when.strikes_call(operation) => {
                    fate.error = Some(*kind);
                }
                Effect::Slow(time) if when.strikes_call(operation) => {
                    fate.late = fate.late.saturating_add(*time);
                }
                Effect::Hang if when.strikes_call(operation) => fate.hangs = true,
                Effect::LostAnswer if when.strikes_call(operation) => fate.loses_answer = true,
                _ => {}
            }
        }
        fate
    }

    pub(super) fn message(&mut self) -> MessageFate {
        let mut fate = MessageFate::default();
        for Fault { effect, when } in &mut self.faults {
            match effect {
                Effect::LostMessage if when.strikes_message() => fate.is_lost = true,
                Effect::RepeatedMessage if when.strikes_message() => fate.is_repeated = true,
                Effect::SwappedMessage if when.strikes_message() => fate.is_swapped = true,
                Effect::LateMessage(time) if when.strikes_message() => {
                    fate.late = fate.late.saturating_add(*time);
                }
                _ => {}
            }
        }
        fate
    }

    pub(super) fn corrupt(&mut self, operation: Operation, bytes: Bytes) -> Bytes {
        let mut told = bytes;
        for Fault { effect, when } in &mut self.faults {
            if let Effect::Corrupt(corruption) = effect
                && when.strikes_call(operation)
            {
                told = corruption.apply(&told);
            }
        }
        told
    }

    /// Whether a listener hears nothing.
    pub(super) const fn is_deaf(&self) -> bool {
        self.is_down || self.is_cut
    }

    /// A listener of an earlier one has missed something.
    pub(super) const fn connection(&self) -> (u64, u64) {
        (self.outages, self.cuts)
    }

    /// Whether messages are held back: a server that does not answer does not tell, either.
    pub(super) fn holds_messages(&self) -> bool {
        self.faults.iter().any(Fault::hangs_all)
    }
}
