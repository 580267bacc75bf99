use tokio::time::{Instant, timeout};

use super::*;
use crate::StoreErrorKind;

/// What each operation says, and its kind.
async fn ask(store: &Chaos<LocalStore>, operation: Operation) -> Result<(), StoreErrorKind> {
    let token = 1;
    match operation {
        Operation::Read => store.read("a").await.map(drop),
        Operation::ReadMany => store.read_many(&["a", "b"]).await.map(drop),
        Operation::Write => store.write("a", &entry(1)).await.map(drop),
        Operation::Open => store.open("users").await.map(drop),
        Operation::Issue => store.issue("users").await.map(drop),
        Operation::Mark => store.mark("users", None, Mark::Remove).await.map(drop),
        Operation::Marks => store.marks("users", &["a"], Generation::ZERO).await.map(drop),
        Operation::Announce => store.announce(&message(1)).await,
        Operation::Lock => store.lock("lock", token, HOUR).await.map(drop),
        Operation::Unlock => store.unlock("lock", token).await,
        Operation::Listen => {
            drop(store.listen());
            Ok(())
        }
    }
    .map_err(|error| error.kind())
}

const QUESTIONS: [Operation; 4] =
    [Operation::Read, Operation::ReadMany, Operation::Open, Operation::Marks];

const CHANGES: [Operation; 6] = [
    Operation::Write,
    Operation::Issue,
    Operation::Mark,
    Operation::Announce,
    Operation::Lock,
    Operation::Unlock,
];

fn all() -> impl Iterator<Item = Operation> {
    QUESTIONS.into_iter().chain(CHANGES)
}

#[tokio::test(start_paused = true)]
async fn counts_every_operation_apart_those_that_fail_too() {
    let (store, control) = chaos();
    for (number, operation) in (1..).zip(all().chain([Operation::Listen])) {
        for _ in 0..number {
            ask(&store, operation).await.unwrap();
        }
    }
    control.inject(Fault::error(StoreErrorKind::Full));
    for (number, operation) in (1..).zip(all().chain([Operation::Listen])) {
        assert_eq!(control.calls(operation), number, "{operation:?}");
        ask(&store, operation).await.ok();
        assert_eq!(control.calls(operation), number + 1, "{operation:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn down_is_an_error_at_once_and_known() {
    let (store, control) = chaos();
    assert!(Store::is_available(&store) && Backplane::is_available(&store));
    control.inject(Fault::slow(HOUR));
    control.down();
    assert!(!Store::is_available(&store) && !Backplane::is_available(&store));
    let begin = Instant::now();
    for operation in all() {
        assert_eq!(ask(&store, operation).await, Err(StoreErrorKind::Unavailable));
    }
    assert_eq!(begin.elapsed(), Duration::ZERO);
    control.heal();
    assert!(Store::is_available(&store) && Backplane::is_available(&store));
    ask(&store, Operation::Read).await.unwrap();
    control.down();
    control.up();
    ask(&store, Operation::Read).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_hangs_never_answers_until_it_is_released() {
    let (store, control) = chaos();
    control.hang();
    assert!(Store::is_available(&store));
    for operation in all() {
        assert!(timeout(1_000 * HOUR, ask(&store, operation)).await.is_err(), "{operation:?}");
    }
    for release in [ChaosControl::release, ChaosControl::heal] {
        control.hang();
        let hanging = store.clone();
        let hanging = tokio::spawn(async move { ask(&hanging, Operation::Write).await });
        tokio::time::sleep(SECOND).await;
        assert!(!hanging.is_finished());
        release(&control);
        hanging.await.unwrap().unwrap();
        ask(&store, Operation::Read).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn going_down_fails_what_is_under_way() {
    let (store, control) = chaos();
    for fault in [Fault::hang(), Fault::slow(HOUR)] {
        control.inject(fault);
        let waiting = store.clone();
        let waiting = tokio::spawn(async move { ask(&waiting, Operation::Write).await });
        tokio::time::sleep(SECOND).await;
        let begin = Instant::now();
        control.down();
        control.up();
        assert_eq!(waiting.await.unwrap(), Err(StoreErrorKind::Unavailable));
        assert_eq!(begin.elapsed(), Duration::ZERO);
        control.heal();
    }
    assert_eq!(store.read("a").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn slow_calls_take_so_much_longer() {
    let (store, control) = chaos();
    control.inject(Fault::slow(2 * SECOND).on(Scope::Only(Operation::Read)));
    control.inject(Fault::slow(SECOND));
    for (operation, seconds) in [(Operation::Read, 3), (Operation::Write, 1)] {
        let begin = Instant::now();
        ask(&store, operation).await.unwrap();
        assert_eq!(begin.elapsed().as_millis() / 10 * 10, seconds * 1_000);
    }
}

#[tokio::test(start_paused = true)]
async fn fails_the_next_ones_and_no_more() {
    let (store, control) = chaos();
    control.inject(Fault::error(StoreErrorKind::Full).times(2));
    control.inject(Fault::error(StoreErrorKind::Protocol).times(1));
    let mut said = Vec::new();
    for _ in 0..4 {
        said.push(ask(&store, Operation::Write).await);
    }
    let (full, protocol) = (StoreErrorKind::Full, StoreErrorKind::Protocol);
    assert_eq!(said, [Err(full), Err(full), Err(protocol), Ok(())]);
}

#[tokio::test(start_paused = true)]
async fn a_fault_is_for_its_scope_only() {
    let (store, control) = chaos();
    let stores = [Operation::Read, Operation::ReadMany, Operation::Write];
    for (scope, struck) in [
        (Scope::All, all().collect::<Vec<_>>()),
        (Scope::Questions, QUESTIONS.to_vec()),
        (Scope::Changes, CHANGES.to_vec()),
        (Scope::Store, stores.to_vec()),
        (Scope::Backplane, all().filter(|one| !stores.contains(one)).collect()),
        (Scope::Only(Operation::Lock), vec![Operation::Lock]),
    ] {
        control.inject(Fault::error(StoreErrorKind::ReadOnly).on(scope));
        for operation in all() {
            let failed = ask(&store, operation).await == Err(StoreErrorKind::ReadOnly);
            assert_eq!(failed, struck.contains(&operation), "{scope:?} {operation:?}");
        }
        control.heal();
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_does_nothing_and_one_whose_answer_is_lost_does() {
    let (store, control) = chaos();
    control.inject(Fault::error(StoreErrorKind::Timeout).times(1));
    assert_eq!(ask(&store, Operation::Write).await, Err(StoreErrorKind::Timeout));
    assert_eq!(store.read("a").await.unwrap(), None);
    control.inject(Fault::lost_answer().times(1));
    assert_eq!(ask(&store, Operation::Write).await, Err(StoreErrorKind::Timeout));
    assert_eq!(store.read("a").await.unwrap().as_ref(), Some(entry(1).bytes()));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_fails_the_same_calls() {
    let mut runs = Vec::new();
    for seed in [1, 1, 2] {
        let (store, control) = chaos();
        control.inject(Fault::error(StoreErrorKind::Full).with_chance(0.25, seed));
        let mut failed = Vec::new();
        for number in 0..1_000 {
            if ask(&store, Operation::Read).await.is_err() {
                failed.push(number);
            }
        }
        // Six standard deviations of 13.7 about 250.
        assert!((168..=332).contains(&failed.len()), "{}", failed.len());
        runs.push(failed);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    let (store, control) = chaos();
    control.inject(Fault::error(StoreErrorKind::Full).with_chance(0.0, 1));
    ask(&store, Operation::Read).await.unwrap();
    control.inject(Fault::error(StoreErrorKind::Full).with_chance(1.0, 1));
    ask(&store, Operation::Read).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn tells_other_bytes_than_those_that_are_there() {
    let (store, control) = chaos();
    store.write("a", &entry(9)).await.unwrap();
    let whole = entry(9).bytes().clone();
    let mut flipped = whole.to_vec();
    flipped[3] = 0xff;
    let foreign = Bytes::from_static(b"somebody else's");
    for (corruption, told) in [
        (Corruption::Flip(3), flipped.into()),
        (Corruption::Flip(12), whole.clone()),
        (Corruption::Truncate(2), Bytes::from_static(b"BZ")),
        (Corruption::Truncate(13), whole.clone()),
        (Corruption::Replace(foreign.clone()), foreign),
    ] {
        control.inject(Fault::corrupt(corruption).times(3));
        assert_eq!(store.read("a").await.unwrap(), Some(told.clone()));
        let many = store.read_many(&["b", "a"]).await.unwrap();
        assert_eq!(many, [None, Some(told.clone())]);
        let written = store.write("a", &entry(8)).await.unwrap();
        assert_eq!(written, Written::Superseded(told));
        assert_eq!(store.read("a").await.unwrap().as_ref(), Some(&whole));
    }
    control.inject(Fault::corrupt(Corruption::Truncate(0)).on(Scope::Only(Operation::ReadMany)));
    assert_eq!(store.read("a").await.unwrap(), Some(whole));
    assert_eq!(store.read_many(&["a"]).await.unwrap(), [Some(Bytes::new())]);
}

#[tokio::test(start_paused = true)]
async fn one_control_is_for_all_that_were_given_it() {
    let (one, control) = chaos();
    let other = Chaos::new(one.inner.handle(), &control.clone());
    let apart = Chaos::new(one.inner.handle(), &ChaosControl::new());
    control.down();
    assert!(ask(&one.clone(), Operation::Read).await.is_err());
    assert!(ask(&other, Operation::Read).await.is_err());
    ask(&apart, Operation::Read).await.unwrap();
    assert_eq!(control.calls(Operation::Read), 2);
    assert_eq!(apart.retention(), one.inner.retention());
}

#[tokio::test(start_paused = true)]
async fn is_available_only_if_what_it_wraps_is() {
    let (inner, inner_control) = chaos();
    let store = Chaos::new(inner, &ChaosControl::new());
    assert!(Store::is_available(&store) && Backplane::is_available(&store));
    inner_control.down();
    assert!(!Store::is_available(&store) && !Backplane::is_available(&store));
}

#[tokio::test(start_paused = true)]
async fn an_injected_error_says_so() {
    let (store, control) = chaos();
    control.inject(Fault::error(StoreErrorKind::Full));
    let error = store.read("a").await.unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string);
    assert_eq!(source.as_deref(), Some("a fault that the test has asked for"));
}
