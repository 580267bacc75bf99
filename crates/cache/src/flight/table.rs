use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::PoisonError;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::handle::Flight;
use super::leader::Leader;
use crate::sync::{Arc, HashKeys, Mutex, MutexGuard, SHARDS};

/// The flights that others may join, by key. They leave it as they end.
pub(crate) struct Flights<K, T>(Arc<Table<K, T>>);

/// What became of who joined.
pub(crate) enum Joined<K, T> {
    /// It has begun a flight: its work is to be done, and it may wait for it like others.
    Leader(Leader<K, T>, Flight<T>),
    /// It has found one to wait for.
    Follower(Flight<T>),
}

/// A flight that was put into a table.
pub(super) struct Entered<K, T> {
    table: Arc<Table<K, T>>,
    hash: u64,
}

struct Table<K, T> {
    shards: Box<[Mutex<Shard<K, T>>]>,
    hasher: HashKeys,
}

type Shard<K, T> = HashTable<InFlight<K, T>>;

struct InFlight<K, T> {
    hash: u64,
    key: K,
    flight: Flight<T>,
}

impl<K, T> Flights<K, T> {
    pub(crate) fn new() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(Shard::new())).collect();
        Self(Arc::new(Table { shards, hasher: HashKeys::default() }))
    }

    /// How many there are. Locks one shard after the other.
    pub(crate) fn len(&self) -> usize {
        (0..SHARDS as u64).map(|shard| self.0.shard(shard << 32).len()).sum()
    }
}

#[cfg(all(test, not(bartizan_loom)))]
impl<K, T> Flights<K, T> {
    pub(super) fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    pub(super) fn is_locked(&self) -> bool {
        self.0.shards.iter().any(|shard| shard.try_lock().is_err())
    }
}

impl<K: Clone + Eq + Hash, T> Flights<K, T> {
    /// Joins the flight of this key, or begins one that has this number.
    ///
    /// Asks first whether the flight there, of the number given, may be joined. If not, the new one
    /// takes its place, and the other goes on for those who wait for it. The question is asked
    /// under a lock: it must be answered at once, and must not join anything.
    ///
    /// Of those who join at the same time, one leads. But a flight may have landed between the look
    /// at the cache that made somebody join and the joining: a leader should look again.
    pub(crate) fn join(
        &self,
        key: &K,
        began: u64,
        joinable: impl FnOnce(u64) -> bool,
    ) -> Joined<K, T> {
        let table = &self.0;
        let hash = table.hasher.hash_one(key);
        let mut shard = table.shard(hash);
        let flight = match shard.entry(hash, |there| there.key == *key, |there| there.hash) {
            Entry::Occupied(mut there) => {
                let there = &mut there.get_mut().flight;
                if joinable(there.began()) {
                    return Joined::Follower(there.clone());
                }
                *there = Flight::new(began);
                there.clone()
            }
            Entry::Vacant(vacant) => {
                let flight = Flight::new(began);
                vacant.insert(InFlight { hash, key: key.clone(), flight: flight.clone() });
                flight
            }
        };
        drop(shard);
        let entered = Entered { table: Arc::clone(table), hash };
        Joined::Leader(Leader::new(flight.clone(), entered), flight)
    }
}

impl<K, T> Entered<K, T> {
    /// Removes this flight, unless another has taken its place.
    pub(super) fn remove(self, flight: &Flight<T>) {
        let mut shard = self.table.shard(self.hash);
        let found = shard.find_entry(self.hash, |there| there.flight.is(flight)).ok();
        let removed = found.map(|there| there.remove().0);
        drop(shard);
        drop(removed);
    }
}

impl<K, T> Table<K, T> {
    /// A panic under the lock, of a key or of who joins, has changed nothing.
    fn shard(&self, hash: u64) -> MutexGuard<'_, Shard<K, T>> {
        // Bits that the tables themselves make less use of.
        let index = (hash >> 32) as usize % SHARDS;
        #[expect(clippy::indexing_slicing, reason = "a shard is less than their number")]
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, T> fmt::Debug for Flights<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").field("len", &self.len()).finish()
    }
}
