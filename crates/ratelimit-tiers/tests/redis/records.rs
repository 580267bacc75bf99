//! What stands in Redis: one key for a subject, without its name, that expires.

use std::time::Duration;

use bartizan_ratelimit_tiers::{
    Algorithm, ClassId, Limit, Manage, Override, Penalty, Quota, RedisStore, StoreErrorKind,
};
use bartizan_redis_link::Command;

use crate::support::{
    CLASS, SECRET, ask, calls, expiry, keys, limit, server, store, subject, try_ask, until,
};

const NAME: &str = "sk_live_SECRET_API_KEY";

#[tokio::test]
async fn a_subject_is_one_key_that_does_not_name_it() {
    let (_redis, link, store) = store().await;
    let limits = [
        limit(Quota::per_minute(9).unwrap()),
        Limit::new(ClassId::of("b"), Quota::per_hour(9).unwrap().strict()),
        Limit::new(ClassId::of("c"), Quota::per_day(9).unwrap()),
    ];
    for _ in 0..3 {
        ask(&store, subject(&store, NAME), &limits).await;
    }
    let keys = keys(&link).await;
    let [key] = &keys[..] else { panic!("{keys:?}") };
    assert_eq!(*key, format!("rl:{:032x}", subject(&store, NAME).as_u128()));
    let value = link.command(Command::new("GET").key(key)).await.unwrap().into_bytes().unwrap();
    assert!(value.len() < 160, "{}", value.len());
    let dump = format!("{key}{}", String::from_utf8_lossy(&value));
    assert!(!dump.contains("SECRET") && !dump.contains("sk_"));
    assert_eq!(calls(&link, "evalsha").await + calls(&link, "eval").await, 4);
}

#[tokio::test]
async fn no_command_names_a_subject() {
    let (redis, _link, store) = store().await;
    let address = redis.url().trim_start_matches("redis://").to_owned();
    let mut monitor = std::net::TcpStream::connect(address).unwrap();
    monitor.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    std::io::Write::write_all(&mut monitor, b"MONITOR\r\n").unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let caller = subject(&store, NAME);
    let verdict = ask(&store, caller, &[limit(Quota::per_hour(1).unwrap())]).await;
    store.block_until(caller, None, verdict.now()).await.unwrap();
    let heard = tokio::task::spawn_blocking(move || {
        let mut heard = Vec::new();
        let _timeout = std::io::Read::read_to_end(&mut monitor, &mut heard);
        String::from_utf8_lossy(&heard).into_owned()
    });
    let heard = heard.await.unwrap();
    assert!(heard.contains("EVAL"), "{heard}");
    assert!(!heard.contains("SECRET_API"), "{heard}");
}

#[tokio::test]
async fn every_key_expires_when_nothing_counts_any_more() {
    let (_redis, link, store) = store().await;
    let minute = Quota::per_minute(60).unwrap();
    let expiries = [
        (Algorithm::Gcra, 0..=1_000),
        (Algorithm::Strict, 59_000..=60_000),
        (Algorithm::FixedWindow, 0..=60_000),
        (Algorithm::SlidingWindow, 59_000..=120_000),
    ];
    for (algorithm, expected) in expiries {
        let caller = subject(&store, algorithm.as_str());
        ask(&store, caller, &[limit(minute.counted_by(algorithm))]).await;
        let left = expiry(&link, &format!("rl:{:032x}", caller.as_u128())).await;
        assert!(expected.contains(&left), "{algorithm:?}: {left}");
    }
    let caller = subject(&store, "two limits");
    let limits = [limit(minute), Limit::new(ClassId::of("day"), Quota::per_day(1).unwrap())];
    ask(&store, caller, &limits).await;
    let left = expiry(&link, &format!("rl:{:032x}", caller.as_u128())).await;
    assert!((86_300_000..=86_400_000).contains(&left), "{left}");
}

#[tokio::test]
async fn what_was_set_by_hand_expires_with_it() {
    let (_redis, link, store) = store().await;
    let caller = subject(&store, "by hand");
    let key = format!("rl:{:032x}", caller.as_u128());
    let now = ask(&store, caller, &[limit(Quota::per_second(1).unwrap())]).await.now();
    store.block_until(caller, None, now.saturating_add(Duration::from_secs(60))).await.unwrap();
    assert!((59_000..=60_000).contains(&expiry(&link, &key).await));
    let hour = Duration::from_secs(3_600);
    let penalty = Penalty::doubling(Duration::from_secs(60), hour, hour);
    store.penalty(caller, CLASS, &penalty).await.unwrap();
    assert!((3_600_000..=3_660_000).contains(&expiry(&link, &key).await));
    let quota = Quota::per_second(2).unwrap();
    let until = Some(now.saturating_add(hour * 2));
    store.set_override(caller, CLASS, Some(Override { quota, until })).await.unwrap();
    assert!((7_100_000..=7_200_000).contains(&expiry(&link, &key).await));
    store.set_override(caller, CLASS, Some(Override { quota, until: None })).await.unwrap();
    assert_eq!(expiry(&link, &key).await, -1);
    store.reset(caller, None).await.unwrap();
    assert_eq!(expiry(&link, &key).await, -1);
    store.set_override(caller, CLASS, None).await.unwrap();
    assert_eq!(expiry(&link, &key).await, -2);
}

#[tokio::test]
async fn nothing_is_left_of_what_consumed_nothing() {
    let (_redis, link, store) = store().await;
    let caller = subject(&store, "free");
    let quota = Quota::per_hour(1).unwrap();
    ask(&store, caller, &[limit(quota).with_cost(0)]).await;
    store.reset(caller, None).await.unwrap();
    store
        .block_until(caller, None, bartizan_ratelimit_tiers::Timestamp::from_nanos(1))
        .await
        .unwrap();
    assert_eq!(keys(&link).await.len(), 0);
    let taken = ask(&store, caller, &[limit(quota)]).await.now();
    assert_eq!(keys(&link).await.len(), 1);
    let limits = [limit(quota)];
    let parts = [bartizan_ratelimit_tiers::Part { subject: caller, limits: &limits }];
    store.refund(&bartizan_ratelimit_tiers::Ask::new(&parts), taken).await.unwrap();
    // A little of it has leaked out since and is not given back; it expires.
    until("it expires", || async { keys(&link).await.is_empty() }).await;
}

#[tokio::test]
async fn a_record_that_cannot_be_read_counts_as_none() {
    let (_redis, link, store) = store().await;
    let caller = subject(&store, "garbage");
    let key = format!("rl:{:032x}", caller.as_u128());
    let quotas = [
        limit(Quota::per_hour(5).unwrap()),
        Limit::new(ClassId::of("strict"), Quota::per_hour(5).unwrap().strict()),
        Limit::new(
            ClassId::of("sliding"),
            Quota::per_hour(5).unwrap().counted_by(Algorithm::SlidingWindow),
        ),
    ];
    let mut unreadable = 0;
    // The first two alone are decided by the short way.
    for limits in [&quotas[..], &quotas[..2]] {
        store.reset(caller, None).await.unwrap();
        ask(&store, caller, limits).await;
        let valid = link.command(Command::new("GET").key(&key)).await.unwrap();
        let valid = valid.into_bytes().unwrap();
        let mut foreign = valid.to_vec();
        foreign[1] += 1;
        let mut garbage = vec![Vec::new(), b"7".to_vec(), vec![0xff; 500], foreign];
        garbage.extend((1..valid.len()).map(|cut| valid[..cut].to_vec()));
        unreadable += garbage.len() as u64;
        for value in garbage {
            link.command(Command::new("SET").key(&key).arg(value)).await.unwrap();
            let verdict = ask(&store, caller, limits).await;
            assert!(verdict.is_admitted());
            assert_eq!(verdict.outcomes()[0].remaining(), 4);
            assert_eq!(verdict.outcomes()[1].remaining(), 4);
            assert!(expiry(&link, &key).await > 0);
        }
    }
    assert_eq!(store.stats().unreadable, unreadable);
    link.command(Command::new("DEL").key(&key)).await.unwrap();
    link.command(Command::new("LPUSH").key(&key).arg("a list")).await.unwrap();
    assert!(ask(&store, caller, &quotas).await.is_admitted());
    store.reset(caller, None).await.unwrap();
    assert_eq!(store.stats().unreadable, unreadable + 1);
}

/// Whatever bytes stand there, a subject is not locked out for longer than a quota takes.
#[tokio::test]
async fn no_byte_that_fell_over_locks_a_subject_out() {
    let (_redis, link, store) = store().await;
    let caller = subject(&store, "flipped");
    let key = format!("rl:{:032x}", caller.as_u128());
    let hour = Quota::per_hour(5).unwrap();
    let limits = [
        limit(hour),
        Limit::new(ClassId::of("strict"), hour.strict()),
        Limit::new(ClassId::of("fixed"), hour.counted_by(Algorithm::FixedWindow)),
        Limit::new(ClassId::of("sliding"), hour.counted_by(Algorithm::SlidingWindow)),
    ];
    let mut rng = fastrand::Rng::with_seed(7);
    // The first two alone are decided by the short way.
    for limits in [&limits[..], &limits[..2]] {
        store.reset(caller, None).await.unwrap();
        ask(&store, caller, limits).await;
        let valid = link.command(Command::new("GET").key(&key)).await.unwrap();
        let valid = valid.into_bytes().unwrap();
        for place in 0..valid.len() {
            let mut value = valid.to_vec();
            value[place] ^= rng.u8(1..);
            link.command(Command::new("SET").key(&key).arg(value)).await.unwrap();
            let verdict = try_ask(&store, caller, limits).await.unwrap();
            for outcome in verdict.outcomes() {
                assert!(
                    outcome.retry_after() <= Duration::from_secs(2 * 3_600),
                    "{place}: {outcome:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_answer_is_a_protocol_error() {
    let (_redis, link) = server().await;
    let store = RedisStore::new(link, SECRET).with_clock_key("no such clock");
    let limits = [limit(Quota::per_hour(1).unwrap())];
    let error = try_ask(&store, subject(&store, "timeless"), &limits).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Protocol);
}
