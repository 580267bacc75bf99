//! tower's contract: readiness, the ready instance, cancellation, auto traits, bodies; against the
//! strict probe.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::pending;
use std::marker::PhantomData;
use std::num::{NonZeroU32, NonZeroUsize};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::MutexGuard;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bartizan_probe::{Controlled, Scripted, Step, Strict, read, strict_fn};
use bartizan_ratelimit_tiers::{
    Caller, Class, Delay, Head, Limits, MemoryStore, RateLimit, RateLimitBody, RateLimitLayer,
    ResponseFuture, StoreErrorKind, Tier, Tiers, by_header, resolve_later,
};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt};

use crate::asking::{
    Hand, Mood, Moody, api, ask, by_account, free, from, hear, now, of, quota, request, store,
    tiers, waits,
};

type Inner<E> = Controlled<Request<()>, Response<Full<Bytes>>, E>;

/// Two at a time, three a minute, slowed down from the third on.
fn everything() -> Tiers {
    let two = NonZeroU32::new(2).unwrap();
    tiers([Tier::new("free").with_quota("api", quota(3, 60)).with_concurrency("api", two)])
}

fn delayed() -> Limits {
    let delay =
        Delay::doubling(0.6, Duration::from_secs(5), Duration::from_secs(5), NonZeroUsize::MIN);
    Limits::new(everything()).with_class(Class::new("api").with_delay(delay.unwrap()))
}

fn fine() -> Response<Full<Bytes>> {
    Response::new(Full::from("fine"))
}

#[tokio::test(start_paused = true)]
async fn calls_only_the_instance_that_was_found_ready_however_long_it_waits() {
    let later = || {
        resolve_later(|head: &Head<'_>| {
            let caller = by_account(head);
            async {
                tokio::task::yield_now().await;
                caller
            }
        })
    };
    for mood in [
        Mood::Prompt,
        Mood::Slow,
        Mood::Away(StoreErrorKind::Unavailable),
        Mood::SlowlyAway(StoreErrorKind::Timeout),
    ] {
        let at_once = RateLimitLayer::new(Moody::new(mood).0, delayed()).unwrap();
        let at_once = at_once.with_resolver(by_account);
        let looked_up = at_once.clone().with_resolver(later());
        // One instance called again and again, and clones of it.
        let mut service = at_once.layer(strict_fn(async |_| Ok::<_, Infallible>(fine())));
        for status in [200, 200, 200, 429, 429] {
            let response = service.ready().await.unwrap().call(of("ada")).await.unwrap();
            assert_eq!(response.status(), status, "{mood:?}");
        }
        for status in [200, 200, 200, 429] {
            let response = service.clone().oneshot(of("bob")).await.unwrap();
            assert_eq!(response.status(), status, "{mood:?}");
        }
        let mut service = looked_up.layer(strict_fn(async |_| Ok::<_, Infallible>(fine())));
        for status in [200, 200, 200, 429, 429] {
            let response = service.ready().await.unwrap().call(of("eve")).await.unwrap();
            assert_eq!(response.status(), status, "{mood:?}");
        }
    }
}

#[test]
fn a_request_that_waits_holds_the_ready_instance_and_leaves_an_unready_one() {
    // One place in the inner service, as of a semaphore: what is ready once is called once.
    let (inner, control) = Inner::<Infallible>::new();
    let layer = RateLimitLayer::new(Moody::new(Mood::Slow).0, api(free(9, 60))).unwrap();
    let mut service = layer.layer(Strict::new(inner));
    now(service.ready()).unwrap();
    let mut call = Box::pin(service.call(of("ada")));
    waits(call.as_mut());
    // What was left behind must be found ready anew.
    control.set_pending();
    assert!(service.poll_ready(&mut noop()).is_pending());
    // What waits needs no readiness any more.
    waits(call.as_mut());
    assert_eq!(control.calls(), 1);
}

#[test]
fn forwards_readiness_and_its_errors() {
    let (inner, control) = Inner::<&str>::new();
    let layer = RateLimitLayer::new(store().0, api(free(9, 60))).unwrap();
    let mut service = layer.layer(Strict::new(inner));
    control.set_pending();
    assert!(service.poll_ready(&mut noop()).is_pending());
    control.set_ready();
    assert_eq!(service.poll_ready(&mut noop()), Poll::Ready(Ok(())));
    control.fail_ready("broken");
    assert_eq!(service.poll_ready(&mut noop()), Poll::Ready(Err("broken")));
}

#[test]
fn keeps_the_errors_of_the_inner_service() {
    #[derive(Debug, PartialEq)]
    struct Own(u8);
    let layer = RateLimitLayer::new(store().0, api(free(1, 60))).unwrap();
    let service =
        layer.layer(strict_fn(async |_: Request<()>| Err::<Response<Full<Bytes>>, _>(Own(7))));
    let error: Own = now(service.clone().oneshot(of("ada"))).unwrap_err();
    assert_eq!(error, Own(7));
    // The refusal is an answer.
    assert_eq!(now(service.oneshot(of("ada"))).unwrap().status(), 429);
}

#[test]
fn gives_the_inner_service_back() {
    let layer = RateLimitLayer::new(store().0, api(free(1, 60))).unwrap();
    let mut service = layer.layer(1);
    *service.get_mut() += 1;
    assert_eq!((*service.get_ref(), service.into_inner()), (2, 2));
}

#[test]
fn layering_many_times_shares_the_counts() {
    let layer = RateLimitLayer::new(store().0, api(free(3, 60))).unwrap();
    let statuses: Vec<_> = (0..5).map(|_| now(ask(&layer, of("ada"))).status).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    assert_eq!(now(ask(&layer.clone(), of("ada"))).status, 429);
}

/// Both places in flight are free: two requests wait inside, and the third is refused.
async fn assert_nothing_is_held(store: &Moody, layer: Layered) {
    store.is_now(Mood::Prompt);
    let (inner, mut control) = Inner::<Infallible>::new();
    let service = layer.layer(Strict::new(inner));
    let mut calls: Vec<_> =
        (0..3).map(|_| Box::pin(service.clone().oneshot(of("other")))).collect();
    let mut refused = calls.pop().unwrap();
    for call in &mut calls {
        waits(call.as_mut());
    }
    let Poll::Ready(Ok(response)) = refused.as_mut().poll(&mut noop()) else { panic!("it waits") };
    assert_eq!(response.status(), 429);
    assert_eq!(control.calls(), 2);
    for call in calls {
        control.next_call().await.respond(Ok(fine()));
        assert_eq!(hear(call.await.unwrap()).await.status, 200);
    }
}

type Layered = RateLimitLayer<Moody, fn(&Head<'_>) -> Option<Caller>>;

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_leaks_no_place_in_flight() {
    for (mood, polls) in [
        (Mood::Prompt, 0),
        (Mood::Prompt, 1),
        (Mood::Slow, 0),
        (Mood::Slow, 1),
        (Mood::Slow, 2),
        (Mood::Hanging, 0),
        (Mood::Hanging, 3),
        (Mood::SlowlyAway(StoreErrorKind::Timeout), 1),
        (Mood::SlowlyAway(StoreErrorKind::Timeout), 2),
    ] {
        let (store, _) = Moody::new(mood);
        let resolver: fn(&Head<'_>) -> Option<Caller> =
            |head| Some(Caller::new(head.subject("all", "one")));
        let layer =
            RateLimitLayer::new(store.clone(), api(everything())).unwrap().with_resolver(resolver);
        let (inner, control) = Inner::<Infallible>::new();
        let mut service = layer.layer(Strict::new(inner));
        let mut call = Box::pin(service.ready().await.unwrap().call(of("ada")));
        for _ in 0..polls {
            waits(call.as_mut());
        }
        drop(call);
        assert_eq!(control.in_flight(), 0, "{mood:?} {polls}");
        assert_eq!(control.calls(), control.cancelled());
        assert_nothing_is_held(&store, layer).await;
    }
}

#[test]
fn a_request_that_is_given_up_while_its_caller_is_looked_up_counts_nowhere() {
    let store = store().0;
    let layer = RateLimitLayer::new(store.clone(), api(everything()))
        .unwrap()
        .with_resolver(resolve_later(|_: &Head<'_>| pending::<Option<Caller>>()));
    let (inner, control) = Inner::<Infallible>::new();
    let mut service = layer.layer(Strict::new(inner));
    for _ in 0..5 {
        now(service.ready()).unwrap();
        let mut call = Box::pin(service.call(of("ada")));
        waits(call.as_mut());
    }
    assert_eq!((control.calls(), store.stats().subjects), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_while_delayed_leaves_its_seat_and_its_place() {
    let layer = RateLimitLayer::new(store().0, delayed()).unwrap().with_resolver(by_account);
    let (inner, control) = Inner::<Infallible>::new();
    let mut service = layer.layer(Strict::new(inner));
    for round in 0..4 {
        // Two of three are free of delay, the third waits in the only seat.
        let account = format!("account {round}");
        for _ in 0..2 {
            let mut free = Box::pin(service.ready().await.unwrap().call(of(&account)));
            waits(free.as_mut());
        }
        let calls = control.calls();
        let mut third = Box::pin(service.ready().await.unwrap().call(of(&account)));
        waits(third.as_mut());
        assert_eq!(control.calls(), calls, "the third waits");
        drop(third);
        tokio::time::advance(Duration::from_secs(6)).await;
        assert_eq!(control.calls(), calls, "the third was given up");
    }
    assert_eq!(control.in_flight(), 0);
}

#[test]
fn a_request_that_is_given_up_while_given_back_stays_counted_at_most() {
    let (store, _) = Moody::new(Mood::Prompt);
    let limits = Limits::new(free(2, 60)).with_class(Class::new("api").counting_failures());
    let layer = RateLimitLayer::managed(store.clone(), limits).unwrap().with_resolver(by_account);
    let mut service = layer.layer(strict_fn(async |_: Request<()>| Ok::<_, Infallible>(fine())));
    now(service.ready()).unwrap();
    let mut call = Box::pin(service.call(of("ada")));
    store.is_now(Mood::Hanging);
    waits(call.as_mut());
    drop(call);
    store.is_now(Mood::Prompt);
    let left = now(ask(&layer, request("GET", "/401", &[("x-account", "ada")])));
    assert_eq!(left.header("x-ratelimit-remaining"), "0");
}

#[test]
fn a_body_is_forwarded_frame_by_frame_with_its_size_and_its_trailers() {
    let trailers = HeaderMap::from_iter([(http::header::ETAG, "\"1\"".parse().unwrap())]);
    let steps = [
        Step::Data("ab".into()),
        Step::Pending,
        Step::Data("c".into()),
        Step::Trailers(trailers.clone()),
    ];
    let layer = RateLimitLayer::new(store().0, api(everything())).unwrap();
    let service = layer.layer(strict_fn(move |_: Request<()>| {
        let body = Scripted::new(steps.clone()).with_known_size();
        std::future::ready(Ok::<_, Infallible>(Response::new(body)))
    }));
    let mut body = Box::pin(now(service.oneshot(of("ada"))).unwrap().into_body());
    assert_eq!(body.size_hint().exact(), Some(3));
    assert!(!body.is_end_stream());
    let mut next = || body.as_mut().poll_frame(&mut noop());
    assert!(matches!(next(), Poll::Ready(Some(Ok(frame))) if frame.data_ref().unwrap() == "ab"));
    assert!(next().is_pending());
    assert!(matches!(next(), Poll::Ready(Some(Ok(frame))) if frame.data_ref().unwrap() == "c"));
    let Poll::Ready(Some(Ok(frame))) = next() else { panic!("no trailers") };
    assert_eq!(frame.into_trailers().unwrap(), trailers);
    assert!(body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(matches!(body.as_mut().poll_frame(&mut noop()), Poll::Ready(None)));

    let (bytes, _) = now(read(RateLimitBody::<Full<Bytes>>::default())).unwrap();
    assert!(bytes.is_empty() && RateLimitBody::<Full<Bytes>>::default().is_end_stream());
}

#[test]
fn a_refused_body_has_an_exact_size() {
    let layer = RateLimitLayer::new(store().0, api(free(1, 60))).unwrap();
    now(ask(&layer, of("ada")));
    let service = layer.layer(strict_fn(async |_: Request<()>| Ok::<_, Infallible>(fine())));
    let response = now(service.oneshot(of("ada"))).unwrap();
    let length = response.headers()["content-length"].to_str().unwrap().parse().unwrap();
    assert_eq!(response.body().size_hint().exact(), Some(length));
}

#[tokio::test]
#[should_panic(expected = "polled after completion")]
async fn a_future_that_is_polled_after_completion_panics() {
    let layer = RateLimitLayer::new(store().0, api(free(1, 60))).unwrap();
    ask(&layer, of("ada")).await;
    let mut service = layer.layer(strict_fn(async |_: Request<()>| Ok::<_, Infallible>(fine())));
    let mut call = Box::pin(service.ready().await.unwrap().call(of("ada")));
    assert!(call.as_mut().poll(&mut noop()).is_ready());
    drop(call.await);
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

/// A service whose future is `T`'s; it is never called.
#[derive(Clone)]
struct Holds<T>(T);

struct Never<T>(PhantomData<T>);

impl<T> Future for Never<T> {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Pending
    }
}

impl<T> Service<Request<()>> for Holds<T> {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Never<T>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Never<T> {
        Never(PhantomData)
    }
}

type Store = MemoryStore<Hand>;
type FutureOf<S> = ResponseFuture<S, Moody, Resolver, (), (), Full<Bytes>>;
type Resolver = fn(&Head<'_>) -> Option<Caller>;

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
        Services => RateLimit<T, Store>;
        Futures => FutureOf<Holds<T>>;
        Bodies => RateLimitBody<T>;
    }
    // What all services share is behind a reference count, so it must be both to be either.
    both::<RateLimitLayer<Store>>();
    both::<RateLimit<(), Store>>();
    both::<FutureOf<Holds<u8>>>();
}

#[test]
fn unpin_follows_the_inner_future_and_body() {
    fn is_unpin<T: Unpin>() {}
    is_unpin::<FutureOf<Holds<u8>>>();
    is_unpin::<RateLimitBody<Full<Bytes>>>();
    is_unpin::<RateLimit<(), Store>>();
}

#[tokio::test(start_paused = true)]
async fn a_service_that_stays_on_its_thread_works_and_waits_on_a_local_set() {
    let calls = Rc::new(Cell::new(0));
    let inner = {
        let calls = Rc::clone(&calls);
        strict_fn(move |_: Request<()>| {
            let calls = Rc::clone(&calls);
            async move {
                tokio::task::yield_now().await;
                calls.set(calls.get() + 1);
                Ok::<_, Infallible>(fine())
            }
        })
    };
    let layer = RateLimitLayer::new(Moody::new(Mood::Slow).0, delayed()).unwrap();
    let service = layer.layer(inner);
    let local = tokio::task::LocalSet::new();
    let statuses = local
        .run_until(async move {
            let mut statuses = Vec::new();
            for _ in 0..4 {
                let call = tokio::task::spawn_local(service.clone().oneshot(of("ada")));
                statuses.push(call.await.unwrap().unwrap().status().as_u16());
            }
            statuses
        })
        .await;
    assert_eq!((statuses, calls.get()), (vec![200, 200, 200, 429], 3));
}

#[test]
fn a_service_may_borrow_from_its_surroundings_and_needs_no_runtime() {
    let words = String::from("borrowed");
    let text: &str = &words;
    let layer = RateLimitLayer::new(store().0, api(free(1, 60))).unwrap();
    let service = layer.layer(strict_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Full::from(text.to_owned())))
    }));
    let heard = now(async { hear(service.oneshot(from("192.0.2.1")).await.unwrap()).await });
    assert_eq!(heard.text(), "borrowed");
}

#[test]
fn debug_output_names_what_it_is_and_keeps_secrets() {
    let layer = RateLimitLayer::new(store().0, api(free(1, 60))).unwrap();
    let text = format!("{layer:?}");
    assert!(text.starts_with("RateLimitLayer { limits: Limits {"), "{text}");
    assert!(text.contains("\"api\""), "{text}");
    assert_eq!(format!("{:?}", layer.layer(7)), "RateLimit { inner: 7, .. }");
    assert_eq!(format!("{:?}", layer.tiers()), "TiersHandle { .. }");
    let store = store().0;
    let hasher = bartizan_ratelimit_tiers::Store::hasher(&store);
    assert_eq!(format!("{hasher:?}"), "SubjectHasher { .. }");
    assert!(
        format!("{:?}", by_header(http::header::HOST)(&Head::new(&of("ada"), hasher)))
            .contains("None")
    );
}

fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}
