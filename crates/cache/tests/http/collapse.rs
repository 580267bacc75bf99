//! Requests for the same wait for one fetch, and for nothing else.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bartizan_cache::{Answered, CacheLayer};
use bartizan_probe::Step;
use http::Method;
use tokio::time::{Instant, sleep};
use tower::{Service, ServiceExt};

use super::driven::*;
use super::support::{answer, get, layer, request, status};

const MINUTE: (&str, &str) = ("cache-control", "max-age=60");
const SECOND: Duration = Duration::from_secs(1);

fn path() -> Asking {
    get("/a", &[])
}

fn in_flight(layer: &CacheLayer) -> u64 {
    layer.responses().stats().in_flight
}

#[tokio::test(start_paused = true)]
async fn a_thousand_requests_at_once_are_one_fetch() {
    let layer = layer();
    let (origin, asked) = taking(SECOND, |_, _| Ok(answer("one", &[MINUTE])));
    let service = origin.behind(&layer);
    let (got, took) = at_once(&service, (0..1_000).map(|_| path())).await;
    assert_eq!((count(&asked), took, in_flight(&layer)), (1, SECOND, 0));
    let collapsed = got.iter().filter(|got| got.handled.collapsed).count();
    let fresh = got.iter().filter(|got| got.handled.answer == Answered::Fresh).count();
    assert!(got.iter().all(|got| got.text() == "one"));
    assert_eq!((collapsed, fresh), (999, 999));
    let stats = layer.responses().stats();
    assert_eq!((stats.misses, stats.memory_hits), (1, 999));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_many_threads_too() {
    let layer = layer();
    let (origin, asked) = taking(Duration::ZERO, |_, _| Ok(answer("one", &[MINUTE])));
    let service = origin.behind(&layer);
    let (got, _) = at_once(&service, (0..1_000).map(|_| path())).await;
    assert!(got.iter().all(|got| got.text() == "one"));
    assert_eq!((count(&asked), in_flight(&layer)), (1, 0));
    // Some land while others are about to wait for them.
    let keys = (0..2_000).map(|key| get(&format!("/{key}"), &[]));
    at_once(&service, keys.flat_map(|key| vec![key; 8])).await;
    assert_eq!((count(&asked), in_flight(&layer)), (2_001, 0));
}

#[tokio::test(start_paused = true)]
async fn when_the_one_that_fetches_leaves_before_an_answer_another_fetches() {
    let layer = layer();
    let (service, mut control) = by_hand(&layer);
    let mut first = Box::pin(service.clone().oneshot(path()));
    waits(&mut first);
    let others: Vec<_> = (0..10).map(|_| tokio::spawn(service.clone().oneshot(path()))).collect();
    settle().await;
    drop(control.next_call().await);
    let begun = Instant::now();
    drop(first);
    control.next_call().await.respond(Ok(plays(&[MINUTE], [data("abc")])));
    for other in others {
        assert_eq!(hear(other.await.unwrap().unwrap()).await.text(), "abc");
    }
    assert_eq!((control.calls(), begun.elapsed(), in_flight(&layer)), (2, Duration::ZERO, 0));
}

#[tokio::test(start_paused = true)]
async fn when_it_leaves_in_the_body_the_others_have_it_all() {
    let layer = layer();
    let (service, mut control) = by_hand(&layer);
    let first = tokio::spawn(service.clone().oneshot(path()));
    let steps = [data("ab"), Step::Pending, data("c"), Step::Pending];
    control.next_call().await.respond(Ok(plays(&[MINUTE], steps)));
    let mut body = first.await.unwrap().unwrap().into_body();
    assert_eq!(text(&mut body), "ab");
    let other = tokio::spawn(service.clone().oneshot(path()));
    settle().await;
    assert!(!other.is_finished());
    drop(body);
    assert_eq!(hear(other.await.unwrap().unwrap()).await.text(), "abc");
    assert_eq!((control.calls(), in_flight(&layer)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn when_its_body_fails_another_fetches() {
    let layer = layer();
    let (service, mut control) = by_hand(&layer);
    let first = tokio::spawn(service.clone().oneshot(path()));
    control.next_call().await.respond(Ok(plays(&[MINUTE], [data("ab"), Step::Error])));
    let body = first.await.unwrap().unwrap();
    let others: Vec<_> = (0..10).map(|_| tokio::spawn(service.clone().oneshot(path()))).collect();
    settle().await;
    assert_eq!(control.calls(), 1);
    drop(body);
    control.next_call().await.respond(Ok(plays(&[MINUTE], [data("abc")])));
    for other in others {
        assert_eq!(hear(other.await.unwrap().unwrap()).await.text(), "abc");
    }
    assert_eq!((control.calls(), in_flight(&layer)), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_for_the_one_that_met_it() {
    let layer = layer();
    let (service, mut control) = by_hand(&layer);
    let first = tokio::spawn(service.clone().oneshot(path()));
    let call = control.next_call().await;
    let other = tokio::spawn(service.clone().oneshot(path()));
    settle().await;
    call.panic("on purpose");
    assert!(first.await.unwrap_err().is_panic());
    control.next_call().await.respond(Ok(plays(&[MINUTE], [data("abc")])));
    assert_eq!(hear(other.await.unwrap().unwrap()).await.text(), "abc");
    assert_eq!((control.calls(), in_flight(&layer)), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn after_an_error_all_ask_at_once() {
    let layer = layer();
    let (origin, asked) = taking(SECOND, |_, count| match count {
        1 => Err(Down),
        _ => Ok(answer("late", &[MINUTE])),
    });
    let service = origin.behind(&layer);
    let first = tokio::spawn(service.clone().oneshot(path()));
    settle().await;
    let (got, took) = at_once(&service, (0..100).map(|_| path())).await;
    assert_eq!(first.await.unwrap().unwrap_err(), Down);
    assert!(got.iter().all(|got| got.text() == "late"));
    assert_eq!((count(&asked), took, in_flight(&layer)), (101, 2 * SECOND, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_stored_is_asked_for_by_all_at_once_and_then_without_a_queue() {
    let layer = layer();
    let (origin, asked) = taking(SECOND, |_, _| Ok(answer("own", &[("cache-control", "private")])));
    let service = origin.behind(&layer);
    let (_, took) = at_once(&service, (0..100).map(|_| path())).await;
    // The first, and then the others together.
    assert_eq!((count(&asked), took), (100, 2 * SECOND));
    // From now on nobody waits for another.
    for round in 1..=3 {
        let (got, took) = at_once(&service, (0..100).map(|_| path())).await;
        assert_eq!((count(&asked), took), (100 + 100 * round, SECOND));
        assert!(
            got.iter()
                .all(|got| got.header("cache-status") == "bartizan; fwd=miss; fwd-status=200")
        );
    }
    // Another path is another matter.
    let (_, took) = at_once(&service, (0..2).map(|_| get("/b", &[]))).await;
    assert_eq!(took, 2 * SECOND);
    assert_eq!(in_flight(&layer), 0);
}

#[tokio::test(start_paused = true)]
async fn the_mark_of_what_is_not_stored_ends_when_something_may_be() {
    let private = ("cache-control", "private");
    let (origin, asked) = taking(SECOND, move |_, count| {
        Ok(answer("one", &[if count == 1 { private } else { MINUTE }]))
    });
    let service = origin.behind(&layer());
    for asks in [1, 2, 3, 3] {
        ask(&service, path()).await;
        assert_eq!(count(&asked), asks);
    }
}

#[tokio::test(start_paused = true)]
async fn the_mark_of_what_is_not_stored_lasts_half_a_minute() {
    let (origin, _) = taking(SECOND, |_, _| Ok(answer("own", &[("cache-control", "private")])));
    let service = origin.behind(&layer());
    ask(&service, path()).await;
    sleep(Duration::from_secs(28)).await;
    let (_, took) = at_once(&service, [path(), path()]).await;
    assert_eq!(took, SECOND);
    // 30 s from the answer, in whole seconds.
    sleep(Duration::from_secs(2)).await;
    let (_, took) = at_once(&service, [path(), path()]).await;
    assert_eq!(took, 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn what_speaks_of_one_request_alone_marks_nothing() {
    let not_modified = || status(304, "", &[("etag", "\"1\"")]);
    let (origin, asked) = taking(SECOND, move |asking, _| {
        let headers = asking.headers();
        Ok(if headers.contains_key("if-none-match") {
            not_modified()
        } else if headers.contains_key("range") {
            status(206, "o", &[MINUTE, ("content-range", "bytes 0-0/3")])
        } else {
            answer("one", &[MINUTE])
        })
    });
    let service = origin.behind(&layer());
    for header in [
        ("if-none-match", "\"1\""),
        ("if-modified-since", "Sat, 01 Jan 2000 00:00:00 GMT"),
        ("range", "bytes=0-0"),
        ("cache-control", "no-store"),
    ] {
        let path = || get(&format!("/{}", header.0), &[]);
        let before = count(&asked);
        ask(&service, get(&format!("/{}", header.0), &[header])).await;
        let stored = header.0 == "if-modified-since";
        let (_, took) = at_once(&service, [path(), path()]).await;
        // One of the two fetches, and it is stored.
        assert_eq!(count(&asked), before + 2 - usize::from(stored), "{header:?}");
        assert_eq!(took, if stored { Duration::ZERO } else { SECOND });
    }
}

#[tokio::test(start_paused = true)]
async fn what_grows_too_large_releases_those_who_wait_and_is_marked() {
    let layer = layer().with_max_body(2);
    let (service, mut control) = by_hand(&layer);
    let first = tokio::spawn(service.clone().oneshot(path()));
    control.next_call().await.respond(Ok(plays(&[MINUTE], [data("abc"), Step::Hang])));
    let mut body = first.await.unwrap().unwrap().into_body();
    let others: Vec<_> = (0..10).map(|_| tokio::spawn(service.clone().oneshot(path()))).collect();
    settle().await;
    assert_eq!(control.calls(), 1);
    let begun = Instant::now();
    assert_eq!(text(&mut body), "abc");
    settle().await;
    assert_eq!((control.calls(), begun.elapsed()), (11, Duration::ZERO));
    for other in others {
        control.next_call().await.respond(Ok(plays(&[MINUTE], [data("abc"), Step::Hang])));
        drop(other.await.unwrap().unwrap());
    }
    // The header section says nothing of the size: the mark stays.
    for _ in 0..3 {
        let pair = [(); 2].map(|()| tokio::spawn(service.clone().oneshot(path())));
        settle().await;
        for call in pair {
            control.next_call().await.respond(Ok(plays(&[MINUTE], [data("abc"), Step::Hang])));
            let response = call.await.unwrap().unwrap();
            assert_eq!(format!("{:?}", response.body()), "CacheBody(\"Inner\")");
        }
    }
    // One that fits ends it.
    for stored in [false, true] {
        let call = tokio::spawn(service.clone().oneshot(path()));
        let fits = plays(&[MINUTE, ("content-length", "2")], [data("ab")]);
        control.next_call().await.respond(Ok(fits));
        assert_eq!(hear(call.await.unwrap().unwrap()).await.handled.stored, stored);
    }
    assert_eq!(ask(&service, path()).await.handled.answer, Answered::Fresh);
    assert_eq!(in_flight(&layer), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_validated_each_time_is_waited_for_by_nobody() {
    for header in ["no-cache", "max-age=0", "max-age=5, s-maxage=0"] {
        let (origin, asked) = taking(SECOND, move |_, _| {
            Ok(answer("one", &[("cache-control", header), ("etag", "\"1\"")]))
        });
        let service = origin.behind(&layer());
        let (_, took) = at_once(&service, (0..100).map(|_| path())).await;
        assert_eq!((count(&asked), took), (100, 2 * SECOND), "{header}");
        let (_, took) = at_once(&service, (0..100).map(|_| path())).await;
        assert_eq!((count(&asked), took), (200, SECOND), "{header}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_the_body_of_what_is_of_no_use_to_others() {
    let (service, mut control) = by_hand(&layer());
    let first = tokio::spawn(service.clone().oneshot(path()));
    let call = control.next_call().await;
    let other = tokio::spawn(service.clone().oneshot(path()));
    settle().await;
    let begun = Instant::now();
    let hangs = || plays(&[("cache-control", "no-cache"), ("etag", "\"1\"")], [Step::Hang]);
    call.respond(Ok(hangs()));
    let _held = first.await.unwrap().unwrap();
    control.next_call().await.respond(Ok(hangs()));
    drop(other.await.unwrap().unwrap());
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_is_validated_once_for_all() {
    let (origin, asked) = taking(SECOND, |asking, count| {
        let tag = ("etag", "\"1\"");
        Ok(match asking.headers().get("if-none-match") {
            Some(_) => status(304, "", &[tag, MINUTE]),
            None if count == 1 => answer("one", &[MINUTE, tag]),
            None => answer("two", &[MINUTE, tag]),
        })
    });
    let service = origin.behind(&layer());
    ask(&service, path()).await;
    sleep(60 * SECOND).await;
    let (got, took) = at_once(&service, (0..100).map(|_| path())).await;
    assert_eq!((count(&asked), took), (2, SECOND));
    assert!(got.iter().all(|got| got.text() == "one"));
    let validated = got.iter().filter(|got| got.handled.answer == Answered::Validated);
    assert_eq!(validated.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_variant_is_fetched_once_when_it_is_known_what_they_are() {
    let layer = layer();
    let (origin, asked) = taking(SECOND, |asking, _| {
        let kind = asking.headers()["x-kind"].to_str().unwrap();
        Ok(answer(kind, &[MINUTE, ("vary", "x-kind")]))
    });
    let service = origin.behind(&layer);
    let kinds = ["a", "b", "c"];
    let requests = (0..300).map(|index| get("/v", &[("x-kind", kinds[index % 3])]));
    let (got, took) = at_once(&service, requests).await;
    // The first shows what they vary by; then the two others.
    assert_eq!((count(&asked), took, in_flight(&layer)), (3, 2 * SECOND, 0));
    for (index, got) in got.iter().enumerate() {
        assert_eq!(got.text(), kinds[index % 3]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_variant_that_is_not_stored_marks_itself_alone() {
    let (origin, asked) = taking(SECOND, |asking, _| {
        let kind = asking.headers()["x-kind"].to_str().unwrap();
        let control = if kind == "own" { "private" } else { "max-age=2" };
        Ok(answer(kind, &[("cache-control", control), ("vary", "x-kind"), ("etag", "\"1\"")]))
    });
    let service = origin.behind(&layer());
    let of = |kind| get("/v", &[("x-kind", kind)]);
    ask(&service, of("all")).await;
    let (_, took) = at_once(&service, (0..100).map(|_| of("own"))).await;
    assert_eq!((count(&asked), took), (101, 2 * SECOND));
    let (_, took) = at_once(&service, (0..100).map(|_| of("own"))).await;
    assert_eq!((count(&asked), took), (201, SECOND));
    // The other is stale, and still validated for all at once.
    let (got, _) = at_once(&service, (0..100).map(|_| of("all"))).await;
    assert_eq!(count(&asked), 202);
    assert_eq!(got[0].header("cache-status"), "bartizan; fwd=stale; fwd-status=200; stored; ttl=1");
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_no_longer_than_the_lock_lasts() {
    let layer = layer().with_lock_timeout(3 * SECOND);
    let (service, mut control) = by_hand(&layer);
    let first = tokio::spawn(service.clone().oneshot(path()));
    let held = control.next_call().await;
    let begun = Instant::now();
    let other = tokio::spawn(service.clone().oneshot(path()));
    let call = control.next_call().await;
    assert_eq!(begun.elapsed().as_secs(), 3);
    call.respond(Ok(plays(&[MINUTE], [data("two")])));
    assert_eq!(hear(other.await.unwrap().unwrap()).await.text(), "two");
    held.respond(Ok(plays(&[MINUTE], [data("one")])));
    assert_eq!(hear(first.await.unwrap().unwrap()).await.text(), "one");
    assert_eq!((control.calls(), in_flight(&layer)), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn it_waits_no_longer_in_all_either() {
    let (service, mut control) = by_hand(&layer().with_lock_timeout(3 * SECOND));
    // Whoever fetches leaves after two seconds.
    let first = tokio::spawn(service.clone().oneshot(path()));
    let _held = control.next_call().await;
    let begun = Instant::now();
    let second = tokio::spawn(service.clone().oneshot(path()));
    settle().await;
    let third = tokio::spawn(service.clone().oneshot(path()));
    settle().await;
    sleep(2 * SECOND).await;
    first.abort();
    let _held_too = control.next_call().await;
    assert_eq!(begun.elapsed(), 2 * SECOND);
    let call = control.next_call().await;
    assert_eq!(begun.elapsed().as_secs(), 3);
    call.respond(Ok(plays(&[MINUTE], [data("abc")])));
    let late = hear(third.await.unwrap().unwrap()).await;
    assert_eq!(late.text(), "abc");
    second.abort();
}

#[tokio::test(start_paused = true)]
async fn what_asks_for_less_or_more_than_all_fetches_for_itself() {
    let requests = [
        request("HEAD", "/a", &[]),
        get("/a", &[("range", "bytes=0-1")]),
        get("/a", &[("if-none-match", "\"1\"")]),
        get("/a", &[("if-modified-since", "Sat, 01 Jan 2000 00:00:00 GMT")]),
        get("/a", &[("cache-control", "no-store")]),
        get("/a", &[("cache-control", "no-cache")]),
        get("/a", &[("cache-control", "max-age=0")]),
        get("/a", &[("pragma", "no-cache")]),
    ];
    for odd in requests {
        let layer = layer();
        let (service, mut control) = by_hand(&layer);
        // Neither does anybody wait for it ...
        let odd_first = tokio::spawn(service.clone().oneshot(odd.clone()));
        let _odd = control.next_call().await;
        assert_eq!(in_flight(&layer), 0, "{odd:?}");
        let plain = tokio::spawn(service.clone().oneshot(path()));
        let call = control.next_call().await;
        assert_eq!(*call.request().method(), Method::GET);
        assert_eq!(in_flight(&layer), 1);
        // ... nor does it wait.
        let odd_second = tokio::spawn(service.clone().oneshot(odd.clone()));
        let _odd_too = control.next_call().await;
        assert_eq!(control.calls(), 3);
        call.respond(Ok(plays(&[MINUTE], [data("abc")])));
        assert_eq!(hear(plain.await.unwrap().unwrap()).await.text(), "abc");
        odd_first.abort();
        odd_second.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_through_an_invalidation_waits_for_one_fetch_more() {
    let layer = layer();
    let (service, mut control) = by_hand(&layer);
    let first = tokio::spawn(service.clone().oneshot(path()));
    let call = control.next_call().await;
    let others: Vec<_> = (0..100).map(|_| tokio::spawn(service.clone().oneshot(path()))).collect();
    settle().await;
    layer.responses().purge(&"http://example.com/a".parse().unwrap()).await.unwrap();
    call.respond(Ok(plays(&[MINUTE], [data("old")])));
    assert_eq!(hear(first.await.unwrap().unwrap()).await.text(), "old");
    control.next_call().await.respond(Ok(plays(&[MINUTE], [data("new")])));
    for other in others {
        assert_eq!(hear(other.await.unwrap().unwrap()).await.text(), "new");
    }
    assert_eq!((control.calls(), in_flight(&layer)), (2, 0));
    // One that comes after the invalidation does not wait for what began before it.
    let (service, mut control) = by_hand(&layer);
    let first = tokio::spawn(service.clone().oneshot(get("/b", &[])));
    let _old = control.next_call().await;
    layer.responses().purge(&"http://example.com/b".parse().unwrap()).await.unwrap();
    let second = tokio::spawn(service.clone().oneshot(get("/b", &[])));
    control.next_call().await.respond(Ok(plays(&[MINUTE], [data("new")])));
    assert_eq!(hear(second.await.unwrap().unwrap()).await.text(), "new");
    first.abort();
}

#[tokio::test(start_paused = true)]
async fn only_if_cached_is_never_forwarded() {
    let (origin, asked) = taking(SECOND, |_, _| Ok(answer("own", &[("cache-control", "private")])));
    let service = origin.behind(&layer());
    let only = || get("/a", &[("cache-control", "only-if-cached")]);
    assert_eq!(ask(&service, only()).await.status, 504);
    ask(&service, path()).await;
    // It is marked now.
    let got = ask(&service, only()).await;
    assert_eq!((got.status.as_u16(), got.handled.answer), (504, Answered::Nothing));
    assert_eq!(got.header("cache-status"), "", "RFC 9211, section 2");
    assert_eq!(count(&asked), 1);
}

#[tokio::test(start_paused = true)]
async fn clones_of_a_service_and_other_layers_over_the_same_responses_collapse() {
    let layer = layer();
    let asked = std::sync::Arc::new(AtomicUsize::new(0));
    let make = || {
        let asked = std::sync::Arc::clone(&asked);
        let (origin, _) = taking(SECOND, move |_, _| {
            asked.fetch_add(1, Ordering::SeqCst);
            Ok(answer("one", &[MINUTE]))
        });
        origin
    };
    let other = CacheLayer::new(layer.responses().clone());
    let (mut first, mut second) = (make().behind(&layer), make().behind(&other));
    let first = first.ready().await.unwrap().call(path());
    let second = second.ready().await.unwrap().call(path());
    let (first, second) = tokio::join!(async { hear(first.await.unwrap()).await }, async {
        settle().await;
        hear(second.await.unwrap()).await
    });
    assert_eq!((first.text(), second.text()), ("one", "one"));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    // It was a second under way.
    assert_eq!(second.header("age"), "1");
}

#[tokio::test(start_paused = true)]
async fn a_lock_may_be_without_a_limit() {
    let layer = layer().with_lock_timeout(Duration::MAX);
    let (origin, asked) = taking(30 * SECOND, |_, _| Ok(answer("one", &[MINUTE])));
    let service = origin.behind(&layer);
    let (_, took) = at_once(&service, [path(), path()]).await;
    assert_eq!((count(&asked), took), (1, 30 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn what_has_too_long_a_key_has_no_queue() {
    let long = format!("/{}", "x".repeat(9 << 10));
    let (origin, asked) = taking(SECOND, |_, _| Ok(answer("one", &[MINUTE])));
    let service = origin.behind(&layer());
    ask(&service, get(&long, &[])).await;
    let (_, took) = at_once(&service, (0..3).map(|_| get(&long, &[]))).await;
    assert_eq!((count(&asked), took), (4, SECOND));
}
