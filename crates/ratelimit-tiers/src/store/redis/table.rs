use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hashbrown::HashTable;

use crate::Subject;
use crate::sync::SHARDS;

/// Something about subjects that passes. What is over is forgotten when there is no more room, and
/// when nothing is over, nothing new is kept: so it never grows beyond its bound.
#[derive(Debug)]
pub(super) struct Table<T> {
    shards: Box<[Mutex<Shard<T>>]>,
    /// Entries of one shard.
    most: usize,
}

#[derive(Debug)]
pub(super) struct Shard<T> {
    entries: HashTable<(Subject, T)>,
    /// No entry is over before.
    soonest: Option<Instant>,
    /// How often something was forgotten on purpose.
    changes: u64,
}

/// Tells when it is over.
pub(super) trait Passing {
    fn over_at(&self) -> Instant;
}

impl<T: Passing> Table<T> {
    /// Keeps so many at most, rounded up to the shards.
    pub(super) fn new(most: usize) -> Self {
        let shard = |_| Mutex::new(Shard { entries: HashTable::new(), soonest: None, changes: 0 });
        Self { shards: (0..SHARDS).map(shard).collect(), most: most.div_ceil(SHARDS) }
    }

    /// The part of the table that a subject is in, locked.
    #[expect(clippy::indexing_slicing, reason = "a shard is less than their number")]
    pub(super) fn shard(&self, subject: Subject) -> MutexGuard<'_, Shard<T>> {
        self.shards[subject.shard()].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often something was forgotten on purpose where this subject is.
    pub(super) fn changes(&self, subject: Subject) -> u64 {
        self.shard(subject).changes
    }

    /// Keeps something, unless there is no room, or something was forgotten on purpose since.
    pub(super) fn keep(&self, subject: Subject, value: T, changes: u64, now: Instant) {
        let mut shard = self.shard(subject);
        if shard.changes == changes {
            shard.keep(subject, value, self.most, now);
        }
    }

    /// Forgets a subject, and what is on its way to be kept.
    pub(super) fn forget(&self, subject: Subject) {
        let mut shard = self.shard(subject);
        shard.changes += 1;
        shard.remove(subject);
    }

    pub(super) const fn most(&self) -> usize {
        self.most
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let len = |shard: &Mutex<Shard<T>>| shard.lock().unwrap().entries.len();
        self.shards.iter().map(len).sum()
    }
}

impl<T: Passing> Shard<T> {
    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    pub(super) fn find(&mut self, subject: Subject) -> Option<&mut T> {
        let known = |entry: &(Subject, T)| entry.0 == subject;
        self.entries.find_mut(hash(subject), known).map(|entry| &mut entry.1)
    }

    pub(super) fn remove(&mut self, subject: Subject) {
        if let Ok(entry) = self.entries.find_entry(hash(subject), |entry| entry.0 == subject) {
            entry.remove();
        }
    }

    /// Keeps something in the stead of what is known of the subject, if there is room.
    pub(super) fn keep(&mut self, subject: Subject, value: T, most: usize, now: Instant) {
        let over_at = value.over_at();
        if let Some(known) = self.find(subject) {
            *known = value;
        } else {
            if self.entries.len() >= most {
                self.sweep(now);
            }
            if self.entries.len() >= most {
                return;
            }
            self.entries.insert_unique(hash(subject), (subject, value), |entry| hash(entry.0));
        }
        self.soonest = Some(self.soonest.map_or(over_at, |soonest| soonest.min(over_at)));
    }

    fn sweep(&mut self, now: Instant) {
        if self.soonest.is_some_and(|soonest| now < soonest) {
            return;
        }
        self.entries.retain(|(_, value)| value.over_at() > now);
        self.soonest = self.entries.iter().map(|(_, value)| value.over_at()).min();
    }
}

#[expect(clippy::cast_possible_truncation, reason = "bits of a hash")]
const fn hash(subject: Subject) -> u64 {
    subject.as_u128() as u64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    struct Until(Instant);

    impl Passing for Until {
        fn over_at(&self) -> Instant {
            self.0
        }
    }

    fn subject(number: u32) -> Subject {
        Subject::from_u128(
            u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
        )
    }

    #[test]
    fn never_grows_beyond_its_bound() {
        let now = Instant::now();
        let table = Table::new(1_024);
        for number in 0..1_000_000 {
            table.keep(subject(number), Until(now + Duration::from_secs(1)), 0, now);
        }
        assert!((900..=1_024).contains(&table.len()), "{}", table.len());
    }

    #[test]
    fn makes_room_of_what_is_over() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let table = Table::new(64);
        for number in 0..1_000 {
            table.keep(subject(number), Until(later), 0, now);
        }
        let newcomer = subject(5_000);
        table.keep(newcomer, Until(later), 0, now);
        assert!(table.shard(newcomer).find(newcomer).is_none());
        table.keep(newcomer, Until(later + Duration::from_secs(1)), 0, later);
        assert!(table.shard(newcomer).find(newcomer).is_some());
    }

    #[test]
    fn keeps_nothing_that_was_found_out_before_a_change() {
        let now = Instant::now();
        let table = Table::new(64);
        let changes = table.changes(subject(1));
        table.forget(subject(1));
        table.keep(subject(1), Until(now + Duration::from_secs(1)), changes, now);
        assert_eq!(table.len(), 0);
    }
}
