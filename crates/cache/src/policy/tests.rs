use std::time::Duration;

use super::{Asked, Judged, Lifetime, Times, judge, lifetime, promoted};
use crate::item::Kind;
use crate::{Options, Timestamp};

const START: u64 = 1_000;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn at(seconds: u64) -> Timestamp {
    Timestamp::from_nanos(seconds * 1_000_000_000)
}

const ASKED: Asked = Asked { ttl: None, memory_ttl: None, store_ttl: None, kind: Kind::Value };

fn made(options: &Options, asked: Asked) -> Lifetime {
    lifetime(at(START), options, asked, 0.5)
}

/// What an entry that is fresh for ten seconds, due after five, kept for sixty and held back until
/// `retry` is good for, `after` its creation.
fn judged(after: u64, retry: u64, options: &Options) -> Judged {
    let times = Times {
        fresh_until: at(START + 10),
        eager_at: at(START + 5),
        keep_until: at(START + 60),
        retry_at: at(START + retry),
    };
    judge(times, at(START + after), options)
}

#[test]
fn what_an_entry_is_good_for_changes_at_the_ends_of_its_windows() {
    use Judged::{Due, Fresh, Gone, Revalidate, Spare};
    let plain = Options::new(secs(10));
    let revalidate = plain.clone().with_stale_while_revalidate(secs(20));
    let safe = plain.clone().with_fail_safe(secs(40), secs(3));
    let both = revalidate.clone().with_fail_safe(secs(40), secs(3));
    for (after, expected) in [
        (0, [Fresh, Fresh, Fresh, Fresh]),
        (4, [Fresh, Fresh, Fresh, Fresh]),
        (5, [Due, Due, Due, Due]),
        (9, [Due, Due, Due, Due]),
        (10, [Gone, Revalidate, Spare, Revalidate]),
        (29, [Gone, Revalidate, Spare, Revalidate]),
        (30, [Gone, Gone, Spare, Spare]),
        (49, [Gone, Gone, Spare, Spare]),
        (50, [Gone, Gone, Gone, Gone]),
        (1_000_000, [Gone, Gone, Gone, Gone]),
    ] {
        let all = [&plain, &revalidate, &safe, &both];
        assert_eq!(all.map(|options| judged(after, 0, options)), expected, "after {after} s");
    }
}

#[test]
fn until_it_may_be_tried_again_nothing_is_due_and_what_is_stale_is_held_back() {
    let both = Options::new(secs(10))
        .with_stale_while_revalidate(secs(20))
        .with_fail_safe(secs(40), secs(3));
    assert_eq!(judged(6, 7, &both), Judged::Fresh);
    assert_eq!(judged(7, 7, &both), Judged::Due);
    assert_eq!(judged(10, 11, &both), Judged::Throttled);
    assert_eq!(judged(11, 11, &both), Judged::Revalidate);
    assert_eq!(judged(49, 50, &both), Judged::Throttled);
    assert_eq!(judged(40, 40, &both), Judged::Spare);
    assert_eq!(judged(50, 90, &both), Judged::Gone, "nothing is served past the window");
    let plain = Options::new(secs(10));
    assert_eq!(judged(10, 90, &plain), Judged::Gone);
}

#[test]
fn past_its_keeping_an_entry_is_good_for_nothing_whatever_the_caller_allows() {
    let generous = Options::new(secs(10))
        .with_stale_while_revalidate(secs(1_000))
        .with_fail_safe(secs(1_000), secs(3));
    assert_eq!(judged(59, 0, &generous), Judged::Revalidate);
    assert_eq!(judged(60, 0, &generous), Judged::Gone);
}

#[test]
fn each_level_has_its_time() {
    let options = Options::new(secs(60))
        .with_memory_ttl(secs(20))
        .with_store_ttl(secs(600))
        .with_absent_ttl(secs(5))
        .with_stale_while_revalidate(secs(7))
        .with_fail_safe(secs(100), secs(1));
    let expected = Lifetime {
        fresh_until: at(START + 20),
        eager_at: Timestamp::NEVER,
        keep_until: at(START + 120),
        store_fresh_for: secs(600),
        store_keep_for: secs(700),
    };
    assert_eq!(made(&options, ASKED), expected);
    let absent = Asked { kind: Kind::Absent, ..ASKED };
    let made_absent = made(&options, absent);
    assert_eq!((made_absent.fresh_until, made_absent.store_fresh_for), (at(START + 5), secs(5)));
    let own = Asked { ttl: Some(secs(9)), ..absent };
    let made_own = made(&options, own);
    assert_eq!((made_own.fresh_until, made_own.store_fresh_for), (at(START + 9), secs(9)));
    let all = Asked {
        ttl: Some(secs(90)),
        memory_ttl: Some(secs(30)),
        store_ttl: Some(secs(40)),
        kind: Kind::NotModified,
    };
    let made_all = made(&options, all);
    assert_eq!((made_all.fresh_until, made_all.store_fresh_for), (at(START + 30), secs(40)));
}

#[test]
fn jitter_lengthens_both_levels_alike_and_never_what_the_memory_may_hold() {
    let options = Options::new(secs(60)).with_jitter(secs(10)).with_store_ttl(secs(600));
    let half = made(&options, ASKED);
    assert_eq!((half.fresh_until, half.store_fresh_for), (at(START + 65), secs(605)));
    for (random, most) in [(0.0, 60), (1.0, 70), (-1.0, 60), (2.0, 70)] {
        let made = lifetime(at(START), &options, ASKED, random);
        assert_eq!(made.fresh_until, at(START + most));
    }
    let capped = made(&options.with_memory_ttl(secs(61)), ASKED);
    assert_eq!(capped.fresh_until, at(START + 61));
}

#[test]
fn the_share_of_a_refresh_is_of_the_time_in_memory() {
    let options = Options::new(secs(60)).with_eager_refresh(0.75);
    let options = options.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(made(&options, ASKED).eager_at, at(START + 45));
    let short = made(&options.with_memory_ttl(secs(20)), ASKED);
    assert_eq!(short.eager_at, at(START + 15));
}

#[test]
fn the_longest_times_end_with_time_itself() {
    let forever = Duration::MAX;
    let options = Options::new(forever).with_jitter(forever).with_fail_safe(forever, forever);
    let made = made(&options, ASKED);
    assert_eq!((made.fresh_until, made.keep_until), (Timestamp::NEVER, Timestamp::NEVER));
    assert_eq!((made.store_fresh_for, made.store_keep_for), (forever, forever));
}

#[test]
fn what_comes_from_the_store_is_as_old_there_as_here() {
    let options = Options::new(secs(60)).with_eager_refresh(0.5);
    let options = options.unwrap_or_else(|error| panic!("{error}"));
    let from = |options: &Options, now| promoted(at(START), at(now), secs(60), secs(90), options);
    let young = from(&options, START + 10);
    assert_eq!((young.fresh_until, young.keep_until), (at(START + 60), at(START + 90)));
    assert_eq!(young.eager_at, at(START + 30));
    let asked_again = options.with_memory_ttl(secs(5));
    assert_eq!(from(&asked_again, START + 10).fresh_until, at(START + 15));
    assert_eq!(from(&asked_again, START + 58).fresh_until, at(START + 60));
    assert_eq!(from(&asked_again, START + 70).fresh_until, at(START + 60), "stale is stale");
}
