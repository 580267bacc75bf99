use super::sliding_window::Counts;
use super::strict::Groups;
use super::{Found, effective, fixed_window, gcra, sliding_window, strict};
use crate::{Algorithm, Quota, TierChange};

/// The state of an algorithm that needs one word of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) u64);

impl Word {
    /// Tells whether one word is enough for this quota.
    pub(crate) const fn suffices(quota: &Quota) -> bool {
        matches!(quota.algorithm(), Algorithm::Gcra | Algorithm::FixedWindow)
    }

    /// Decides, and gives the state that admitting leaves. For quotas that a word suffices for.
    #[inline]
    pub(crate) fn decide(self, now: u64, quota: &Quota, cost: u32) -> (Found, Self) {
        let (found, word) = match quota.algorithm() {
            Algorithm::FixedWindow => fixed_window::decide(self.0, now, quota, cost),
            _ => gcra::decide(self.0, now, quota, cost),
        };
        (found, Self(word))
    }

    pub(crate) fn idle_at(self, now: u64, quota: &Quota) -> u64 {
        match quota.algorithm() {
            Algorithm::FixedWindow => fixed_window::idle_at(self.0, now, quota),
            _ => self.0,
        }
    }

    pub(crate) fn give_back(self, now: u64, quota: &Quota, cost: u32, taken: u64) -> Self {
        Self(match quota.algorithm() {
            Algorithm::FixedWindow => fixed_window::give_back(self.0, now, quota, cost, taken),
            _ => gcra::give_back(self.0, now, quota, cost, taken),
        })
    }

    /// The same consumption at an earlier time.
    pub(crate) fn rewound(self, from: u64, to: u64, quota: &Quota) -> Self {
        Self(match quota.algorithm() {
            Algorithm::FixedWindow => {
                let consumed = fixed_window::consumed(self.0, from, quota);
                fixed_window::with_consumed(to, quota, consumed)
            }
            _ => self.0.saturating_sub(from - to),
        })
    }

    /// As [`State::decide_changed`], for quotas that a word suffices for.
    pub(crate) fn decide_changed(
        self,
        now: u64,
        from: &Quota,
        to: &Quota,
        change: TierChange,
        cost: u32,
    ) -> (Found, Self) {
        let (found, mut state) = State::Word(self).decide_changed(now, from, to, change, cost);
        state.take(now, to, cost);
        match state {
            State::Word(word) => (found, word),
            State::Counts(_) | State::Groups(_) => (found, Self::default()),
        }
    }
}

/// The state of any algorithm. Read with the quota that it was written with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Word(Word),
    Counts(Counts),
    Groups(Groups),
}

impl State {
    /// Nothing is consumed.
    pub(crate) fn fresh(quota: &Quota) -> Self {
        match quota.algorithm() {
            Algorithm::Gcra | Algorithm::FixedWindow => Self::Word(Word::default()),
            Algorithm::SlidingWindow => Self::Counts(Counts::default()),
            Algorithm::Strict => Self::Groups(Groups::default()),
        }
    }

    /// Decides without changing anything.
    pub(crate) fn check(&self, now: u64, quota: &Quota, cost: u32) -> Found {
        match self {
            Self::Word(word) => word.decide(now, quota, cost).0,
            Self::Counts(counts) => sliding_window::decide(*counts, now, quota, cost).0,
            Self::Groups(groups) => strict::check(groups, now, quota, cost),
        }
    }

    /// Consumes what a check admitted.
    pub(crate) fn take(&mut self, now: u64, quota: &Quota, cost: u32) {
        match self {
            Self::Word(word) => *word = word.decide(now, quota, cost).1,
            Self::Counts(counts) => *counts = sliding_window::decide(*counts, now, quota, cost).1,
            Self::Groups(groups) => strict::take(groups, now, quota, cost),
        }
    }

    /// Gives back what was taken at `taken`, as far as it still counts.
    pub(crate) fn give_back(&mut self, now: u64, quota: &Quota, cost: u32, taken: u64) {
        match self {
            Self::Word(word) => *word = word.give_back(now, quota, cost, taken),
            Self::Counts(counts) => {
                *counts = sliding_window::give_back(*counts, now, quota, cost, taken);
            }
            Self::Groups(groups) => strict::give_back(groups, now, quota, cost, taken),
        }
    }

    /// Moves what is consumed to an earlier time.
    pub(crate) fn rewind(&mut self, from: u64, to: u64, quota: &Quota) {
        match self {
            Self::Word(word) => *word = word.rewound(from, to, quota),
            Self::Counts(counts) => {
                let consumed = sliding_window::consumed(*counts, from, quota);
                *counts = sliding_window::with_consumed(to, quota, consumed);
            }
            Self::Groups(groups) => strict::rewind(groups, from - to),
        }
    }

    /// When nothing is consumed any more.
    pub(crate) fn idle_at(&self, now: u64, quota: &Quota) -> u64 {
        match self {
            Self::Word(word) => word.idle_at(now, quota),
            Self::Counts(counts) => sliding_window::idle_at(*counts, now, quota),
            Self::Groups(groups) => strict::idle_at(groups, now, quota),
        }
    }

    /// Units consumed, rounded up.
    pub(crate) fn consumed(&self, now: u64, quota: &Quota) -> u32 {
        match self {
            Self::Word(word) if quota.algorithm() == Algorithm::FixedWindow => {
                fixed_window::consumed(word.0, now, quota)
            }
            Self::Word(word) => gcra::consumed(word.0, now, quota),
            Self::Counts(counts) => sliding_window::consumed(*counts, now, quota),
            Self::Groups(groups) => strict::consumed(groups, now, quota),
        }
    }

    /// Decides under another quota than the state was written with, and gives the state to take
    /// from if it is admitted.
    ///
    /// Only what is taken is kept under the new quota: consumption that does not fit a smaller
    /// burst would be forgotten, and a subject with two tiers could free itself by turns. So a
    /// refused request waits for the consumption to fit, as it goes by under the old quota.
    pub(crate) fn decide_changed(
        &self,
        now: u64,
        from: &Quota,
        to: &Quota,
        change: TierChange,
        cost: u32,
    ) -> (Found, Self) {
        let carried = self.clone().carried(now, from, to, change);
        let mut found = carried.check(now, to, cost);
        let converted = change != TierChange::Reset && !same_windows(from, to);
        if converted && (found.retry_after > 0 || cost == 0) {
            found.reset_after = self.check(now, from, 0).reset_after;
        }
        if converted && found.retry_after > 0 {
            // The most consumed under the old quota that leaves room for the cost under the new.
            let mut room = u64::from(to.burst() - effective(cost, to.burst()));
            if change == TierChange::Proportional {
                room = room * u64::from(from.burst()) / u64::from(to.burst());
            }
            let missing = u64::from(from.burst()).saturating_sub(room);
            let missing = u32::try_from(missing).unwrap_or(u32::MAX);
            found.retry_after = self.check(now, from, missing).retry_after;
        }
        (found, carried)
    }

    /// The same consumption under another quota.
    pub(crate) fn carried(self, now: u64, from: &Quota, to: &Quota, change: TierChange) -> Self {
        if change == TierChange::Reset {
            return Self::fresh(to);
        }
        let scale = |count: u32| {
            let mut scaled = u64::from(count);
            if change == TierChange::Proportional {
                scaled = (scaled * u64::from(to.burst())).div_ceil(u64::from(from.burst()));
            }
            u32::try_from(scaled).unwrap_or(u32::MAX)
        };
        match (self, to.algorithm()) {
            // Counts of windows that stay where they are stay in their windows.
            (Self::Counts(counts), Algorithm::SlidingWindow) if same_windows(from, to) => {
                Self::Counts(sliding_window::scaled(counts, scale))
            }
            (Self::Groups(mut groups), Algorithm::Strict) if same_windows(from, to) => {
                strict::scale(&mut groups, scale);
                Self::Groups(groups)
            }
            (state, algorithm) => {
                let consumed = effective(scale(state.consumed(now, from)), to.burst());
                match algorithm {
                    Algorithm::Gcra => Self::Word(Word(gcra::with_consumed(now, to, consumed))),
                    Algorithm::FixedWindow => {
                        Self::Word(Word(fixed_window::with_consumed(now, to, consumed)))
                    }
                    Algorithm::SlidingWindow => {
                        Self::Counts(sliding_window::with_consumed(now, to, consumed))
                    }
                    Algorithm::Strict => Self::Groups(strict::with_consumed(now, consumed)),
                }
            }
        }
    }

    /// Bytes beside the value itself.
    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Groups(groups) => groups.heap_bytes(),
            Self::Word(_) | Self::Counts(_) => 0,
        }
    }
}

/// Tells whether counts by both quotas lie in the same windows.
fn same_windows(from: &Quota, to: &Quota) -> bool {
    matches!(from.algorithm(), Algorithm::SlidingWindow | Algorithm::Strict)
        && from.algorithm() == to.algorithm()
        && from.period_nanos() == to.period_nanos()
}
