use super::super::large::Large;
use super::super::small::Small;
use super::{Place, Shard, key_of};

/// Entries come and go.
impl Shard {
    pub(super) fn insert_small(&mut self, small: Small) {
        let place = Place::small(self.small.len());
        let spare = self.spare();
        reserve_one(&mut self.small, spare);
        let key = small.key;
        self.small.push(small);
        self.insert_place(key, place);
    }

    pub(super) fn insert_large(&mut self, large: Large) -> Place {
        let place = Place::large(self.large.len());
        let spare = self.spare();
        reserve_one(&mut self.large, spare);
        let key = large.key;
        self.heap += large.heap_bytes();
        self.large.push(large);
        self.insert_place(key, place);
        place
    }

    fn insert_place(&mut self, key: u64, place: Place) {
        let (small, large) = (&self.small, &self.large);
        self.index.insert_unique(key, place, |place| key_of(small, large, *place).unwrap_or(0));
    }

    /// Frees the index of the marks that removed places leave. At the cap it cannot grow, which
    /// would do that, so a sixteenth of it is kept free and this is seldom.
    pub(super) fn tidy_index(&mut self, now: u64) -> bool {
        if self.index.len() < self.index.capacity() {
            return false;
        }
        let most = self.index.num_buckets() / 8 * 7;
        while self.index.len() > most - most / 16 {
            if !self.evict(now) {
                return false;
            }
        }
        self.index.clear();
        for index in 0..self.small.len() {
            self.index_again(Place::small(index));
        }
        for index in 0..self.large.len() {
            self.index_again(Place::large(index));
        }
        true
    }

    fn index_again(&mut self, place: Place) {
        if let Some(key) = self.key(place) {
            self.insert_place(key, place);
        }
    }

    /// Makes a small entry large, if there is room.
    pub(super) fn promote(&mut self, place: Place, now: u64) -> Option<Place> {
        let large = self.small.get(place.index())?.to_large(&self.quotas);
        let key = large.key;
        let room = self.room_for_large(now);
        // Making room may have moved it, or taken it.
        let place = self.find(key);
        if !room {
            return None;
        }
        if let Some(place) = place {
            self.remove(place);
        }
        Some(self.insert_large(large))
    }

    pub(super) fn remove(&mut self, place: Place) {
        let Some(key) = self.key(place) else { return };
        if let Ok(found) = self.index.find_entry(key, |known| *known == place) {
            found.remove();
        }
        let last = if place.is_large() {
            let large = self.large.swap_remove(place.index());
            self.heap -= large.heap_bytes();
            (Place::large(self.large.len()), self.large.get(place.index()).map(|moved| moved.key))
        } else {
            self.small.swap_remove(place.index());
            (Place::small(self.small.len()), self.small.get(place.index()).map(|moved| moved.key))
        };
        shrink(&mut self.small);
        shrink(&mut self.large);
        // The last one has moved into the gap.
        if let (from, Some(moved)) = last
            && let Some(known) = self.index.find_mut(moved, |known| *known == from)
        {
            *known = place;
        }
    }
}

/// Grows by an eighth: a doubled vector would be half empty.
fn step(len: usize) -> usize {
    len / 8 + LEAST_STEP
}

/// By how much entries grow where there is no room for more.
const LEAST_STEP: usize = 8;

fn reserve_one<T>(entries: &mut Vec<T>, spare: usize) {
    if entries.len() == entries.capacity() {
        let step = step(entries.len()).min(spare / size_of::<T>());
        entries.reserve_exact(step.max(LEAST_STEP));
    }
}

/// Gives back what the other kind of entries may need.
fn shrink<T>(entries: &mut Vec<T>) {
    let step = step(entries.len());
    if entries.capacity() - entries.len() > 3 * step {
        entries.shrink_to(entries.len() + step);
    }
}

/// Bytes that one more entry takes.
pub(super) fn growth<T>(entries: &Vec<T>) -> usize {
    if entries.len() < entries.capacity() { 0 } else { LEAST_STEP * size_of::<T>() }
}
