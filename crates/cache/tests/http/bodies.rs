//! Bodies are stored while they go to the client, whole or not at all, and within bounds.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bartizan_cache::{Answered, CacheLayer, ResponseCache};
use bartizan_probe::{Scripted, Step};
use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::{Instant, sleep};
use tower::{Service, ServiceExt};

use super::driven::*;
use super::support::{caches, get, layer};

const MINUTE: (&str, &str) = ("cache-control", "max-age=60");

/// Asks, answers by hand, and gives the response before its body is read.
async fn answered(
    service: &ResponseCache<Hand>,
    control: &mut Hold,
    path: &str,
    answer: Response<Scripted>,
) -> Response<bartizan_cache::CacheBody<Scripted>> {
    let mut service = service.clone();
    let mut call = Box::pin(service.ready().await.unwrap().call(get(path, &[])));
    waits(&mut call);
    control.next_call().await.respond(Ok(answer));
    call.await.unwrap()
}

/// Whether a path is answered from what is stored, with this body.
async fn is_stored(service: &ResponseCache<Hand>, path: &str, text: &str) -> bool {
    let only = get(path, &[("cache-control", "only-if-cached")]);
    let got = ask(service, only).await;
    assert!(got.status == 504 || got.text() == text, "{got:?}");
    got.status != 504
}

/// A body that was given up leaves its room: one that takes all of it is stored.
async fn assert_no_room_is_taken(service: &ResponseCache<Hand>, control: &mut Hold, all: usize) {
    let whole = "x".repeat(all);
    let length = all.to_string();
    let headers = [MINUTE, ("content-length", length.as_str())];
    let response = answered(service, control, "/room", plays(&headers, [data(&whole)])).await;
    assert_eq!(hear(response).await.body.len(), all);
    assert!(is_stored(service, "/room", &whole).await, "room is still taken");
}

#[tokio::test(start_paused = true)]
async fn frames_pass_as_they_come_and_the_whole_is_stored_at_the_end() {
    let (service, mut control) = by_hand(&layer());
    let steps = [data("ab"), Step::Pending, data("c"), Step::Pending, data("def"), Step::Pending];
    let answer = plays(&[MINUTE], steps);
    let mut body = answered(&service, &mut control, "/a", answer).await.into_body();
    assert_eq!(text(&mut body), "ab");
    assert!(Pin::new(&mut body).poll_frame(&mut noop()).is_pending());
    assert_eq!(text(&mut body), "c");
    assert!(!is_stored(&service, "/a", "").await);
    assert!(Pin::new(&mut body).poll_frame(&mut noop()).is_pending());
    assert_eq!(text(&mut body), "def");
    assert!(Pin::new(&mut body).poll_frame(&mut noop()).is_pending());
    assert!(!is_stored(&service, "/a", "").await);
    assert!(matches!(Pin::new(&mut body).poll_frame(&mut noop()), Poll::Ready(None)));
    let got = ask(&service, get("/a", &[])).await;
    assert_eq!((got.text(), got.header("content-length")), ("abcdef", "6"));
    assert_eq!(control.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn trailers_are_kept_and_served_again() {
    let trailers = HeaderMap::from_iter([(http::header::ETAG, "\"1\"".parse().unwrap())]);
    let (service, mut control) = by_hand(&layer());
    let steps = [data("ab"), Step::Trailers(trailers.clone())];
    let answer = plays(&[MINUTE, ("trailer", "etag")], steps);
    let mut body = answered(&service, &mut control, "/t", answer).await.into_body();
    assert_eq!(text(&mut body), "ab");
    assert_eq!(frame(&mut body).into_trailers().unwrap(), trailers);
    for _ in 0..2 {
        let response = service.clone().oneshot(get("/t", &[])).await.unwrap();
        assert_eq!(response.headers()["trailer"], "etag");
        assert!(!response.headers().contains_key("content-length"));
        let mut body = response.into_body();
        assert!(!body.is_end_stream());
        assert_eq!(text(&mut body), "ab");
        assert!(!body.is_end_stream());
        assert_eq!(frame(&mut body).into_trailers().unwrap(), trailers);
        assert!(body.is_end_stream());
        assert!(matches!(Pin::new(&mut body).poll_frame(&mut noop()), Poll::Ready(None)));
    }
    assert_eq!(control.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_size_and_the_end_of_the_inner_body_are_forwarded() {
    let (service, mut control) = by_hand(&layer());
    for (path, headers) in [("/stored", &[MINUTE][..]), ("/not", &[("cache-control", "no-store")])]
    {
        let answer = plays(headers, [data("ab"), data("c")]).map(Scripted::with_known_size);
        let mut body = answered(&service, &mut control, path, answer).await.into_body();
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(3), false), "{path}");
        assert_eq!(text(&mut body), "ab");
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(1), false), "{path}");
        assert_eq!(text(&mut body), "c");
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true), "{path}");
    }
    let body = service.clone().oneshot(get("/stored", &[])).await.unwrap().into_body();
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(3), false));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_at_the_known_end_stores_all_the_same() {
    let (service, mut control) = by_hand(&layer());
    // It is at its end once its last frame is there.
    let answer = plays(&[MINUTE], [data("abc")]);
    let mut body = answered(&service, &mut control, "/end", answer).await.into_body();
    assert_eq!(text(&mut body), "abc");
    assert!(body.is_end_stream());
    drop(body);
    assert!(is_stored(&service, "/end", "abc").await);
    // It is at its end by its length alone.
    let answer = plays(&[MINUTE, ("content-length", "3")], [data("abc"), Step::Pending]);
    let mut body = answered(&service, &mut control, "/length", answer).await.into_body();
    assert_eq!(text(&mut body), "abc");
    assert!(!body.is_end_stream());
    drop(body);
    settle().await;
    assert!(is_stored(&service, "/length", "abc").await);
    // It is at its end at once.
    let answer = plays(&[MINUTE, ("content-length", "0")], []);
    drop(answered(&service, &mut control, "/empty", answer).await);
    assert!(is_stored(&service, "/empty", "").await);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_as_long_as_it_says_is_not_stored() {
    for (length, steps) in [
        ("4", vec![data("abc")]),
        ("2", vec![data("abc")]),
        ("2", vec![data("ab"), data("c")]),
        ("3", vec![]),
        ("0", vec![data("abc")]),
    ] {
        let (service, mut control) = by_hand(&layer().with_max_buffered(3));
        let answer = plays(&[MINUTE, ("content-length", length)], steps.clone());
        let response = answered(&service, &mut control, "/a", answer).await;
        hear(response).await;
        assert!(!is_stored(&service, "/a", "").await, "{length} {steps:?}");
        // Nor if the server takes no more than it says.
        let answer = plays(&[MINUTE, ("content-length", length)], steps);
        let mut body = answered(&service, &mut control, "/a", answer).await.into_body();
        drop(Pin::new(&mut body).poll_frame(&mut noop()));
        drop(body);
        settle().await;
        assert!(!is_stored(&service, "/a", "").await);
        assert_no_room_is_taken(&service, &mut control, 3).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_on_its_way_is_not_stored_and_the_error_is_the_clients() {
    let (service, mut control) = by_hand(&layer().with_max_buffered(3));
    let answer = plays(&[MINUTE], [data("abc"), Step::Error]);
    let mut body = answered(&service, &mut control, "/a", answer).await.into_body();
    assert_eq!(text(&mut body), "abc");
    assert!(matches!(Pin::new(&mut body).poll_frame(&mut noop()), Poll::Ready(Some(Err(_)))));
    assert!(!is_stored(&service, "/a", "").await);
    drop(body);
    // Nor if it fails once its client has left.
    let answer = plays(&[MINUTE], [data("abc"), Step::Pending, Step::Error]);
    let watch = answer.body().watch();
    let mut body = answered(&service, &mut control, "/a", answer).await.into_body();
    assert_eq!(text(&mut body), "abc");
    drop(body);
    settle().await;
    assert!(watch.is_dropped());
    assert!(!is_stored(&service, "/a", "").await);
    assert_no_room_is_taken(&service, &mut control, 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_panics_is_not_stored_nor_asked_again() {
    let (service, mut control) = by_hand(&layer().with_max_buffered(3));
    let answer = plays(&[MINUTE], [data("abc"), Step::Panic]);
    let watch = answer.body().watch();
    let body = answered(&service, &mut control, "/a", answer).await.into_body();
    assert!(tokio::spawn(body.collect()).await.unwrap_err().is_panic());
    settle().await;
    assert!(watch.is_dropped());
    assert_eq!(watch.polls_after_end(), 0);
    // Nor if it is kept until the panic is over.
    let answer = plays(&[MINUTE], [data("abc"), Step::Panic]);
    let watch = answer.body().watch();
    let mut body = answered(&service, &mut control, "/a", answer).await.into_body();
    assert_eq!(text(&mut body), "abc");
    let polling = || drop(Pin::new(&mut body).poll_frame(&mut noop()));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(polling)).is_err());
    drop(body);
    settle().await;
    assert!(watch.is_dropped());
    assert_eq!(watch.polls_after_end(), 0);
    assert!(!is_stored(&service, "/a", "").await);
    assert_no_room_is_taken(&service, &mut control, 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_up_to_the_bound_is_stored_and_a_larger_one_is_not() {
    for (steps, length, stored) in [
        (vec![data("abcd")], None, true),
        (vec![data("ab"), data("cd")], None, true),
        (vec![data("abcde")], None, false),
        (vec![data("abcd"), data("e")], None, false),
        (vec![data("abcd")], Some("4"), true),
        (vec![data("abcde")], Some("5"), false),
    ] {
        let (service, mut control) = by_hand(&layer().with_max_body(4).with_max_buffered(4));
        let mut headers = vec![MINUTE];
        headers.extend(length.map(|length| ("content-length", length)));
        let response = answered(&service, &mut control, "/a", plays(&headers, steps.clone())).await;
        let got = hear(response).await;
        let text = got.text().to_owned();
        assert_eq!(is_stored(&service, "/a", &text).await, stored, "{steps:?}");
        assert_no_room_is_taken(&service, &mut control, 4).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_says_that_it_is_too_large_is_left_alone() {
    let (service, mut control) = by_hand(&layer().with_max_body(4));
    let known = plays(&[MINUTE], [data("abcde")]).map(Scripted::with_known_size);
    let said = plays(&[MINUTE, ("content-length", "5")], [data("abcde")]);
    for (path, answer) in [("/known", known), ("/said", said)] {
        let response = answered(&service, &mut control, path, answer).await;
        assert_eq!(format!("{:?}", response.body()), "CacheBody(\"Inner\")");
        assert!(!hear(response).await.handled.stored);
    }
}

#[tokio::test(start_paused = true)]
async fn all_bodies_together_have_a_bound() {
    let (service, mut control) = by_hand(&layer().with_max_buffered(6));
    let open = || plays(&[MINUTE], [data("abcd"), Step::Pending, data("e"), Step::Pending]);
    let mut first = answered(&service, &mut control, "/1", open()).await.into_body();
    let mut second = answered(&service, &mut control, "/2", open()).await.into_body();
    assert_eq!((text(&mut first), text(&mut second)), ("abcd".into(), "abcd".into()));
    // The second found no room beside the first, and goes on for its client.
    first.collect().await.unwrap();
    assert_eq!(second.collect().await.unwrap().to_bytes(), "e");
    assert!(is_stored(&service, "/1", "abcde").await);
    assert!(!is_stored(&service, "/2", "").await);
    assert_no_room_is_taken(&service, &mut control, 6).await;
}

#[tokio::test(start_paused = true)]
async fn a_promise_of_many_bytes_takes_no_room_from_others() {
    let (service, mut control) = by_hand(&layer().with_max_buffered(100 << 10));
    let headers = [MINUTE, ("content-length", "90000")];
    let answer = plays(&headers, [data("ab"), Step::Hang]);
    let mut promise = answered(&service, &mut control, "/promise", answer).await.into_body();
    assert_eq!(text(&mut promise), "ab");
    let large = "x".repeat(30 << 10);
    let answer = plays(&[MINUTE], [data(&large)]);
    hear(answered(&service, &mut control, "/large", answer).await).await;
    assert!(is_stored(&service, "/large", &large).await);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_slow_holds_no_more_than_one_body_may_have() {
    let (service, mut control) = by_hand(&layer().with_max_body(8).with_max_buffered(8));
    let answer = plays(&[MINUTE], [data("12345678"), data("9"), Step::Hang]);
    let mut slow = answered(&service, &mut control, "/slow", answer).await.into_body();
    assert_eq!(text(&mut slow), "12345678");
    // What is held counts.
    let answer = plays(&[MINUTE], [data("a")]);
    hear(answered(&service, &mut control, "/other", answer).await).await;
    assert!(!is_stored(&service, "/other", "").await);
    // Past the bound nothing is held any more, while it still reads.
    assert_eq!(text(&mut slow), "9");
    assert_no_room_is_taken(&service, &mut control, 8).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_spoils_nothing() {
    let (service, mut control) = by_hand(&layer());
    let steps = [data("ab"), Step::Pending, data("cd"), Step::Pending, data("ef")];
    let answer = plays(&[MINUTE], steps);
    let mut body = answered(&service, &mut control, "/a", answer).await.into_body();
    assert_eq!(text(&mut body), "ab");
    drop(body);
    settle().await;
    assert!(is_stored(&service, "/a", "abcdef").await);
    // Nor one that leaves before it has read anything.
    let answer = plays(&[MINUTE], [data("ab"), Step::Pending, data("cd")]);
    drop(answered(&service, &mut control, "/b", answer).await);
    settle().await;
    assert!(is_stored(&service, "/b", "abcd").await);
}

#[tokio::test(start_paused = true)]
async fn what_a_client_leaves_is_read_for_a_while_and_within_bounds() {
    let patience = Duration::from_secs(7);
    let layer = layer().with_patience(patience).with_max_body(4).with_max_buffered(4);
    let (service, mut control) = by_hand(&layer);
    let answer = plays(&[MINUTE], [data("ab"), Step::Hang]);
    let watch = answer.body().watch();
    drop(answered(&service, &mut control, "/a", answer).await);
    sleep(Duration::from_millis(6_998)).await;
    assert!(!watch.is_dropped());
    sleep(Duration::from_millis(4)).await;
    assert!(watch.is_dropped());
    assert!(!is_stored(&service, "/a", "").await);
    // What grows too large is read no further.
    let answer = plays(&[MINUTE], [data("abcd"), data("e"), Step::Hang]);
    let watch = answer.body().watch();
    drop(answered(&service, &mut control, "/b", answer).await);
    settle().await;
    assert!(watch.is_dropped());
    assert_no_room_is_taken(&service, &mut control, 4).await;
}

/// Always ready, and never at its end.
struct Endless;

impl Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(Ok(http_body::Frame::data(Bytes::new()))))
    }
}

#[tokio::test]
async fn a_body_of_endless_nothing_does_not_keep_the_thread() {
    let layer = layer().with_patience(Duration::from_millis(20));
    let service = tower::Layer::layer(
        &layer,
        bartizan_probe::strict_fn(async |_: Asking| {
            let response = Response::builder().header(MINUTE.0, MINUTE.1);
            Ok::<_, Down>(response.body(Endless).unwrap())
        }),
    );
    drop(service.oneshot(get("/a", &[])).await.unwrap());
    // This task is polled meanwhile, and the other ends.
    let begun = std::time::Instant::now();
    while layer.responses().stats().in_flight > 0 {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn streams_and_what_is_not_stored_are_left_alone() {
    let headers: [&[(&str, &str)]; 4] = [
        &[MINUTE, ("content-type", "text/event-stream")],
        &[("cache-control", "no-store")],
        &[MINUTE, ("vary", "*")],
        &[MINUTE, ("set-cookie", "a=b")],
    ];
    for headers in headers {
        let (service, mut control) = by_hand(&layer());
        let answer = plays(headers, [data("ab"), Step::Hang]);
        let watch = answer.body().watch();
        let response = answered(&service, &mut control, "/a", answer).await;
        assert!(!response.headers().contains_key("date"));
        assert_eq!(format!("{:?}", response.body()), "CacheBody(\"Inner\")");
        let mut body = response.into_body();
        assert_eq!(text(&mut body), "ab");
        // Nobody reads it in place of a client that has left.
        drop(body);
        assert!(watch.is_dropped());
    }
}

#[tokio::test(start_paused = true)]
async fn hits_share_the_bytes() {
    let (service, mut control) = by_hand(&layer());
    let answer = plays(&[MINUTE], [data("abc"), data("def")]);
    hear(answered(&service, &mut control, "/a", answer).await).await;
    let mut bytes = Vec::new();
    for _ in 0..2 {
        let mut body = service.clone().oneshot(get("/a", &[])).await.unwrap().into_body();
        bytes.push(frame(&mut body).into_data().unwrap());
        assert!(body.is_end_stream());
    }
    assert_eq!(bytes[0], "abcdef");
    assert_eq!(bytes[0].as_ptr(), bytes[1].as_ptr());
    // A part of it too.
    let request = get("/a", &[("range", "bytes=2-3")]);
    let part = ask(&service, request).await.body;
    assert_eq!(part, "cd");
    assert_eq!(part.as_ptr(), bytes[0][2..].as_ptr());
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_slow_keeps_others_no_longer_than_the_lock_lasts() {
    let lock = Duration::from_secs(3);
    let layer: CacheLayer = layer().with_lock_timeout(lock);
    let (service, mut control) = by_hand(&layer);
    let answer = plays(&[MINUTE], [data("ab"), Step::Hang]);
    let mut slow = answered(&service, &mut control, "/a", answer).await.into_body();
    assert_eq!(text(&mut slow), "ab");
    let begun = Instant::now();
    let other = tokio::spawn(service.clone().oneshot(get("/a", &[])));
    let call = control.next_call().await;
    assert_eq!(begun.elapsed().as_secs(), lock.as_secs());
    call.respond(Ok(plays(&[MINUTE], [data("abc")])));
    let got = hear(other.await.unwrap().unwrap()).await;
    assert_eq!((got.text(), got.handled.answer), ("abc", Answered::Inner));
    // From now on it is there, though the first still reads.
    assert!(is_stored(&service, "/a", "abc").await);
    drop(slow);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_heavy_for_the_memory_is_not_stored_and_nothing_goes_for_it() {
    let responses = caches().responses("http").with_max_bytes(4 << 10).build().unwrap();
    let (service, mut control) = by_hand(&CacheLayer::new(responses));
    let heavy = "x".repeat(8 << 10);
    for (path, text) in [("/small", "a"), ("/heavy", heavy.as_str())] {
        let response = answered(&service, &mut control, path, plays(&[MINUTE], [data(text)])).await;
        assert_eq!(hear(response).await.text(), text);
    }
    assert!(is_stored(&service, "/small", "a").await);
    assert!(!is_stored(&service, "/heavy", &heavy).await);
}
