use super::super::large::Large;
use super::super::standing::Standing;
use super::entries::growth;
use super::{Place, Shard};

/// Entries looked at with each new one, to forget idle ones as fast as new ones come.
const SWEPT: usize = 2;

/// Entries looked at to make room, and how often before giving up.
const SAMPLE: usize = 8;
const SAMPLES: usize = 4;

/// Room under the cap.
impl Shard {
    pub(super) fn room_for_small(&mut self, now: u64) -> bool {
        self.room_for(|shard| growth(&shard.small), now)
    }

    pub(super) fn room_for_large(&mut self, now: u64) -> bool {
        self.room_for(|shard| growth(&shard.large) + Large::FIRST_HEAP, now)
    }

    /// Makes room for one more entry.
    fn room_for(&mut self, growth: impl Fn(&Self) -> usize, now: u64) -> bool {
        let room_left = |shard: &Self| shard.room_left(growth(shard));
        room_left(self)
            || (0..SAMPLES).any(|_| self.evict(now) && room_left(self))
            || (0..4 * SAMPLES).any(|_| self.evict(now) && self.trim() && room_left(self))
            || (self.tidy_index(now) && room_left(self))
    }

    /// Bytes that entries may still grow by when one more is put into the index.
    pub(super) fn spare(&self) -> usize {
        self.most_bytes.saturating_sub(self.bytes_of_entries() + self.index_growth())
    }

    fn index_growth(&self) -> usize {
        // A full index makes one of twice its size before it lets go of itself.
        let full = self.index.len() == self.index.capacity();
        if full { (self.index.allocation_size() * 2).max(64) } else { 0 }
    }

    fn room_left(&self, growth: usize) -> bool {
        let index = self.index_growth();
        self.bytes_of_entries() + growth + index <= self.most_bytes
    }

    /// Makes room for what an entry has just grown by.
    pub(super) fn make_good(&mut self, now: u64) {
        for _ in 0..SAMPLES {
            if self.bytes_of_entries() <= self.most_bytes {
                return;
            }
            let _ = self.evict(now);
            self.trim();
        }
    }

    /// Gives back what vectors hold in reserve: seldom, so what it copies does not matter.
    pub(super) fn trim(&mut self) -> bool {
        self.small.shrink_to_fit();
        self.large.shrink_to_fit();
        true
    }

    /// Forgets the idle ones of a sample, else the one that has consumed least; never one that is
    /// exhausted. Tells whether there was one.
    pub(super) fn evict(&mut self, now: u64) -> bool {
        let mut least: Option<(f64, Place)> = None;
        for _ in 0..SAMPLE {
            let Some(place) = self.next_place() else { return false };
            match self.standing(place, now) {
                Standing::Idle => {
                    self.remove(place);
                    return true;
                }
                Standing::Used(share) if least.is_none_or(|(least, _)| share < least) => {
                    least = Some((share, place));
                }
                Standing::Used(_) | Standing::Kept => {}
            }
        }
        if let Some((_, place)) = least {
            self.remove(place);
            self.evicted += 1;
        }
        least.is_some()
    }

    /// Forgets idle entries among the next few.
    pub(super) fn sweep(&mut self, now: u64) {
        for _ in 0..SWEPT {
            let Some(place) = self.next_place() else { return };
            if self.standing(place, now) == Standing::Idle {
                self.remove(place);
            }
        }
    }

    fn next_place(&mut self) -> Option<Place> {
        if self.len() == 0 {
            return None;
        }
        self.cursor = if self.cursor + 1 < self.len() { self.cursor + 1 } else { 0 };
        Some(match self.cursor.checked_sub(self.small.len()) {
            Some(index) => Place::large(index),
            None => Place::small(self.cursor),
        })
    }

    fn standing(&self, place: Place, now: u64) -> Standing {
        if place.is_large() {
            let large = self.large.get(place.index());
            large.map_or(Standing::Idle, |large| large.standing(now))
        } else {
            let small = self.small.get(place.index());
            small.map_or(Standing::Idle, |small| small.standing(&self.quotas, now))
        }
    }
}
