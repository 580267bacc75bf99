//! A request with several subjects consumes of all or of none, in the end.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bartizan_ratelimit_tiers::{
    Algorithm, Answer, Ask, ClassId, Limit, Manage, Mode, Part, Quota, Store, StoreErrorKind,
    Subject,
};

use crate::support::{ask, decide, limit, store, subject, until};

const HOUR: Duration = Duration::from_secs(3_600);

fn of_hour(limit: u32) -> Quota {
    Quota::new(limit, HOUR).unwrap().strict()
}

async fn left(store: &impl Store, caller: Subject, limits: &[Limit]) -> u32 {
    let look: Vec<_> = limits.iter().map(|limit| limit.with_cost(0)).collect();
    ask(store, caller, &look).await.outcomes()[0].remaining()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_take_no_more_of_one_than_of_the_other() {
    let (_redis, _, store) = store().await;
    let (account, address) = (subject(&store, "account"), subject(&store, "address"));
    let (wide, narrow) = ([limit(of_hour(100))], [limit(of_hour(10))]);
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let parts = [
                    Part { subject: account, limits: &wide },
                    Part { subject: address, limits: &narrow },
                ];
                decide(&store, &Ask::new(&parts)).await.unwrap().is_admitted()
            })
        })
        .collect();
    let mut admitted = 0;
    for task in tasks {
        admitted += u32::from(task.await.unwrap());
    }
    assert_eq!(admitted, 10);
    assert_eq!(left(&store, account, &wide).await, 90);
}

#[tokio::test]
async fn a_dropped_request_is_undone_to_the_end() {
    let (_redis, _, store) = store().await;
    let (account, address) = (subject(&store, "account"), subject(&store, "address"));
    let (wide, narrow) = ([limit(of_hour(100))], [limit(of_hour(1))]);
    ask(&store, address, &narrow).await;
    let parts =
        [Part { subject: account, limits: &wide }, Part { subject: address, limits: &narrow }];
    for _ in 0..20 {
        let Answer::Later(decision) = store.decide(&Ask::new(&parts)) else { panic!("at once") };
        let mut decision = pin!(decision);
        poll_fn(|cx| {
            assert!(decision.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    until("three scripts for each have run", || async { store.stats().round_trips == 1 + 20 * 3 })
        .await;
    until("all is given back", || async { left(&store, account, &wide).await == 100 }).await;
}

#[tokio::test]
async fn a_shadow_limit_that_refused_is_not_given_back() {
    let (_redis, _, store) = store().await;
    let (account, address) = (subject(&store, "account"), subject(&store, "address"));
    let shadow = ClassId::of("shadow");
    let quota = of_hour(4).counted_by(Algorithm::FixedWindow);
    let both =
        [limit(of_hour(100)), Limit::new(shadow, quota).with_cost(3).with_mode(Mode::Shadow)];
    let narrow = [limit(of_hour(1))];
    ask(&store, account, &[Limit::new(shadow, quota).with_cost(3)]).await;
    ask(&store, address, &narrow).await;
    let parts =
        [Part { subject: account, limits: &both }, Part { subject: address, limits: &narrow }];
    assert!(!decide(&store, &Ask::new(&parts)).await.unwrap().is_admitted());
    assert_eq!(left(&store, account, &both).await, 100);
    assert_eq!(left(&store, account, &[Limit::new(shadow, quota)]).await, 1);
}

#[tokio::test]
async fn all_parts_are_given_back_with_the_time_of_the_verdict() {
    let (_redis, _, store) = store().await;
    for algorithm in [Algorithm::Strict, Algorithm::Gcra] {
        let callers = ["a", "b", "c"].map(|name| subject(&store, &format!("{name}{algorithm:?}")));
        let limits = [limit(of_hour(5).counted_by(algorithm))];
        let parts = callers.map(|subject| Part { subject, limits: &limits });
        let taken = decide(&store, &Ask::new(&parts)).await.unwrap().now();
        // One by one, as a layer does.
        for part in parts {
            assert_eq!(left(&store, part.subject, &limits).await, 4);
            store.refund(&Ask::new(&[part]), taken).await.unwrap();
        }
        // Of the bucket, all but the time between the first part and this one.
        for part in parts {
            let back = || async { left(&store, part.subject, &limits).await == 5 };
            until("all is given back", back).await;
        }
    }
}

#[tokio::test]
async fn nobody_is_always_admitted() {
    let (_redis, _, store) = store().await;
    assert!(decide(&store, &Ask::new(&[])).await.unwrap().is_admitted());
    assert!(ask(&store, subject(&store, "unlimited"), &[]).await.is_admitted());
}

#[tokio::test]
async fn what_was_taken_is_given_back_when_a_later_part_fails() {
    let (_redis, _, store) = store().await;
    let (account, address) = (subject(&store, "account"), subject(&store, "address"));
    let wide = [limit(of_hour(100))];
    // More than a script can be asked.
    let endless = vec![limit(of_hour(1)); usize::from(u16::MAX) + 1];
    let parts =
        [Part { subject: account, limits: &wide }, Part { subject: address, limits: &endless }];
    let error = decide(&store, &Ask::new(&parts)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported);
    assert_eq!(store.stats().round_trips, 2);
    assert_eq!(left(&store, account, &wide).await, 100);
}
