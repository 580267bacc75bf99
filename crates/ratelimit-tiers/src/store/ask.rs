use std::fmt;

use crate::{Quota, Subject};

/// One request's question to a store: may all of this be consumed?
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    parts: &'a [Part<'a>],
}

/// The limits that one subject must keep. Of one request there is mostly one.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Who is limited.
    pub subject: Subject,
    /// By what; no class twice.
    pub limits: &'a [Limit],
}

/// A quota of a class, as one request asks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub(crate) class: ClassId,
    pub(crate) quota: Quota,
    pub(crate) cost: u32,
    pub(crate) mode: Mode,
    pub(crate) change: TierChange,
}

/// Names a class in a store: a hash of its name, the same in every process and release.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassId(u32);

/// Whether a limit refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// It refuses.
    #[default]
    Enforce,
    /// It counts what it admits and tells what it would have refused.
    Shadow,
}

/// What becomes of the consumption when the quota of a subject changes, by another tier, an
/// override or a new configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TierChange {
    /// The number consumed stays, at most the new burst: 20 of 20 becomes 20 of 100.
    #[default]
    Keep,
    /// Nothing is consumed any more. Whoever can change the tier can then free itself.
    Reset,
    /// The share consumed stays, rounded up: 20 of 20 becomes 100 of 100.
    Proportional,
}

impl<'a> Ask<'a> {
    /// Asks for the limits of several subjects at once.
    #[must_use]
    pub const fn new(parts: &'a [Part<'a>]) -> Self {
        Self { parts }
    }

    /// The subjects with their limits.
    #[must_use]
    pub const fn parts(&self) -> &'a [Part<'a>] {
        self.parts
    }
}

impl Limit {
    /// One unit of this quota, enforced; a changed quota keeps what is consumed.
    #[must_use]
    pub const fn new(class: ClassId, quota: Quota) -> Self {
        Self { class, quota, cost: 1, mode: Mode::Enforce, change: TierChange::Keep }
    }

    /// Replaces the cost: 0 looks without consuming, more than the burst counts as the burst.
    #[must_use]
    pub const fn with_cost(mut self, cost: u32) -> Self {
        self.cost = cost;
        self
    }

    /// Replaces the mode.
    #[must_use]
    pub const fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Replaces what becomes of the consumption under a changed quota.
    #[must_use]
    pub const fn with_change(mut self, change: TierChange) -> Self {
        self.change = change;
        self
    }

    /// Tells whether what this limit took is in counts of this quota: another quota began afresh.
    pub(crate) fn taken_from(&self, class: ClassId, quota: &Quota) -> bool {
        self.class == class && (self.change != TierChange::Reset || self.quota == *quota)
    }

    /// The class.
    #[must_use]
    pub const fn class(&self) -> ClassId {
        self.class
    }

    /// The quota.
    #[must_use]
    pub const fn quota(&self) -> &Quota {
        &self.quota
    }

    /// The cost.
    #[must_use]
    pub const fn cost(&self) -> u32 {
        self.cost
    }

    /// Whether it refuses.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// What becomes of the consumption under a changed quota.
    #[must_use]
    pub const fn change(&self) -> TierChange {
        self.change
    }
}

impl ClassId {
    /// Hashes the name of a class (FNV-1a, 32 bits). A layer refuses classes whose ids collide.
    #[must_use]
    pub const fn of(name: &str) -> Self {
        let mut hash = 0x811c_9dc5_u32;
        let mut rest = name.as_bytes();
        while let [byte, more @ ..] = rest {
            hash = (hash ^ *byte as u32).wrapping_mul(0x0100_0193);
            rest = more;
        }
        Self(hash)
    }

    /// The requests of this class that are being delayed, among those in flight.
    pub(crate) const fn delayed(self) -> Self {
        Self(!self.0)
    }

    /// The hash.
    #[must_use]
    pub const fn as_u32(self) -> u32 {
        self.0
    }
}

impl fmt::Debug for ClassId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClassId({:08x})", self.0)
    }
}
