//! Entries: where they are, how long, and which of two writers wins.

use std::error::Error;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use bartizan_cache::{
    Backplane, Generation, Mark, Record, RedisStore, Store, StoreError, StoreErrorKind, Written,
    test_util,
};
use bartizan_probe::Redis;
use bartizan_redis_link::{BreakerConfig, Command, LinkError};
use bytes::Bytes;

use crate::support::{
    MINUTE, PATIENCE, calls, config, connect, entry, expiry, generation, get, keys, kind, link,
    record, set, store, tell, until,
};

#[tokio::test]
async fn an_entry_stands_under_its_own_name_for_its_time() {
    let (_redis, link, store) = store().await;
    let key = "workflow:loc_1:wf_2";
    assert_eq!(store.read(key).await.unwrap(), None);
    let bytes = Bytes::from_static(b"\0\xff\r\n any bytes");
    let kept = test_util::record(generation(1), MINUTE, bytes.clone());
    assert_eq!(store.write(key, &kept).await.unwrap(), Written::Stored);

    assert_eq!(keys(&link).await, [key]);
    assert_eq!(get(&link, key).await, Some(bytes.clone()));
    assert!((1..=60_000).contains(&expiry(&link, key).await));
    assert_eq!(store.read(key).await.unwrap(), Some(bytes));
}

#[tokio::test]
async fn a_namespace_keeps_entries_apart() {
    let (_redis, link, plain) = store().await;
    let apart = plain.clone().with_namespace("eu-1.Live_2").unwrap();
    for (store, value) in [(&plain, "plain"), (&apart, "apart")] {
        store.write("a:b", &record(1, value)).await.unwrap();
    }
    assert_eq!(keys(&link).await, ["a:b", "eu-1.Live_2:a:b"]);
    assert_eq!(plain.read("a:b").await.unwrap(), Some(entry(1, "plain")));
    assert_eq!(apart.read("a:b").await.unwrap(), Some(entry(1, "apart")));
    assert_eq!(apart.read_many(&["a:b"]).await.unwrap(), [Some(entry(1, "apart"))]);
    assert!(plain.with_namespace("a:b").is_err());
}

#[tokio::test]
async fn any_time_to_keep_is_one_that_redis_takes() {
    let (_redis, link, store) = store().await;
    let keep = |keep| test_util::record(generation(1), keep, entry(1, ""));
    store.write("short", &keep(Duration::ZERO)).await.unwrap();
    until("gone", async || store.read("short").await.unwrap().is_none()).await;
    store.write("short", &keep(Duration::from_micros(1))).await.unwrap();
    store.write("long", &keep(Duration::MAX)).await.unwrap();
    // 100 years, or a day less.
    let years = 100 * 365 * 86_400_000;
    assert!((years - 86_400_000..=years).contains(&expiry(&link, "long").await));
}

#[tokio::test]
async fn a_later_generation_is_not_overwritten() {
    let (_redis, link, store) = store().await;
    // Where bytes have a sign or a meaning. Those from 2^53 on are no generations.
    let generations = [
        0,
        1,
        0x7f,
        0x80,
        0xff,
        0x100,
        0x0a0d,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        0x1_0000_0000,
        1_795_179_514_311_294,
        (1 << 53) - 1,
        1 << 53,
        (1 << 53) + 1,
        (1 << 53) + 2,
        i64::MAX as u64,
        1 << 63,
        u64::MAX - 1,
        u64::MAX,
    ];
    for there in generations {
        for new in generations {
            set(&link, "key", entry(there, "there")).await;
            let written = store.write("key", &record(new, "new")).await.unwrap();
            let (says, stands) = if there > new && there < 1 << 53 {
                (Written::Superseded(entry(there, "there")), entry(there, "there"))
            } else {
                (Written::Stored, entry(new, "new"))
            };
            assert_eq!(written, says, "{new} over {there}");
            assert_eq!(get(&link, "key").await, Some(stands), "{new} over {there}");
        }
    }
}

#[tokio::test]
async fn what_is_no_entry_is_overwritten() {
    let (_redis, link, store) = store().await;
    let later = entry((1 << 53) - 1, "");
    let mut foreign: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"BZ".to_vec(),
        later[..11].to_vec(),
        [b"bz", &later[2..]].concat(),
        [b"ZB", &later[2..]].concat(),
        [b"BZ\x02", &later[3..]].concat(),
        [b"BZ1", &later[3..]].concat(),
        b"{\"json\": true}".to_vec(),
    ];
    foreign.extend((0..200).map(|_| {
        let length = fastrand::usize(0..30);
        (0..length)
            .map(|at| if fastrand::bool() { fastrand::u8(..) } else { later[at % 12] })
            .collect()
    }));
    let new = generation(1 << 52);
    let mut refused = 0;
    for bytes in foreign.iter().chain([&later.to_vec()]) {
        set(&link, "key", bytes.clone()).await;
        let written = store.write("key", &record(new.as_u64(), "")).await.unwrap();
        let expected = match Record::generation_of(bytes) {
            Some(there) if there > new => Written::Superseded(bytes.clone().into()),
            _ => Written::Stored,
        };
        assert_eq!(written, expected, "{bytes:?}");
        refused += usize::from(expected != Written::Stored);
    }
    assert!(refused > 0 && refused < 200, "{refused}");
    // Not a string at all: somebody else's.
    tell(&link, &["DEL", "key"]).await;
    tell(&link, &["LPUSH", "key", "x"]).await;
    assert_eq!(kind(store.write("key", &record(1, "")).await), Some(StoreErrorKind::Protocol));
    assert_eq!(kind(store.read("key").await), Some(StoreErrorKind::Protocol));
}

#[tokio::test]
async fn a_tombstone_keeps_out_what_was_loaded_before_it() {
    let (_redis, _link, store) = store().await;
    let tombstone = record(5, "");
    assert_eq!(store.write("key", &tombstone).await.unwrap(), Written::Stored);
    let late = store.write("key", &record(4, "loaded before")).await.unwrap();
    assert_eq!(late, Written::Superseded(entry(5, "")));
    // One of the same generation began to load after it was given out.
    assert_eq!(store.write("key", &record(5, "loaded after")).await.unwrap(), Written::Stored);
    assert_eq!(store.read("key").await.unwrap(), Some(entry(5, "loaded after")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_writers_at_once_the_last_generation_wins() {
    let (redis, _link, _store) = store().await;
    let mut tasks = tokio::task::JoinSet::new();
    let mut greatest = 0;
    for _ in 0..4 {
        let store = RedisStore::new(link(&redis.url()).await);
        for _ in 0..100 {
            let (store, number) = (store.clone(), fastrand::u64(..1 << 53));
            greatest = greatest.max(number);
            tasks.spawn(async move {
                let value = number.to_string();
                match store.write("key", &record(number, &value)).await.unwrap() {
                    Written::Stored => (),
                    Written::Superseded(bytes) => {
                        assert!(Record::generation_of(&bytes) > Some(generation(number)));
                    }
                }
                let there = store.read("key").await.unwrap().unwrap();
                assert!(Record::generation_of(&there) >= Some(generation(number)));
            });
        }
    }
    tasks.join_all().await;
    let store = RedisStore::new(link(&redis.url()).await);
    let last = store.read("key").await.unwrap();
    assert_eq!(last, Some(entry(greatest, &greatest.to_string())));
}

#[tokio::test]
async fn many_are_read_in_their_order_with_few_commands() {
    let (_redis, link, store) = store().await;
    let names: Vec<_> = (0..250).map(|number| format!("key:{number}")).collect();
    for (number, name) in names.iter().enumerate().filter(|(number, _)| number % 3 != 0) {
        store.write(name, &record(1, &number.to_string())).await.unwrap();
    }
    // The first one once more, and one that is there.
    let asked: Vec<_> = names.iter().chain([&names[0], &names[1]]).map(String::as_str).collect();
    tell(&link, &["CONFIG", "RESETSTAT"]).await;
    let found = store.read_many(&asked).await.unwrap();
    assert_eq!((calls(&link, "mget").await, calls(&link, "get").await), (3, 0));
    let expected: Vec<_> = (0..250)
        .chain([0, 1])
        .map(|number| (number % 3 != 0).then(|| entry(1, &number.to_string())))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(store.read_many(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn scripts_that_redis_forgot_are_sent_again() {
    let (_redis, link, store) = store().await;
    let flush = async || tell(&link, &["SCRIPT", "FLUSH"]).await;
    for number in 1..3 {
        flush().await;
        store.write("key", &record(number, "")).await.unwrap();
        flush().await;
        store.open("a").await.unwrap();
        flush().await;
        store.issue("a").await.unwrap();
        flush().await;
        store.mark("a", Some("b"), Mark::Expire).await.unwrap();
        flush().await;
        store.marks("a", &["b"], Generation::ZERO).await.unwrap();
        flush().await;
        assert!(store.lock("l", number, MINUTE).await.unwrap());
        flush().await;
        store.unlock("l", number).await.unwrap();
    }
    tell(&link, &["CONFIG", "RESETSTAT"]).await;
    store.write("key", &record(3, "")).await.unwrap();
    store.write("key", &record(4, "")).await.unwrap();
    assert_eq!((calls(&link, "evalsha").await, calls(&link, "eval").await), (2, 1));
}

#[tokio::test]
async fn a_server_that_has_no_room_is_full_and_says_so() {
    let (_redis, link, store) = store().await;
    tell(&link, &["CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1"]).await;
    let error = store.write("key", &record(6, "new")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Full);
    let source = error.source().and_then(|source| source.downcast_ref::<LinkError>());
    assert_eq!(source.and_then(LinkError::code), Some("OOM"));
    assert_eq!(store.read("key").await.unwrap(), None);
}

#[tokio::test]
async fn a_replica_may_only_be_read() {
    let (primary, first, _) = store().await;
    let (_replica, second, store) = store().await;
    set(&first, "key", entry(1, "there")).await;
    let port = primary.url().rsplit(':').next().unwrap().to_owned();
    tell(&second, &["REPLICAOF", "127.0.0.1", &port]).await;
    until("replicated", async || get(&second, "key").await.is_some()).await;

    assert_eq!(store.read("key").await.unwrap(), Some(entry(1, "there")));
    let error = kind(store.write("key", &record(2, "new")).await);
    assert_eq!(error, Some(StoreErrorKind::ReadOnly));
    let error = kind(store.mark("a", None, Mark::Remove).await);
    assert_eq!(error, Some(StoreErrorKind::ReadOnly));
    assert_eq!(kind(store.lock("l", 1, MINUTE).await), Some(StoreErrorKind::ReadOnly));
}

#[tokio::test]
async fn a_server_that_could_not_keep_what_is_written_may_only_be_read() {
    let (_redis, link, store) = store().await;
    tell(&link, &["CONFIG", "SET", "min-replicas-to-write", "1"]).await;
    assert_eq!(store.read("key").await.unwrap(), None);
    let error = kind(store.write("key", &record(2, "new")).await);
    assert_eq!(error, Some(StoreErrorKind::ReadOnly));
}

#[tokio::test]
async fn what_redis_says_has_its_kind() {
    use StoreErrorKind::{Full, Protocol, ReadOnly, Unavailable};

    let (_redis, link, _store) = store().await;
    for (code, expected) in [
        ("OOM", Full),
        ("READONLY", ReadOnly),
        ("MISCONF", ReadOnly),
        ("NOREPLICAS", ReadOnly),
        ("LOADING", Unavailable),
        ("ERR", Protocol),
        ("WRONGTYPE", Protocol),
        ("CROSSSLOT", Protocol),
        ("NOPERM", Protocol),
        ("MASTERDOWN", Unavailable),
        ("NOAUTH", Unavailable),
    ] {
        let script = format!("return redis.error_reply('{code} says Redis')");
        let command = Command::new("EVAL").arg(script).arg(0);
        let error = link.command(command).await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{error:?}");
        assert_eq!(StoreError::from(error).kind(), expected, "{code}");
    }
    let error = link.command(Command::new("MULTI")).await.unwrap_err();
    assert_eq!(StoreError::from(error).kind(), StoreErrorKind::Unsupported);
}

#[tokio::test]
async fn too_many_calls_at_once_are_turned_away() {
    let mut redis = Redis::start();
    let link = connect(&config(&redis.url()).with_queue(NonZeroUsize::MIN)).await;
    let store = RedisStore::new(link.clone());
    redis.pause();
    let other = store.clone();
    let waits = tokio::spawn(async move { other.read("key").await });
    until("asked", async || link.in_flight() == 1).await;
    assert_eq!(kind(store.read("key").await), Some(StoreErrorKind::Unavailable));
    assert!(Store::is_available(&store));
    redis.resume();
    assert_eq!(waits.await.unwrap().unwrap(), None);
}

#[tokio::test]
async fn a_server_that_is_away_is_unavailable_until_it_is_back() {
    let (mut redis, link, store) = store().await;
    store.write("key", &record(1, "")).await.unwrap();
    assert!(Store::is_available(&store) && Backplane::is_available(&store));
    redis.kill();
    until("noticed", async || !Store::is_available(&store)).await;
    assert!(!Backplane::is_available(&store));
    assert_eq!(kind(store.read("key").await), Some(StoreErrorKind::Unavailable));
    assert_eq!(kind(store.write("key", &record(2, "")).await), Some(StoreErrorKind::Unavailable));
    assert_eq!(kind(store.open("a").await), Some(StoreErrorKind::Unavailable));
    redis.restart();
    until("back", async || Store::is_available(&store)).await;
    assert_eq!(store.read("key").await.unwrap(), None, "it came back empty");
    link.close();
    assert!(!Store::is_available(&store));
    assert_eq!(kind(store.read("key").await), Some(StoreErrorKind::Unavailable));
}

#[tokio::test]
async fn a_server_that_hangs_is_left_alone_and_tried_again() {
    let mut redis = Redis::start();
    let breaker = BreakerConfig::new()
        .with_failures(NonZeroU32::MIN)
        .with_open_for(Duration::from_millis(200));
    let config = config(&redis.url()).with_command_timeout(Duration::from_millis(100));
    let link = connect(&config.with_breaker(breaker)).await;
    let store = RedisStore::new(link.clone());
    redis.pause();
    let error = kind(store.write("key", &record(1, "")).await);
    assert_eq!(error, Some(StoreErrorKind::Timeout));
    assert!(!Store::is_available(&store) && !Backplane::is_available(&store));
    assert_eq!(kind(store.read("key").await), Some(StoreErrorKind::Unavailable));
    redis.resume();
    // Nobody calls meanwhile: it is the time alone that makes it worth a try.
    until("worth a try", async || Store::is_available(&store)).await;
    until("back", async || store.read("key").await.is_ok()).await;
    link.ready(PATIENCE).await.unwrap();
    assert!(Store::is_available(&store));
}
