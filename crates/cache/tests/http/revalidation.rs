//! What is stale: served meanwhile, served in place of an error, validated, or replaced.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bartizan_cache::test_util::TokioClock;
use bartizan_cache::{Answered, CacheLayer, Caches, Handled, Observer, Responded, ResponseCache};
use bytes::Bytes;
use http::{Method, Response};
use http_body_util::Full;
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

use super::driven::*;
use super::support::{Origin, answer, before, get, layer, request, send, status};

const SECOND: Duration = Duration::from_secs(1);
const TAG: (&str, &str) = ("etag", "\"1\"");
const MEANWHILE: (&str, &str) = ("cache-control", "max-age=10, stale-while-revalidate=600");
const FOR_ERRORS: (&str, &str) = ("cache-control", "max-age=10, stale-if-error=600");

fn path() -> Asking {
    get("/a", &[])
}

/// What the origin says next.
#[derive(Clone)]
struct Says(Arc<Mutex<Result<Response<Full<Bytes>>, Down>>>);

impl Says {
    fn new(answer: Response<Full<Bytes>>) -> Self {
        Self(Arc::new(Mutex::new(Ok(answer))))
    }

    fn now(&self, answer: Result<Response<Full<Bytes>>, Down>) {
        *self.0.lock().unwrap() = answer;
    }

    /// The layer before an origin that takes so long to say it, and how often that is asked.
    fn behind(
        &self,
        layer: &CacheLayer,
        time: Duration,
    ) -> (ResponseCache<impl Asked>, Arc<AtomicUsize>) {
        let says = Arc::clone(&self.0);
        let (origin, asked) = taking(time, move |_, _| says.lock().unwrap().clone());
        (origin.behind(layer), asked)
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_is_served_at_once_while_it_is_fetched_once() {
    let says = Says::new(answer("one", &[MEANWHILE]));
    let (service, asked) = says.behind(&layer(), SECOND);
    ask(&service, path()).await;
    says.now(Ok(answer("two", &[MEANWHILE])));
    sleep(10 * SECOND).await;
    let (got, took) = at_once(&service, (0..100).map(|_| path())).await;
    assert_eq!(took, Duration::ZERO);
    assert!(got.iter().all(|got| (got.text(), got.handled.answer) == ("one", Answered::Stale)));
    // It was a second under way, and is stored for ten.
    assert_eq!(got[0].header("cache-status"), "bartizan; hit; ttl=-1");
    settle().await;
    assert_eq!(count(&asked), 2);
    sleep(SECOND).await;
    settle().await;
    let got = ask(&service, path()).await;
    assert_eq!((got.text(), got.handled.answer), ("two", Answered::Fresh));
    assert_eq!(count(&asked), 2);
}

#[tokio::test(start_paused = true)]
async fn a_dead_origin_is_tried_once_a_second() {
    for dead in [Err(Down), Ok(status(503, "", &[]))] {
        let layer = layer();
        let says = Says::new(answer("one", &[MEANWHILE]));
        let (service, asked) = says.behind(&layer, Duration::ZERO);
        ask(&service, path()).await;
        says.now(dead);
        sleep(20 * SECOND).await;
        for tries in 1..=5 {
            for _ in 0..20 {
                let got = ask(&service, path()).await;
                assert_eq!((got.text(), got.handled.answer), ("one", Answered::Stale));
                settle().await;
                sleep(SECOND / 20).await;
            }
            assert_eq!(count(&asked), 1 + tries);
        }
        assert_eq!(layer.responses().stats().in_flight, 0);
        says.now(Ok(answer("two", &[MEANWHILE])));
        ask(&service, path()).await;
        settle().await;
        assert_eq!(ask(&service, path()).await.text(), "two");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_background_is_tried_again_too() {
    let layer = layer();
    let (service, mut control) = by_hand(&layer);
    let first = tokio::spawn(service.clone().oneshot(path()));
    control.next_call().await.respond(Ok(plays(&[MEANWHILE], [data("one")])));
    hear(first.await.unwrap().unwrap()).await;
    sleep(20 * SECOND).await;
    assert_eq!(ask(&service, path()).await.text(), "one");
    control.next_call().await.panic("on purpose");
    settle().await;
    assert_eq!(layer.responses().stats().in_flight, 0);
    assert_eq!(ask(&service, path()).await.text(), "one");
    assert_eq!(control.calls(), 2);
    sleep(SECOND).await;
    assert_eq!(ask(&service, path()).await.text(), "one");
    let again = control.next_call().await;
    // One that never answers is given up.
    assert_eq!(layer.responses().stats().in_flight, 1);
    sleep(61 * SECOND).await;
    assert_eq!((layer.responses().stats().in_flight, control.cancelled()), (0, 1));
    drop(again);
}

#[tokio::test(start_paused = true)]
async fn in_the_background_all_of_it_is_fetched_on_no_condition_of_the_client() {
    for asking in [
        request("HEAD", "/a", &[]),
        get("/a", &[("range", "bytes=0-0"), ("if-range", "\"1\"")]),
        get("/a", &[("if-none-match", "\"7\"")]),
        get("/a", &[("if-modified-since", "Sat, 01 Jan 2000 00:00:00 GMT")]),
        get("/a", &[("cache-control", "max-stale=100"), ("pragma", "x")]),
    ] {
        let (service, mut control) = by_hand(&layer());
        let first = tokio::spawn(service.clone().oneshot(path()));
        control.next_call().await.respond(Ok(plays(&[MEANWHILE, TAG], [data("one")])));
        hear(first.await.unwrap().unwrap()).await;
        sleep(20 * SECOND).await;
        ask(&service, asking).await;
        let call = control.next_call().await;
        assert_eq!(*call.request().method(), Method::GET);
        let headers = call.request().headers().clone();
        // Its own condition, and nothing else but the host.
        assert_eq!((headers.len(), &headers["if-none-match"]), (2, &"\"1\"".parse().unwrap()));
        call.respond(Ok(plays(&[MEANWHILE], [data("two")])));
        settle().await;
        let got = ask(&service, path()).await;
        assert_eq!((got.text(), got.handled.answer), ("two", Answered::Fresh));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_may_not_be_stored_for_begins_no_fetch() {
    let says = Says::new(answer("one", &[MEANWHILE]));
    let (service, asked) = says.behind(&layer(), Duration::ZERO);
    ask(&service, path()).await;
    sleep(20 * SECOND).await;
    let got = ask(&service, get("/a", &[("cache-control", "no-store")])).await;
    settle().await;
    assert_eq!((got.handled.answer, count(&asked)), (Answered::Stale, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_fetched_in_the_background_counts_for_no_request() {
    #[derive(Debug, Default)]
    struct Seen(Mutex<Vec<Handled>>);
    impl Observer for Seen {
        fn responded(&self, event: &Responded<'_>) {
            self.0.lock().unwrap().push(event.handled);
        }
    }
    let seen = Arc::new(Seen::default());
    let caches = Caches::builder().with_clock(TokioClock::new()).with_observer(Arc::clone(&seen));
    let layer = CacheLayer::new(caches.build().responses("http").build().unwrap());
    for (count, later) in
        [answer("two", &[MEANWHILE]), status(304, "", &[TAG]), status(503, "", &[])]
            .into_iter()
            .enumerate()
    {
        let path = || get(&format!("/{count}"), &[]);
        let says = Says::new(answer("one", &[MEANWHILE, TAG]));
        let (service, _) = says.behind(&layer, Duration::ZERO);
        ask(&service, path()).await;
        says.now(Ok(later));
        sleep(20 * SECOND).await;
        ask(&service, path()).await;
        settle().await;
        let answers: Vec<_> = seen.0.lock().unwrap().drain(..).map(|it| it.answer).collect();
        assert_eq!(answers, [Answered::Inner, Answered::Stale]);
        let stats = layer.responses().stats();
        let times = count as u64 + 1;
        assert_eq!((stats.misses, stats.stale, stats.memory_hits), (times, times, 0));
    }
    // A request that is validated counts once, as does one that meets an error.
    let says = Says::new(answer("one", &[FOR_ERRORS, TAG]));
    let (service, _) = says.behind(&layer, Duration::ZERO);
    ask(&service, path()).await;
    sleep(20 * SECOND).await;
    says.now(Ok(status(304, "", &[TAG])));
    ask(&service, path()).await;
    sleep(20 * SECOND).await;
    says.now(Err(Down));
    ask(&service, path()).await;
    let stats = layer.responses().stats();
    assert_eq!((stats.misses, stats.stale, stats.memory_hits), (4, 4, 1));
    service.clone().oneshot(get("/other", &[])).await.unwrap_err();
    assert_eq!(layer.responses().stats().misses, 5);
    assert_eq!(seen.0.lock().unwrap().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_stands_for_errors() {
    for (error, stands) in [
        (Err(Down), true),
        (Ok(500), true),
        (Ok(502), true),
        (Ok(503), true),
        (Ok(504), true),
        (Ok(501), false),
        (Ok(404), false),
        (Ok(429), false),
    ] {
        let says = Says::new(answer("one", &[FOR_ERRORS]));
        let (service, _) = says.behind(&layer(), Duration::ZERO);
        ask(&service, path()).await;
        says.now(error.map(|code| status(code, "error", &[])));
        sleep(20 * SECOND).await;
        let got = ask(&service, path()).await;
        if stands {
            assert_eq!((got.text(), got.handled.answer), ("one", Answered::StaleForError));
            let code = error.map_or(String::new(), |code| format!(" fwd-status={code};"));
            let told = format!("bartizan; fwd=stale;{code} ttl=-10; detail=stale-if-error");
            assert_eq!((got.header("cache-status"), got.header("age")), (told.as_str(), "20"));
        } else {
            assert_eq!(got.text(), "error");
        }
        // Past its window it does not.
        sleep(600 * SECOND).await;
        match error {
            Err(Down) => {
                assert_eq!(service.clone().oneshot(path()).await.unwrap_err(), Down);
            }
            Ok(code) => assert_eq!(ask(&service, path()).await.status, code),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_stood_for_an_error_does_so_for_a_second_without_asking() {
    let says = Says::new(answer("one", &[FOR_ERRORS]));
    let (service, asked) = says.behind(&layer(), 2 * SECOND);
    ask(&service, path()).await;
    says.now(Err(Down));
    sleep(20 * SECOND).await;
    // Those who wait for the one that meets the error have it as well.
    let (got, took) = at_once(&service, (0..100).map(|_| path())).await;
    assert_eq!((count(&asked), took), (2, 2 * SECOND));
    assert!(got.iter().all(|got| got.handled.answer == Answered::StaleForError));
    let (got, took) = at_once(&service, (0..100).map(|_| path())).await;
    assert_eq!((count(&asked), took), (2, Duration::ZERO));
    let told = "bartizan; hit; ttl=-14; detail=stale-if-error";
    assert!(got.iter().all(|got| got.header("cache-status") == told), "{:?}", got[0]);
    // Who takes nothing stale asks.
    let call = service.clone().oneshot(get("/a", &[("cache-control", "no-cache")]));
    assert_eq!(call.await.unwrap_err(), Down);
    assert_eq!(count(&asked), 3);
    sleep(SECOND).await;
    says.now(Ok(answer("two", &[FOR_ERRORS])));
    assert_eq!(ask(&service, path()).await.text(), "two");
}

#[tokio::test(start_paused = true)]
async fn what_has_to_be_validated_never_stands_for_an_error() {
    for control in [
        "max-age=10, stale-if-error=600, stale-while-revalidate=600, must-revalidate",
        "max-age=10, stale-if-error=600, stale-while-revalidate=600, proxy-revalidate",
        "s-maxage=10, stale-if-error=600, stale-while-revalidate=600",
        "no-cache, stale-if-error=600, stale-while-revalidate=600",
    ] {
        let says = Says::new(answer("one", &[("cache-control", control), TAG]));
        let (service, _) = says.behind(&layer().with_stale_if_error(600 * SECOND), Duration::ZERO);
        ask(&service, path()).await;
        says.now(Ok(status(503, "error", &[])));
        sleep(20 * SECOND).await;
        assert_eq!(ask(&service, path()).await.text(), "error", "{control}");
        says.now(Err(Down));
        assert_eq!(service.clone().oneshot(path()).await.unwrap_err(), Down, "{control}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_stands_for_a_slow_answer_which_is_stored_when_it_comes() {
    let layer = layer().with_soft_timeout(SECOND);
    let says = Says::new(answer("one", &[FOR_ERRORS]));
    let (service, asked) = says.behind(&layer, 3 * SECOND);
    // Nothing stands for the first.
    let begun = Instant::now();
    assert_eq!(ask(&service, path()).await.text(), "one");
    assert_eq!(begun.elapsed(), 3 * SECOND);
    says.now(Ok(answer("two", &[FOR_ERRORS])));
    sleep(20 * SECOND).await;
    let (got, took) = at_once(&service, (0..100).map(|_| path())).await;
    assert_eq!((count(&asked), took.as_secs()), (2, 1));
    assert!(
        got.iter().all(|got| (got.text(), got.handled.answer) == ("one", Answered::StaleForError))
    );
    // Nobody waits for what is known to be slow.
    let (_, took) = at_once(&service, [path(), path()]).await;
    assert_eq!((count(&asked), took), (2, Duration::ZERO));
    sleep(2 * SECOND).await;
    settle().await;
    let got = ask(&service, path()).await;
    assert_eq!((got.text(), got.handled.answer, count(&asked)), ("two", Answered::Fresh, 2));
    // One that is fast enough is waited for.
    assert_eq!(layer.responses().stats().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_before_the_soft_timeout_takes_its_fetch_along() {
    let layer = layer().with_soft_timeout(5 * SECOND);
    let (service, mut control) = by_hand(&layer);
    let first = tokio::spawn(service.clone().oneshot(path()));
    control.next_call().await.respond(Ok(plays(&[FOR_ERRORS], [data("one")])));
    hear(first.await.unwrap().unwrap()).await;
    sleep(20 * SECOND).await;
    let mut call = Box::pin(service.clone().oneshot(path()));
    waits(&mut call);
    assert_eq!((control.calls(), layer.responses().stats().in_flight), (2, 1));
    drop(call);
    assert_eq!((control.cancelled(), layer.responses().stats().in_flight), (1, 0));
    // And a panic is its own.
    let call = tokio::spawn(service.clone().oneshot(path()));
    drop(control.next_call().await);
    control.next_call().await.panic("on purpose");
    assert!(call.await.unwrap_err().is_panic());
}

#[tokio::test(start_paused = true)]
async fn what_goes_on_after_the_soft_timeout_is_given_up_at_last() {
    let layer = layer().with_soft_timeout(SECOND).with_patience(5 * SECOND);
    let (service, mut control) = by_hand(&layer);
    let first = tokio::spawn(service.clone().oneshot(path()));
    control.next_call().await.respond(Ok(plays(&[FOR_ERRORS], [data("one")])));
    hear(first.await.unwrap().unwrap()).await;
    sleep(20 * SECOND).await;
    assert_eq!(ask(&service, path()).await.handled.answer, Answered::StaleForError);
    assert_eq!((control.in_flight(), layer.responses().stats().in_flight), (1, 1));
    sleep(6 * SECOND).await;
    assert_eq!((control.in_flight(), layer.responses().stats().in_flight), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_stored_any_more_ends_what_was() {
    let short = ("cache-control", "max-age=10, stale-while-revalidate=600, stale-if-error=600");
    for (code, headers, ends) in [
        (200, &[("cache-control", "private")][..], true),
        (302, &[], true),
        (404, &[], true),
        (410, &[], true),
        (401, &[], false),
        (429, &[], false),
        (501, &[], false),
    ] {
        let says = Says::new(answer("one", &[short, TAG]));
        let (service, _) = says.behind(&layer(), Duration::ZERO);
        ask(&service, path()).await;
        says.now(Ok(status(code, "other", headers)));
        sleep(20 * SECOND).await;
        // The first begins what finds out.
        assert_eq!(ask(&service, path()).await.text(), "one");
        settle().await;
        assert_eq!(
            ask(&service, path()).await.text(),
            if ends { "other" } else { "one" },
            "{code}"
        );
        let only = get("/a", &[("cache-control", "only-if-cached")]);
        assert_eq!(ask(&service, only).await.status == 504, ends, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn fields_that_are_not_for_others_are_not_stored() {
    let control = "max-age=60, no-cache=\"x-field, set-cookie\", private=\"x-own\"";
    let first = [
        ("cache-control", control),
        ("x-field", "1"),
        ("x-own", "1"),
        ("set-cookie", "a=b"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("x-kept", "1"),
    ];
    let origin = Origin::new([answer("one", &first)]);
    let service = before(&layer(), &origin);
    let got = send(&service, path()).await;
    assert_eq!(
        (got.header("x-field"), got.header("x-own"), got.header("set-cookie")),
        ("1", "1", "a=b")
    );
    let got = send(&service, path()).await;
    assert_eq!(got.handled.answer, Answered::Fresh);
    for name in ["x-field", "x-own", "set-cookie", "x-hop", "connection"] {
        assert_eq!(got.header(name), "", "{name}");
    }
    assert_eq!(got.header("x-kept"), "1");
}

#[tokio::test(start_paused = true)]
async fn what_comes_without_a_date_is_dated() {
    let origin = Origin::new([answer("one", &[("cache-control", "max-age=60")])]);
    let service = before(&layer(), &origin);
    send(&service, path()).await;
    sleep(5 * SECOND).await;
    // The clock of the tests begins at 1795179514.3 s.
    assert_eq!(send(&service, path()).await.header("date"), "Fri, 20 Nov 2026 12:58:34 GMT");
}

#[tokio::test(start_paused = true)]
async fn a_soft_purge_makes_stale_and_a_304_renews() {
    let minute = ("cache-control", "max-age=60, stale-if-error=600");
    for headers in [vec![minute, TAG, ("cache-tag", "t")], vec![minute, TAG, ("vary", "x-kind")]] {
        let origin = Origin::new([answer("one", &headers)]);
        let layer = layer();
        let service = before(&layer, &origin);
        send(&service, path()).await;
        origin.says(status(304, "", &[TAG]));
        layer.responses().expire(&"http://example.com/a".parse().unwrap()).await.unwrap();
        let got = send(&service, path()).await;
        assert_eq!((got.text(), got.handled.answer), ("one", Answered::Validated));
        let got = send(&service, path()).await;
        assert_eq!((got.handled.answer, origin.asked()), (Answered::Fresh, 2));
        layer.responses().expire_all().await;
        assert_eq!(send(&service, path()).await.handled.answer, Answered::Validated);
    }
}

#[tokio::test(start_paused = true)]
async fn windows_may_be_without_a_limit() {
    let layer = layer()
        .with_patience(Duration::MAX)
        .with_validation_window(Duration::MAX)
        .with_stale_while_revalidate(Duration::MAX)
        .with_stale_if_error(Duration::MAX);
    let says = Says::new(answer("one", &[("cache-control", "max-age=1"), TAG]));
    let (service, asked) = says.behind(&layer, SECOND);
    ask(&service, path()).await;
    // It is stale, served all the same, and fetched meanwhile.
    sleep(2 * SECOND).await;
    let got = ask(&service, path()).await;
    assert_eq!((got.text(), got.handled.answer), ("one", Answered::Stale));
    sleep(2 * SECOND).await;
    assert_eq!(count(&asked), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_made_stale_before_its_time_has_been_stale_since() {
    let fields = ("cache-control", "max-age=600, stale-while-revalidate=60");
    let origin = Origin::new([answer("one", &[fields])]);
    let layer = layer();
    let service = before(&layer, &origin);
    send(&service, path()).await;
    sleep(5 * SECOND).await;
    layer.responses().expire(&"http://example.com/a".parse().unwrap()).await.unwrap();
    sleep(2 * SECOND).await;
    let got = send(&service, path()).await;
    assert_eq!((got.handled.answer, got.header("age")), (Answered::Stale, "7"));
    assert_eq!(got.header("cache-status"), "bartizan; hit; ttl=-2");
}
