//! tower's contract: readiness, the ready instance, cancellation, auto traits, extensions; against
//! the strict probe.

use std::cell::Cell;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::MutexGuard;
use std::task::Poll;
use std::time::Duration;

use bartizan_cache::test_util::ManualClock;
use bartizan_cache::{
    Answered, CacheBody, CacheLayer, Caches, Handled, Profile, ResponseCache, ResponseFuture,
    Responses,
};
use bartizan_probe::{Controlled, Scripted, Step, Strict, read, strict_fn};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use tokio::time::{Instant, sleep};
use tower::{Layer, Service, ServiceExt};

use super::driven::*;
use super::support::{answer, get, layer, request};

const MINUTE: (&str, &str) = ("cache-control", "max-age=60");

fn path() -> Asking {
    get("/a", &[])
}

/// All ways through the layer, by what is asked and what has happened before.
fn all_ways() -> Vec<Asking> {
    vec![
        path(),
        path(),
        get("/a", &[("cache-control", "no-cache")]),
        get("/a", &[("cache-control", "only-if-cached")]),
        get("/none", &[("cache-control", "only-if-cached")]),
        get("/stale", &[]),
        get("/stale", &[]),
        get("/stale", &[]),
        get("/private", &[]),
        get("/private", &[]),
        get("/private", &[]),
        get("/a", &[("cookie", "a=b")]),
        request("HEAD", "/a", &[]),
        request("HEAD", "/b", &[]),
        request("OPTIONS", "/a", &[]),
        request("POST", "/a", &[]),
        path(),
    ]
}

fn says(asking: &Asking) -> Response<Full<Bytes>> {
    let control = match asking.uri().path() {
        "/stale" => "max-age=0, stale-while-revalidate=60",
        "/private" => "private",
        _ => "max-age=60",
    };
    answer("text", &[("cache-control", control), ("etag", "\"1\"")])
}

#[tokio::test(start_paused = true)]
async fn calls_only_the_instance_that_was_found_ready() {
    for soft in [None, Some(Duration::from_secs(1))] {
        let mut layer = layer();
        if let Some(soft) = soft {
            layer = layer.with_soft_timeout(soft).with_stale_if_error(soft);
        }
        let inner = strict_fn(async |asking: Asking| {
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(says(&asking))
        });
        // One instance called again and again, and clones of it.
        let mut service = layer.layer(inner.clone());
        for asking in all_ways() {
            hear(service.ready().await.unwrap().call(asking).await.unwrap()).await;
            settle().await;
        }
        layer.responses().clear().await;
        for asking in all_ways() {
            ask(&service, asking).await;
            settle().await;
        }
        // Made ready before others are.
        layer.responses().clear().await;
        let calls: Vec<_> = all_ways().into_iter().map(|asking| {
            let mut service = service.clone();
            async move { hear(service.ready().await.unwrap().call(asking).await.unwrap()).await }
        }).collect();
        for call in calls {
            tokio::spawn(call).await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_holds_the_ready_instance_and_leaves_an_unready_one() {
    let (mut service, control) = by_hand(&layer());
    service.ready().await.unwrap();
    let mut call = Box::pin(service.call(path()));
    // What was left behind must be found ready anew.
    control.set_pending();
    assert!(Service::<Asking>::poll_ready(&mut service, &mut noop()).is_pending());
    // What is called needs no readiness any more.
    waits(&mut call);
    assert_eq!(control.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hit_leaves_its_instance_ready() {
    let (mut service, mut control) = by_hand(&layer());
    let first = tokio::spawn(service.clone().oneshot(path()));
    control.next_call().await.respond(Ok(plays(&[MINUTE], [data("abc")])));
    hear(first.await.unwrap().unwrap()).await;
    service.ready().await.unwrap();
    control.set_pending();
    let hit = service.call(path()).await.unwrap();
    assert_eq!(hear(hit).await.handled.answer, Answered::Fresh);
    // The readiness is not spent, and the instance that has it is still there.
    let mut call = Box::pin(service.call(get("/b", &[("cookie", "a=b")])));
    waits(&mut call);
    assert_eq!(control.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_fetched_in_the_background_uses_the_instance_that_was_ready() {
    let (mut service, mut control) = by_hand(&layer());
    let first = tokio::spawn(service.clone().oneshot(path()));
    let stale = ("cache-control", "max-age=1, stale-while-revalidate=60");
    control.next_call().await.respond(Ok(plays(&[stale], [data("abc")])));
    hear(first.await.unwrap().unwrap()).await;
    sleep(Duration::from_secs(2)).await;
    service.ready().await.unwrap();
    control.set_pending();
    let response = service.call(path()).await.unwrap();
    assert_eq!(hear(response).await.handled.answer, Answered::Stale);
    settle().await;
    assert_eq!(control.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn forwards_readiness_and_its_errors() {
    let (mut service, control) = by_hand(&layer());
    let mut ready = || Service::<Asking>::poll_ready(&mut service, &mut noop());
    control.set_pending();
    assert!(ready().is_pending());
    control.set_ready();
    assert_eq!(ready(), Poll::Ready(Ok(())));
    control.fail_ready(Down);
    assert_eq!(ready(), Poll::Ready(Err(Down)));
}

#[tokio::test(start_paused = true)]
async fn keeps_the_errors_of_the_inner_service() {
    let service = layer().layer(strict_fn(async |_: Asking| Err::<Response<Full<Bytes>>, _>(Down)));
    for asking in [path(), request("POST", "/a", &[]), get("/a", &[("cookie", "a=b")])] {
        let error: Down = service.clone().oneshot(asking).await.unwrap_err();
        assert_eq!(error, Down);
    }
}

#[tokio::test(start_paused = true)]
async fn gives_the_inner_service_back() {
    let mut service: ResponseCache<i32> = layer().layer(1);
    *service.get_mut() += 1;
    assert_eq!((*service.get_ref(), service.into_inner()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn services_of_a_layer_and_layers_over_the_same_responses_share_what_is_stored() {
    let layer = layer();
    let (origin, asked) = taking(Duration::ZERO, |_, _| Ok(answer("one", &[MINUTE])));
    ask(&origin.behind(&layer), path()).await;
    for other in [
        layer.clone(),
        CacheLayer::new(layer.responses().clone()),
        CacheLayer::new(layer.responses().clone()).with_profile(Profile::Rfc),
    ] {
        let (origin, asked) = taking(Duration::ZERO, |_, _| Ok(answer("other", &[MINUTE])));
        assert_eq!(ask(&origin.behind(&other), path()).await.text(), "one");
        assert_eq!(count(&asked), 0);
    }
    assert_eq!(count(&asked), 1);
}

/// Where a request is given up.
#[derive(Clone, Copy, Debug)]
enum Leaves {
    Unpolled,
    BeforeTheAnswer,
    BeforeTheBody,
    InTheBody,
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_leaves_no_flight_and_no_bytes() {
    for leaves in
        [Leaves::Unpolled, Leaves::BeforeTheAnswer, Leaves::BeforeTheBody, Leaves::InTheBody]
    {
        let layer = layer().with_max_buffered(4).with_patience(Duration::from_secs(2));
        let (mut service, mut control) = by_hand(&layer);
        let mut call = Box::pin(service.ready().await.unwrap().call(path()));
        let hangs = || plays(&[MINUTE], [data("abc"), Step::Hang]);
        match leaves {
            Leaves::Unpolled => drop(call),
            Leaves::BeforeTheAnswer => {
                waits(&mut call);
                drop(call);
            }
            Leaves::BeforeTheBody => {
                waits(&mut call);
                control.next_call().await.respond(Ok(hangs()));
                drop(call.await.unwrap());
            }
            Leaves::InTheBody => {
                waits(&mut call);
                control.next_call().await.respond(Ok(hangs()));
                let mut body = call.await.unwrap().into_body();
                assert_eq!(text(&mut body), "abc");
                drop(body);
            }
        }
        if matches!(leaves, Leaves::BeforeTheBody | Leaves::InTheBody) {
            // It is read on, though in vain, as long as there is patience.
            settle().await;
            assert_eq!(layer.responses().stats().in_flight, 1);
            sleep(Duration::from_millis(2_001)).await;
        } else {
            assert_eq!(control.calls(), control.cancelled());
        }
        assert_eq!(
            (control.in_flight(), layer.responses().stats().in_flight),
            (0, 0),
            "{leaves:?}"
        );
        // Nobody waits, and there is room for all that may be held.
        let begun = Instant::now();
        let next = tokio::spawn(service.clone().oneshot(path()));
        settle().await;
        let mut calls = control.next_call().await;
        if matches!(leaves, Leaves::BeforeTheAnswer) {
            calls = control.next_call().await;
        }
        calls.respond(Ok(plays(&[MINUTE], [data("abcd")])));
        hear(next.await.unwrap().unwrap()).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        assert_eq!(ask(&service, path()).await.handled.answer, Answered::Fresh, "{leaves:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_for_another_may_leave_as_well() {
    let layer = layer();
    let (service, mut control) = by_hand(&layer);
    let first = tokio::spawn(service.clone().oneshot(path()));
    let call = control.next_call().await;
    let mut second = Box::pin(service.clone().oneshot(path()));
    waits(&mut second);
    let third = tokio::spawn(service.clone().oneshot(path()));
    settle().await;
    drop(second);
    call.respond(Ok(plays(&[MINUTE], [data("abc")])));
    hear(first.await.unwrap().unwrap()).await;
    assert_eq!(hear(third.await.unwrap().unwrap()).await.text(), "abc");
    assert_eq!((control.calls(), layer.responses().stats().in_flight), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_client_leaves_is_given_up_too() {
    let (mut service, control) = by_hand(&layer());
    let mut call = Box::pin(service.ready().await.unwrap().call(request("POST", "/a", &[])));
    waits(&mut call);
    drop(call);
    assert_eq!((control.calls(), control.cancelled()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn extensions_of_requests_and_responses_are_kept() {
    #[derive(Clone, Debug, PartialEq)]
    struct Matched(&'static str);
    for asking in all_ways() {
        let mut asking = asking;
        asking.extensions_mut().insert(Matched("/{id}"));
        let service = layer().layer(strict_fn(async |asking: Asking| {
            let mut response = says(&asking);
            response.extensions_mut().insert(asking.extensions().get::<Matched>().unwrap().clone());
            Ok::<_, Infallible>(response)
        }));
        let response = service.oneshot(asking).await.unwrap();
        let handled = *response.extensions().get::<Handled>().unwrap();
        let kept = response.extensions().get::<Matched>() == Some(&Matched("/{id}"));
        assert_eq!(kept, handled.answer != Answered::Nothing, "{handled:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn works_under_a_router() {
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let handler = {
        let asked = std::sync::Arc::clone(&asked);
        async move || {
            asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            ([MINUTE], "text")
        }
    };
    let route = axum::routing::get(handler).layer(layer());
    let router = axum::Router::new().route("/a/{id}", route).layer(layer());
    for _ in 0..3 {
        let request = Request::get("/a/1").header("host", "example.com");
        let request = request.body(axum::body::Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "text");
    }
    assert_eq!(count(&asked), 1);
}

#[tokio::test(start_paused = true)]
async fn bodies_need_not_be_shared_between_threads() {
    type Boxed = UnsyncBoxBody<Bytes, Down>;
    let service = layer().layer(strict_fn(async |_: Request<Boxed>| {
        let body = Scripted::new([data("a"), data("b")]).map_err(|_| Down).boxed_unsync();
        Ok::<_, Down>(Response::builder().header(MINUTE.0, MINUTE.1).body(body).unwrap())
    }));
    for answered in [Answered::Inner, Answered::Fresh] {
        let empty = Full::<Bytes>::default().map_err(|never| match never {}).boxed_unsync();
        let request = Request::get("http://example.com/a").body(empty).unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        let got = hear(response).await;
        assert_eq!((got.text(), got.handled.answer), ("ab", answered));
    }
}

#[test]
fn needs_no_runtime_to_fetch_and_to_hit() {
    let caches = Caches::builder().with_clock(ManualClock::new()).build();
    let layer = CacheLayer::new(caches.responses("http").build().unwrap());
    let service = layer.layer(strict_fn(async |asking: Asking| Ok::<_, Infallible>(says(&asking))));
    for answered in [Answered::Inner, Answered::Fresh] {
        let mut asking = Box::pin(ask(&service, path()));
        let Poll::Ready(got) = asking.as_mut().poll(&mut noop()) else { panic!("it waits") };
        assert_eq!((got.text(), got.handled.answer), ("text", answered));
    }
    // What nobody can read to its end is left.
    let mut asking = Box::pin(service.oneshot(get("/b", &[])));
    assert!(asking.as_mut().poll(&mut noop()).is_ready());
    assert_eq!(layer.responses().stats().in_flight, 0);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "polled once")]
async fn a_future_that_is_polled_after_completion_panics() {
    let layer = layer();
    let (origin, _) = taking(Duration::ZERO, |_, _| Ok(answer("one", &[MINUTE])));
    let mut service = origin.behind(&layer);
    ask(&service, path()).await;
    let mut call = Box::pin(service.ready().await.unwrap().call(path()));
    assert!(call.as_mut().poll(&mut noop()).is_ready());
    drop(call.await);
}

#[tokio::test(start_paused = true)]
async fn an_empty_body_is_at_its_end() {
    let body = CacheBody::<Full<Bytes>>::default();
    assert_eq!((body.is_end_stream(), body.size_hint().exact()), (true, Some(0)));
    assert!(read(body).await.unwrap().0.is_empty());
}

/// Tells at run time whether a type is `Send` and `Sync`: an inherent constant hides the trait's.
struct Ask<T>(PhantomData<T>);

trait Otherwise {
    const SEND: bool = false;
    const SYNC: bool = false;
}

impl<T> Otherwise for Ask<T> {}

impl<T: Send> Ask<T> {
    const SEND: bool = true;
}

impl<T: Sync> Ask<T> {
    const SYNC: bool = true;
}

/// One type for each pair of `Send` and `Sync`.
type Both = u8;
type OnlySend = Cell<u8>;
type OnlySync = MutexGuard<'static, u8>;
type Neither = Rc<u8>;

type Future<T> = ResponseFuture<T, Full<Bytes>, Infallible>;

macro_rules! follows {
    ($($wrapper:ident => $type:ty;)+) => {
        $({
            type $wrapper<T> = $type;
            let of = [
                (<Ask<$wrapper<Both>>>::SEND, <Ask<$wrapper<Both>>>::SYNC),
                (<Ask<$wrapper<OnlySend>>>::SEND, <Ask<$wrapper<OnlySend>>>::SYNC),
                (<Ask<$wrapper<OnlySync>>>::SEND, <Ask<$wrapper<OnlySync>>>::SYNC),
                (<Ask<$wrapper<Neither>>>::SEND, <Ask<$wrapper<Neither>>>::SYNC),
            ];
            let expected = [(true, true), (true, false), (false, true), (false, false)];
            assert_eq!(of, expected, stringify!($wrapper));
        })+
    };
}

#[test]
fn send_and_sync_follow_the_inner_service() {
    fn both<T: Send + Sync + 'static>() {}
    follows! {
        Services => ResponseCache<T>;
        Bodies => CacheBody<T>;
    }
    both::<CacheLayer>();
    both::<Responses>();
    // A future may be sent. It cannot be shared, as those of fetches cannot, which it boxes.
    let sent = [
        <Ask<Future<Both>>>::SEND,
        <Ask<Future<OnlySend>>>::SEND,
        <Ask<Future<OnlySync>>>::SEND,
        <Ask<Future<Neither>>>::SEND,
    ];
    assert_eq!(sent, [true, true, false, false]);
}

#[test]
fn unpin_follows_the_inner_future_and_body() {
    fn is_unpin<T: Unpin>() {}
    is_unpin::<ResponseFuture<std::future::Ready<()>, Full<Bytes>, Infallible>>();
    is_unpin::<CacheBody<Full<Bytes>>>();
    is_unpin::<ResponseCache<()>>();
}

#[tokio::test(start_paused = true)]
async fn debug_output_names_what_it_is() {
    let layer = layer();
    let (inner, _control) = Controlled::<Asking, Response<Scripted>, Down>::new();
    let service = layer.layer(Strict::new(inner));
    let text = format!("{service:?}");
    assert!(text.starts_with("ResponseCache { inner: Strict {"), "{text}");
    let call = service.oneshot(path());
    drop(call);
    assert!(format!("{layer:?}").starts_with("CacheLayer { responses: Responses(\"http\")"));
    let body = CacheBody::<Full<Bytes>>::default();
    assert_eq!(format!("{body:?}"), "CacheBody(\"Stored\")");
}
