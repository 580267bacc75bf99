//! Generations, marks, messages and locks.

use std::collections::BTreeSet;
use std::time::Duration;

use bartizan_cache::{
    About, Backplane, Change, Generation, Mark, Marks, Message, RedisStore, Signal, StoreErrorKind,
};
use bartizan_redis_link::Link;

use crate::support::{
    MINUTE, PATIENCE, calls, delete, expiry, generation, get, keys, kind, link, marks, next,
    number, server_time, set, store, tell, until,
};

const GENERATION: &str = "bartizan:{workflow}:generation";
const MARKS: &str = "bartizan:{workflow}:marks";
const TAG: &str = "bartizan:{workflow}:tag:t";

const WEEK: i64 = 7 * 86_400_000;

const NASTY: [&str; 12] = [
    "",
    " ",
    "a b  c",
    "loc:1",
    "{a}{b}",
    "}",
    "a\0b",
    "line\r\nline",
    "café \u{1f980}",
    "1 ks 0 0 1 a ",
    "%s %d '\"\\",
    "*",
];

async fn text(link: &Link, key: &str) -> String {
    String::from_utf8(get(link, key).await.unwrap().to_vec()).unwrap()
}

/// An hour after the server's present.
async fn future(link: &Link) -> u64 {
    server_time(link).await + 3_600_000_000
}

#[tokio::test]
async fn a_cache_is_founded_once_and_nothing_older_is_valid() {
    let (redis, link, store) = store().await;
    let before = server_time(&link).await;
    let opened = store.open("workflow").await.unwrap();
    let after = server_time(&link).await;
    let founded = opened.generation.as_u64();
    assert!((before..=after).contains(&founded));
    assert!((before / 1000..=after / 1000).contains(&opened.now.as_millis()));
    assert_eq!(opened.marks, marks(founded, founded));
    assert_eq!(opened.marks.of(generation(founded - 1)), Some(Mark::Remove));
    assert_eq!(opened.marks.of(opened.generation), None);

    assert_eq!(keys(&link).await, [GENERATION, MARKS]);
    assert_eq!(text(&link, GENERATION).await, founded.to_string());
    assert_eq!(text(&link, MARKS).await, format!("{founded} {founded}"));
    for key in [GENERATION, MARKS] {
        assert!((WEEK - 60_000..=WEEK).contains(&expiry(&link, key).await));
    }

    let other = RedisStore::new(crate::support::link(&redis.url()).await);
    let again = other.open("workflow").await.unwrap();
    assert_eq!((again.generation, again.marks), (opened.generation, opened.marks));
    let issued = store.issue("workflow").await.unwrap();
    assert_eq!(other.open("workflow").await.unwrap().generation, issued);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generations_grow_for_everybody_at_once() {
    let (redis, link, _) = store().await;
    let ahead = future(&link).await;
    // By the clock, and by the last one when the clock was set back.
    for last in [0, ahead] {
        set(&link, GENERATION, last).await;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..8 {
            let store = RedisStore::new(crate::support::link(&redis.url()).await);
            tasks.spawn(async move {
                let mut given = vec![Generation::ZERO];
                for round in 0..100 {
                    let next = match (number + round) % 3 {
                        0 => store.issue("workflow").await,
                        1 => store.mark("workflow", Some("t"), Mark::Expire).await,
                        _ => store.mark("workflow", None, Mark::Remove).await,
                    };
                    let next = next.unwrap();
                    assert!(next > *given.last().unwrap());
                    given.push(next);
                }
                given.split_off(1)
            });
        }
        let given: BTreeSet<_> = tasks.join_all().await.into_iter().flatten().collect();
        assert_eq!(given.len(), 800, "each one once");
        assert_eq!(given.last().unwrap().as_u64(), number(&link, GENERATION).await);
        if last == ahead {
            assert_eq!(given.last().unwrap().as_u64(), ahead + 800);
        }
    }
}

#[tokio::test]
async fn generations_grow_over_a_flush_and_an_empty_restart() {
    let (mut redis, link, store) = store().await;
    store.open("workflow").await.unwrap();
    let mut last = store.issue("workflow").await.unwrap();
    for how in ["FLUSHALL", "restart", "FLUSHDB"] {
        if how == "restart" {
            redis.restart();
            until("back", async || store.lock("l", 1, MINUTE).await.is_ok()).await;
        } else {
            tell(&link, &[how]).await;
        }
        let opened = store.open("workflow").await.unwrap();
        assert!(opened.generation > last, "{how}");
        let founded = Marks { removed: opened.generation, expired: opened.generation };
        assert_eq!(opened.marks, founded, "{how}");
        last = store.issue("workflow").await.unwrap();
        assert!(last > opened.generation, "{how}");
    }
    tell(&link, &["FLUSHALL"]).await;
    assert!(store.issue("workflow").await.unwrap() > last);
    tell(&link, &["FLUSHALL"]).await;
    assert!(store.mark("workflow", None, Mark::Expire).await.unwrap() > last);
}

#[tokio::test]
async fn generations_grow_when_the_clock_was_set_back() {
    let (_redis, link, store) = store().await;
    store.open("workflow").await.unwrap();
    for last in [future(&link).await, (1 << 53) - 10] {
        set(&link, GENERATION, last).await;
        assert_eq!(store.open("workflow").await.unwrap().generation, generation(last));
        assert_eq!(store.issue("workflow").await.unwrap(), generation(last + 1));
        let next = store.mark("workflow", None, Mark::Remove).await.unwrap();
        assert_eq!(next, generation(last + 2));
        let next = store.mark("workflow", Some("t"), Mark::Remove).await.unwrap();
        assert_eq!(next, generation(last + 3));
        assert_eq!(number(&link, GENERATION).await, last + 3);
        assert!((WEEK - 60_000..=WEEK).contains(&expiry(&link, GENERATION).await));
    }
}

#[tokio::test]
async fn generations_grow_within_a_microsecond() {
    let (_redis, link, store) = store().await;
    store.open("workflow").await.unwrap();
    // The last one is about as late as the clock when the next is given out, and sometimes just as.
    let ahead = "local time = redis.call('TIME')
        local last = string.format('%.0f', time[1] * 1000000 + time[2] + ARGV[1])
        redis.call('SET', KEYS[1], last)
        return last";
    let ahead = bartizan_redis_link::Script::new(ahead);
    // Known from now on, so that both arrive in their order.
    link.run(&ahead, [GENERATION], [0]).await.unwrap();
    for round in 0..4000_u64 {
        let last = link.run(&ahead, [GENERATION], [round % 200]);
        let (last, issued) = tokio::join!(last, store.issue("workflow"));
        let last = last.unwrap().as_integer().unwrap();
        assert!(issued.unwrap() > generation(last.try_into().unwrap()), "{round}");
    }
}

#[tokio::test]
async fn a_lost_generation_is_passed_by_the_marks() {
    let (_redis, link, store) = store().await;
    let ahead = future(&link).await;
    for [removed, expired] in [[ahead, 5], [5, ahead]] {
        let value = format!("{removed} {expired}");
        let lose = async |key: &str| {
            tell(&link, &["FLUSHALL"]).await;
            set(&link, key, value.as_str()).await;
        };
        lose(MARKS).await;
        let opened = store.open("workflow").await.unwrap();
        assert_eq!(opened.generation, generation(ahead + 1));
        assert_eq!(opened.marks, marks(removed, expired));
        assert_eq!(number(&link, GENERATION).await, ahead + 1);

        lose(MARKS).await;
        assert_eq!(store.issue("workflow").await.unwrap(), generation(ahead + 1));

        lose(MARKS).await;
        let next = store.mark("workflow", Some("t"), Mark::Remove).await.unwrap();
        assert_eq!(next, generation(ahead + 1));

        lose(TAG).await;
        let next = store.mark("workflow", Some("t"), Mark::Remove).await.unwrap();
        assert_eq!(next, generation(ahead + 1));
        assert_eq!(text(&link, TAG).await, format!("{} {expired}", ahead + 1));
    }
}

#[tokio::test]
async fn what_cannot_be_read_counts_as_lost() {
    let (_redis, link, store) = store().await;
    for garbage in [
        "",
        "x",
        "1",
        "1  2",
        "-1 2",
        "1 2 3",
        "1.5 2",
        "9007199254740992 1",
        "1 9007199254740992",
        "9999999999999999999999 0",
    ] {
        set(&link, MARKS, garbage).await;
        set(&link, TAG, garbage).await;
        set(&link, GENERATION, format!("{garbage}x")).await;
        let before = server_time(&link).await;
        let opened = store.open("workflow").await.unwrap();
        assert!(opened.generation.as_u64() >= before, "{garbage}");
        assert_eq!(opened.marks.removed, opened.generation, "{garbage}");
        let told = store.marks("workflow", &["t"], generation(7)).await.unwrap();
        assert_eq!(told, [marks(7, 0)], "{garbage}");
    }
    for garbage in ["9999999999999999999999", "9007199254740992", "-5", "1e99"] {
        set(&link, GENERATION, garbage).await;
        let before = server_time(&link).await;
        let issued = store.issue("workflow").await.unwrap().as_u64();
        assert!((before..before + 60_000_000).contains(&issued), "{garbage}");
    }
    tell(&link, &["DEL", MARKS]).await;
    tell(&link, &["LPUSH", MARKS, "x"]).await;
    assert_eq!(kind(store.open("workflow").await), Some(StoreErrorKind::Protocol));
}

#[tokio::test]
async fn marks_are_raised_and_never_lowered() {
    let (_redis, link, store) = store().await;
    let opened = store.open("workflow").await.unwrap();
    store.marks("workflow", &["t"], generation(3)).await.unwrap();
    let mut of_tag = marks(3, 0);
    let mut of_all = opened.marks;
    for (tag, mark) in [
        (Some("t"), Mark::Expire),
        (None, Mark::Expire),
        (Some("t"), Mark::Remove),
        (Some("t"), Mark::Expire),
        (None, Mark::Remove),
        (None, Mark::Expire),
    ] {
        let given = store.mark("workflow", tag, mark).await.unwrap();
        let raised = if tag.is_some() { &mut of_tag } else { &mut of_all };
        match mark {
            Mark::Remove => raised.removed = given,
            _ => raised.expired = given,
        }
        assert_eq!(store.open("workflow").await.unwrap().marks, of_all);
        assert_eq!(store.open("workflow").await.unwrap().generation, given);
        assert_eq!(store.marks("workflow", &["t"], given).await.unwrap(), [of_tag]);
    }
    // Of a clock that was set back since.
    let ahead = future(&link).await;
    set(&link, TAG, format!("{ahead} {ahead}")).await;
    store.mark("workflow", Some("t"), Mark::Expire).await.unwrap();
    let told = store.marks("workflow", &["t"], generation(0)).await.unwrap();
    assert_eq!(told, [marks(ahead, ahead + 1)]);
}

#[tokio::test]
async fn tags_are_founded_and_told_in_their_order() {
    let (_redis, link, store) = store().await;
    store.mark("workflow", Some("tag 5"), Mark::Remove).await.unwrap();
    let five = store.marks("workflow", &["tag 5"], generation(1)).await.unwrap()[0];
    assert!(five.removed > generation(42));
    let names: Vec<_> = (0..128).map(|number| format!("tag {number}")).collect();
    let mut tags: Vec<_> = names.iter().map(String::as_str).collect();
    tell(&link, &["CONFIG", "RESETSTAT"]).await;
    let told = store.marks("workflow", &tags, generation(42)).await.unwrap();
    assert_eq!((calls(&link, "evalsha").await, calls(&link, "eval").await), (1, 0));
    let mut expected = [marks(42, 0); 128];
    expected[5] = five;
    assert_eq!(told, expected);
    assert!((WEEK - 60_000..=WEEK).contains(&expiry(&link, "bartizan:{workflow}:tag:tag 7").await));

    // Founded they are, whatever comes later; and one that is named twice is one.
    tags.push("tag 5");
    let told = store.marks("workflow", &tags, generation(43)).await.unwrap();
    assert_eq!(told, [&expected[..], &[five]].concat());

    delete(&link, "bartizan:{workflow}:tag:tag 5").await;
    let told = store.marks("workflow", &["tag 6", "tag 5"], generation(44)).await.unwrap();
    assert_eq!(told, [marks(42, 0), marks(44, 0)]);

    // The last generation there can be.
    for _ in 0..2 {
        let told = store.marks("workflow", &["far"], generation(u64::MAX)).await.unwrap();
        assert_eq!(told, [marks((1 << 53) - 1, 0)]);
    }
}

#[tokio::test]
async fn no_tags_cost_no_call() {
    let (mut redis, _link, store) = store().await;
    redis.kill();
    assert_eq!(store.marks("workflow", &[], generation(1)).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_marked_but_not_known_is_removed_up_to_now() {
    let (_redis, link, store) = store().await;
    let given = store.mark("workflow", Some("t"), Mark::Expire).await.unwrap();
    let told = store.marks("workflow", &["t"], generation(1)).await.unwrap();
    assert_eq!(told, [Marks { removed: given, expired: given }]);
    // It is the first word of the cache, too.
    let opened = store.open("workflow").await.unwrap();
    let founded = Marks { removed: given, expired: given };
    assert_eq!((opened.generation, opened.marks), (given, founded));

    delete(&link, MARKS).await;
    let given = store.mark("workflow", None, Mark::Expire).await.unwrap();
    let opened = store.open("workflow").await.unwrap();
    let founded = Marks { removed: given, expired: given };
    assert_eq!((opened.generation, opened.marks), (given, founded));

    delete(&link, MARKS).await;
    let given = store.issue("workflow").await.unwrap();
    let opened = store.open("workflow").await.unwrap();
    let founded = Marks { removed: given, expired: given };
    assert_eq!((opened.generation, opened.marks), (given, founded));
}

#[tokio::test]
async fn caches_and_namespaces_know_nothing_of_each_other() {
    let (_redis, link, store) = store().await;
    let apart = store.clone().with_namespace("other").unwrap();
    let ahead = future(&link).await;
    set(&link, GENERATION, ahead).await;
    set(&link, MARKS, "2 1").await;
    set(&link, TAG, "4 3").await;
    for (store, cache) in [(&store, "flow"), (&store, "Workflow"), (&apart, "workflow")] {
        assert!(store.issue(cache).await.unwrap() < generation(ahead));
        let opened = store.open(cache).await.unwrap();
        assert!(opened.marks.removed > generation(4));
        assert_eq!(store.marks(cache, &["t"], generation(9)).await.unwrap(), [marks(9, 0)]);
        store.mark(cache, None, Mark::Remove).await.unwrap();
        store.mark(cache, Some("t"), Mark::Remove).await.unwrap();
    }
    assert_eq!(text(&link, MARKS).await, "2 1");
    assert_eq!(text(&link, TAG).await, "4 3");
    assert_eq!(number(&link, GENERATION).await, ahead);
    let own = format!("other:{GENERATION}");
    assert!(keys(&link).await.contains(&own));
}

#[tokio::test]
async fn whatever_is_asked_for_is_remembered_anew() {
    let (_redis, link, store) = store().await;
    let store = store.with_retention(Duration::from_secs(1000));
    assert_eq!(Backplane::retention(&store), Duration::from_secs(1000));
    store.open("workflow").await.unwrap();
    store.marks("workflow", &["t"], generation(1)).await.unwrap();
    let anew = async |keys: &[&str], what: &str| {
        for key in [GENERATION, MARKS, TAG] {
            let left = expiry(&link, key).await;
            let bounds = if keys.contains(&key) { 900_000..=1_000_000 } else { 1..=500_000 };
            assert!(bounds.contains(&left), "{key} after {what}: {left}");
            tell(&link, &["PEXPIRE", key, "500000"]).await;
        }
    };
    anew(&[GENERATION, MARKS, TAG], "the first").await;
    store.open("workflow").await.unwrap();
    anew(&[GENERATION, MARKS], "open").await;
    store.issue("workflow").await.unwrap();
    anew(&[GENERATION, MARKS], "issue").await;
    store.mark("workflow", None, Mark::Expire).await.unwrap();
    anew(&[GENERATION, MARKS], "a mark of all").await;
    store.mark("workflow", Some("t"), Mark::Expire).await.unwrap();
    anew(&[GENERATION, MARKS, TAG], "a mark of a tag").await;
    store.marks("workflow", &["t"], generation(1)).await.unwrap();
    anew(&[GENERATION, MARKS, TAG], "marks").await;

    let longest = store.clone().with_retention(Duration::MAX);
    assert!(Backplane::retention(&longest) < Duration::MAX);
    longest.mark("workflow", Some("t"), Mark::Expire).await.unwrap();
    assert!(expiry(&link, TAG).await > 3_000_000_000_000);
    let shortest = store.with_retention(Duration::ZERO);
    shortest.mark("workflow", Some("t"), Mark::Expire).await.unwrap();
    until("forgotten", async || keys(&link).await.is_empty()).await;
}

#[tokio::test]
async fn marks_are_heard_by_everybody_with_their_generation() {
    let (redis, _link, store) = store().await;
    let other = RedisStore::new(link(&redis.url()).await);
    let long = "é{}: \0".repeat(700);
    let mut listeners = [store.listen(), other.listen()];
    for listener in &mut listeners {
        assert_eq!(next(listener).await, Signal::Connected);
    }
    assert_ne!(store.instance(), other.instance());
    assert_eq!(store.instance(), store.clone().with_namespace("n").unwrap().instance());
    for tag in NASTY.into_iter().chain([long.as_str()]).map(Some).chain([None]) {
        for (from, mark) in [(&store, Mark::Remove), (&other, Mark::Expire)] {
            let given = from.mark("workflow", tag, mark).await.unwrap();
            let about = match tag {
                Some(tag) => About::Tag { tag: tag.to_owned(), mark },
                None => About::All(mark),
            };
            let (instance, cache) = (from.instance(), "workflow".to_owned());
            let message = Message { instance, cache, generation: given, about };
            for listener in &mut listeners {
                assert_eq!(next(listener).await, Signal::Message(message.clone()));
            }
            let told = store.marks("workflow", tag.as_slice(), generation(0)).await.unwrap();
            assert!(told.iter().all(|marks| marks.removed == given || marks.expired == given));
        }
    }
}

#[tokio::test]
async fn announcements_arrive_as_they_were_said() {
    let (_redis, link, store) = store().await;
    let apart = store.clone().with_namespace("other").unwrap();
    let mut listener = store.listen();
    assert_eq!(next(&mut listener).await, Signal::Connected);
    let message = |number, cache: &str, key: &str, change| Message {
        instance: number,
        cache: cache.to_owned(),
        generation: generation(u64::MAX - number),
        about: About::Key { key: key.to_owned(), change },
    };
    let changes = [Change::Set, Change::Removed, Change::Expired, Change::Loaded];
    for (number, name) in (0..).zip(NASTY) {
        for change in changes {
            // Of another namespace, and what is no message: not heard.
            apart.announce(&message(number, "workflow", "apart", change)).await.unwrap();
            apart.mark("workflow", Some("apart"), Mark::Remove).await.unwrap();
            for junk in [&b"junk"[..], b"", b"2 ks 0 0 1 a ", b"\xff\xfe", b"1 ks 0 0 9 a "] {
                link.publish("bartizan:cache", junk).await.unwrap();
            }
            let said = message(number, name, name, change);
            store.announce(&said).await.unwrap();
            assert_eq!(next(&mut listener).await, Signal::Message(said));
        }
    }
}

#[tokio::test]
async fn a_mark_that_fails_is_not_announced() {
    let (_redis, link, store) = store().await;
    let mut listener = store.listen();
    assert_eq!(next(&mut listener).await, Signal::Connected);
    tell(&link, &["CONFIG", "SET", "min-replicas-to-write", "1"]).await;
    assert!(store.mark("workflow", Some("t"), Mark::Remove).await.is_err());
    tell(&link, &["CONFIG", "SET", "min-replicas-to-write", "0"]).await;
    assert_eq!(keys(&link).await, [""; 0]);
    let given = store.mark("workflow", None, Mark::Remove).await.unwrap();
    let Signal::Message(message) = next(&mut listener).await else { panic!("a message") };
    assert_eq!((message.generation, message.about), (given, About::All(Mark::Remove)));
}

#[tokio::test]
async fn a_listener_hears_when_it_may_have_missed_something() {
    let (mut redis, _link, store) = store().await;
    let mut listener = store.listen();
    assert_eq!(next(&mut listener).await, Signal::Connected);
    redis.restart();
    assert_eq!(next(&mut listener).await, Signal::Connected);
    until("back", async || store.mark("workflow", None, Mark::Remove).await.is_ok()).await;
    assert!(matches!(next(&mut listener).await, Signal::Message(_)));

    // More than is kept for one that does not read.
    let all = About::All(Mark::Remove);
    let message = |number| Message {
        instance: 1,
        cache: "workflow".to_owned(),
        generation: generation(number),
        about: all.clone(),
    };
    for number in 0..5000 {
        store.announce(&message(number)).await.unwrap();
    }
    let (mut missed, mut last) = (false, None);
    while last != Some(4999) {
        match next(&mut listener).await {
            Signal::Message(message) => last = Some(message.generation.as_u64()),
            _ => missed = true,
        }
    }
    assert!(missed);
}

#[tokio::test]
async fn a_listener_ends_with_the_link_and_does_not_keep_it() {
    let (_redis, link, store) = store().await;
    let mut listener = store.listen();
    assert_eq!(next(&mut listener).await, Signal::Connected);
    drop((link, store));
    let end = tokio::time::timeout(PATIENCE, listener.next()).await.expect("it ends");
    assert_eq!(end, None);
}

#[tokio::test]
async fn a_lock_is_one_holders_until_it_is_given_back_or_ends() {
    let (redis, link, store) = store().await;
    let other = RedisStore::new(crate::support::link(&redis.url()).await);
    let name = "workflow:loc_1";
    assert!(store.lock(name, 1, MINUTE).await.unwrap());
    assert_eq!(keys(&link).await, ["bartizan:lock:workflow:loc_1"]);
    assert!((1..=60_000).contains(&expiry(&link, "bartizan:lock:workflow:loc_1").await));
    assert!(!other.lock(name, 2, MINUTE).await.unwrap());
    // Who has not heard that it has the lock asks again, and has it from then on.
    assert!(store.lock(name, 1, MINUTE * 2).await.unwrap());
    assert!(expiry(&link, "bartizan:lock:workflow:loc_1").await > 60_000);
    assert!(other.lock("workflow:loc_2", 2, MINUTE).await.unwrap());
    assert!(store.clone().with_namespace("n").unwrap().lock(name, 2, MINUTE).await.unwrap());

    other.unlock(name, 2).await.unwrap();
    assert!(!other.lock(name, 2, MINUTE).await.unwrap(), "a foreign token opens nothing");
    store.unlock(name, 1).await.unwrap();
    assert!(other.lock(name, u64::MAX, MINUTE).await.unwrap());
    store.unlock(name, 1).await.unwrap();
    assert!(!store.lock(name, 1, MINUTE).await.unwrap(), "it has another holder by now");
    other.unlock(name, u64::MAX).await.unwrap();
    other.unlock(name, u64::MAX).await.unwrap();

    assert!(store.lock(name, 1, Duration::ZERO).await.unwrap());
    until("ended", async || other.lock(name, 2, MINUTE).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_want_a_lock_one_has_it() {
    let (_redis, _link, store) = store().await;
    let mut tasks = tokio::task::JoinSet::new();
    for token in 0..100 {
        let store = store.clone();
        tasks.spawn(async move { store.lock("l", token, MINUTE).await.unwrap() });
    }
    let had = tasks.join_all().await.into_iter().filter(|had| *had).count();
    assert_eq!(had, 1);
}
