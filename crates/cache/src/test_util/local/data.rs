use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;

use crate::{Generation, Mark, Marks, Record, Timestamp, Written};

/// All that the instances share. Knows no clock: every question brings the time.
#[derive(Debug, Default)]
pub(super) struct Data {
    entries: HashMap<String, Lasting<Bytes>>,
    caches: HashMap<String, Standing>,
    tags: HashMap<(String, String), Lasting<Marks>>,
    locks: HashMap<String, Lasting<u64>>,
    /// The last microsecond that was given out. Part of the clock, so that no flush sets it back.
    micros: u64,
}

#[derive(Debug)]
struct Lasting<T> {
    what: T,
    until: Timestamp,
}

/// Where a cache stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) last: Generation,
    pub(super) marks: Marks,
}

impl Data {
    pub(super) fn read(&self, key: &str, now: Timestamp) -> Option<Bytes> {
        alive(self.entries.get(key), now).cloned()
    }

    pub(super) fn write(&mut self, key: &str, record: &Record, now: Timestamp) -> Written {
        if let Some(present) = self.read(key, now)
            && Record::generation_of(&present) > Some(record.generation())
        {
            return Written::Superseded(present);
        }
        let entry = lasting(record.bytes().clone(), record.keep(), now);
        self.entries.insert(key.to_owned(), entry);
        Written::Stored
    }

    pub(super) fn len(&self, now: Timestamp) -> usize {
        self.entries.values().filter(|entry| entry.until > now).count()
    }

    pub(super) fn flush(&mut self) {
        *self = Self { micros: self.micros, ..Self::default() };
    }

    /// Founds a cache that is not known.
    pub(super) fn open(&mut self, cache: &str, now: Timestamp) -> Standing {
        *self.standing(cache, now)
    }

    pub(super) fn issue(&mut self, cache: &str, now: Timestamp) -> Generation {
        self.standing(cache, now);
        let generation = next_generation(&mut self.micros, now);
        self.standing(cache, now).last = generation;
        generation
    }

    pub(super) fn mark_all(&mut self, cache: &str, mark: Mark, now: Timestamp) -> Generation {
        let generation = self.issue(cache, now);
        let standing = self.standing(cache, now);
        standing.marks = standing.marks.max(marked(mark, generation));
        generation
    }

    pub(super) fn mark_tag(
        &mut self,
        cache: &str,
        tag: &str,
        mark: Mark,
        (now, retention): (Timestamp, Duration),
    ) -> Generation {
        let generation = self.issue(cache, now);
        let name = (cache.to_owned(), tag.to_owned());
        // What is not known may have been removed before.
        let unknown = marked(Mark::Remove, generation);
        let known = alive(self.tags.get(&name), now).copied().unwrap_or(unknown);
        self.tags.insert(name, lasting(known.max(marked(mark, generation)), retention, now));
        generation
    }

    /// Founds a tag that is not known.
    pub(super) fn marks(
        &mut self,
        cache: &str,
        tag: &str,
        founded: Generation,
        (now, retention): (Timestamp, Duration),
    ) -> Marks {
        let name = (cache.to_owned(), tag.to_owned());
        if let Some(known) = alive(self.tags.get(&name), now) {
            return *known;
        }
        let marks = marked(Mark::Remove, founded);
        self.tags.insert(name, lasting(marks, retention, now));
        marks
    }

    pub(super) fn lock(&mut self, name: &str, token: u64, keep: Duration, now: Timestamp) -> bool {
        if alive(self.locks.get(name), now).is_some_and(|holder| *holder != token) {
            return false;
        }
        self.locks.insert(name.to_owned(), lasting(token, keep, now));
        true
    }

    pub(super) fn unlock(&mut self, name: &str, token: u64) {
        if self.locks.get(name).is_some_and(|lock| lock.what == token) {
            self.locks.remove(name);
        }
    }

    fn standing(&mut self, cache: &str, now: Timestamp) -> &mut Standing {
        let Self { caches, micros, .. } = self;
        caches.entry(cache.to_owned()).or_insert_with(|| {
            let founded = next_generation(micros, now);
            Standing { last: founded, marks: Marks { removed: founded, expired: founded } }
        })
    }
}

/// The clock in microseconds, each told once.
fn next_generation(last_micros: &mut u64, now: Timestamp) -> Generation {
    *last_micros = (now.as_nanos() / 1_000).max(last_micros.saturating_add(1));
    Generation::from_u64(*last_micros)
}

fn alive<T>(what: Option<&Lasting<T>>, now: Timestamp) -> Option<&T> {
    what.filter(|lasting| lasting.until > now).map(|lasting| &lasting.what)
}

fn lasting<T>(what: T, keep: Duration, now: Timestamp) -> Lasting<T> {
    Lasting { what, until: now.saturating_add(keep) }
}

fn marked(mark: Mark, generation: Generation) -> Marks {
    match mark {
        Mark::Remove => Marks { removed: generation, ..Marks::default() },
        Mark::Expire => Marks { expired: generation, ..Marks::default() },
    }
}
