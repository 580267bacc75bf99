//! What subjects cost in memory, and that a flood of them frees nobody.
//!
//! Prints the bytes of a million subjects, and of ten million under a cap; fails when the cap is
//! passed or an exhausted subject is admitted again.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bartizan_ratelimit_tiers::{
    Answer, Ask, ClassId, Clock, Limit, MemoryStore, Part, Quota, Store, Subject, Timestamp,
};

const MILLION: u64 = 1_000_000;
const CAP: usize = 64 << 20;

/// A clock that stands still: what is exhausted stays so by the arithmetic.
#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        // 2025-11-20 12:24:11 GMT.
        Timestamp::from_nanos(1_763_641_451_000_000_000)
    }
}

type Stopped = MemoryStore<Arc<Still>>;

fn admitted(store: &Stopped, subject: Subject, limits: &[Limit]) -> bool {
    match store.decide(&Ask::new(&[Part { subject, limits }])) {
        Answer::Now(Ok(verdict)) => verdict.is_admitted(),
        _ => false,
    }
}

fn subject(store: &Stopped, number: u64) -> Subject {
    store.hasher().subject("account", &number.to_le_bytes())
}

fn limits<const N: usize>(quota: Quota) -> [Limit; N] {
    let mut class = 0_u8;
    [(); N].map(|()| {
        class += 1;
        Limit::new(ClassId::of(&class.to_string()), quota)
    })
}

fn fill(name: &str, capacity: usize, limits: &[Limit]) -> Result<(), Box<dyn Error>> {
    let store = Stopped::with_capacity_and_clock(capacity, Arc::new(Still))?;
    for number in 0..MILLION {
        admitted(&store, subject(&store, number), limits);
    }
    let stats = store.stats();
    if stats.subjects as u64 != MILLION {
        return Err(format!("{name}: {stats:?}").into());
    }
    println!("{name}: {} bytes, {} a subject", stats.bytes, stats.bytes / stats.subjects);
    Ok(())
}

fn flood(limits: &[Limit]) -> Result<(), Box<dyn Error>> {
    let store = Stopped::with_capacity_and_clock(CAP, Arc::new(Still))?;
    let victim = subject(&store, u64::MAX);
    let mut taken = 0;
    while admitted(&store, victim, limits) {
        taken += 1;
    }
    let mut most = 0;
    for number in 0..10 * MILLION {
        admitted(&store, subject(&store, number), limits);
        if number % (MILLION / 10) == 0 {
            most = most.max(store.stats().bytes);
        }
    }
    let stats = store.stats();
    most = most.max(stats.bytes);
    println!("10,000,000 subjects under a cap of {CAP} bytes: at most {most} bytes, {stats:?}");
    if most > CAP {
        return Err(format!("the cap is passed: {most}").into());
    }
    if admitted(&store, victim, limits) {
        return Err(format!("the subject that had taken all {taken} was freed").into());
    }
    println!("the subject that had taken all {taken} is still refused");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let minute = Duration::from_secs(60);
    let quota = Quota::new(20, minute)?;
    fill("1,000,000 subjects, three limits", 1 << 30, &limits::<3>(quota))?;
    fill("1,000,000 subjects, two strict limits", 2 << 30, &limits::<2>(quota.strict()))?;
    flood(&limits::<3>(quota))
}
