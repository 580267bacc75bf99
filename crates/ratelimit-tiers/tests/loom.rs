//! Models of what locks and counts: every interleaving of a few threads.
//!
//! `RUSTFLAGS="--cfg bartizan_loom" cargo test -p bartizan-ratelimit-tiers --test loom --release`

#![cfg(bartizan_loom)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use bartizan_ratelimit_tiers::{
    Answer, Ask, ClassId, Clock, Limit, MemoryStore, Part, Quota, Store, Subject, Timestamp,
};

/// A clock that stands still: time is no part of the models.
#[derive(Clone, Copy, Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(1_700_000_000_000_000_000)
    }
}

fn store() -> MemoryStore<Still> {
    MemoryStore::with_capacity_and_clock(1 << 20, Still).unwrap()
}

fn limit(class: &str, limit: u32) -> Limit {
    Limit::new(ClassId::of(class), Quota::per_hour(limit).unwrap())
}

fn strict(class: &str, limit: u32) -> Limit {
    Limit::new(ClassId::of(class), Quota::per_hour(limit).unwrap().strict())
}

fn admits(store: &MemoryStore<Still>, parts: &[Part<'_>]) -> bool {
    match store.decide(&Ask::new(parts)) {
        Answer::Now(Ok(verdict)) => verdict.is_admitted(),
        Answer::Now(Err(error)) => panic!("{error}"),
        Answer::Later(_) => panic!("the store in the process answers at once"),
    }
}

/// A subject of one of the two shards that a model has.
fn subject(shard: u128, name: u128) -> Subject {
    Subject::from_u128(shard << 64 | name)
}

#[test]
fn two_threads_never_admit_more_than_the_limit() {
    for limit in [limit("api", 3), strict("api", 3)] {
        loom::model(move || {
            let store = store();
            let ask = move |store: &MemoryStore<Still>| {
                let limits = [limit];
                let parts = [Part { subject: subject(0, 7), limits: &limits }];
                u32::from(admits(store, &parts)) + u32::from(admits(store, &parts))
            };
            let other = store.clone();
            let thread = loom::thread::spawn(move || ask(&other));
            let mine = ask(&store);
            assert_eq!(mine + thread.join().unwrap(), 3);
        });
    }
}

#[test]
fn limits_of_two_subjects_are_taken_together_whatever_their_order() {
    loom::model(|| {
        let store = store();
        let one = [limit("api", 1)];
        let other = [limit("global", 2)];
        // Opposite orders: locks taken as they come would wait in a circle.
        let forth = move |store: &MemoryStore<Still>| {
            let parts = [
                Part { subject: subject(0, 7), limits: &one },
                Part { subject: subject(1, 8), limits: &other },
            ];
            admits(store, &parts)
        };
        let back = move |store: &MemoryStore<Still>| {
            let parts = [
                Part { subject: subject(1, 8), limits: &other },
                Part { subject: subject(0, 7), limits: &one },
            ];
            admits(store, &parts)
        };
        let shared = store.clone();
        let thread = loom::thread::spawn(move || back(&shared));
        let mine = forth(&store);
        let theirs = thread.join().unwrap();
        assert!(mine ^ theirs, "the first subject has one unit");
        // Who was refused has taken nothing of the second subject.
        let rest = [Part { subject: subject(1, 8), limits: &other }];
        assert!(admits(&store, &rest));
        assert!(!admits(&store, &rest));
    });
}
