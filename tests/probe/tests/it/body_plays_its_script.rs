use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bartizan_probe::{Scripted, ScriptedError, Step, read};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame};

use crate::support::Wakes;

type Polled = Poll<Option<Result<Frame<Bytes>, ScriptedError>>>;

fn data(text: &'static str) -> Step {
    Step::Data(Bytes::from_static(text.as_bytes()))
}

fn trailers() -> HeaderMap {
    HeaderMap::from_iter([(http::header::ETAG, HeaderValue::from_static("\"1\""))])
}

fn poll(body: &mut Scripted, waker: &Waker) -> Polled {
    Pin::new(body).poll_frame(&mut Context::from_waker(waker))
}

fn next(body: &mut Scripted) -> Polled {
    poll(body, Waker::noop())
}

#[tokio::test]
async fn reads_as_its_data_and_trailers() {
    let steps = [data("ab"), Step::Pending, data(""), data("c"), Step::Trailers(trailers())];
    let (bytes, found) = read(Scripted::new(steps)).await.unwrap();
    assert_eq!((bytes.as_ref(), found), (&b"abc"[..], Some(trailers())));

    let (bytes, found) = read(Scripted::new([])).await.unwrap();
    assert_eq!((bytes.as_ref(), found), (&b""[..], None));
}

#[tokio::test]
async fn fails_with_its_own_error() {
    let failure = read(Scripted::new([data("ab"), Step::Error])).await.unwrap_err();
    let failure: Box<dyn Error + Send + Sync> = failure.into();
    assert!(failure.is::<ScriptedError>());
    assert_eq!(failure.to_string(), "the scripted body failed");
}

#[test]
fn is_pending_once_and_wakes_itself() {
    let (woken, waker) = Wakes::new();
    let mut body = Scripted::new([Step::Pending, data("a")]);
    assert!(poll(&mut body, &waker).is_pending());
    assert_eq!(woken.count(), 1);
    let Poll::Ready(Some(Ok(frame))) = poll(&mut body, &waker) else {
        panic!("no frame after the pending step");
    };
    assert_eq!(frame.into_data().unwrap(), "a");
}

#[test]
fn hangs_for_ever_and_wakes_nobody() {
    let (woken, waker) = Wakes::new();
    let mut body = Scripted::new([Step::Hang, data("never")]);
    for _ in 0..3 {
        assert!(poll(&mut body, &waker).is_pending());
    }
    assert_eq!(woken.count(), 0);
    assert!(!body.is_end_stream());
}

#[test]
fn ends_after_its_last_step_and_says_so_at_once() {
    let mut body = Scripted::new([data("a"), Step::Trailers(trailers())]);
    assert!(!body.is_end_stream());
    assert!(matches!(next(&mut body), Poll::Ready(Some(Ok(frame))) if frame.is_data()));
    assert!(!body.is_end_stream());
    assert!(matches!(next(&mut body), Poll::Ready(Some(Ok(frame))) if frame.is_trailers()));
    assert!(body.is_end_stream());
    assert!(matches!(next(&mut body), Poll::Ready(None)));
    assert!(body.is_end_stream());
    assert!(Scripted::new([]).is_end_stream());
}

#[test]
fn hides_its_size_unless_told_otherwise() {
    let steps = || [data("abc"), Step::Pending, data("de"), Step::Trailers(trailers())];
    let unknown = Scripted::new(steps()).size_hint();
    assert_eq!((unknown.lower(), unknown.upper()), (0, None));

    let mut known = Scripted::new(steps()).with_known_size();
    assert_eq!(known.size_hint().exact(), Some(5));
    assert!(next(&mut known).is_ready());
    assert_eq!(known.size_hint().exact(), Some(2));
}

#[test]
fn panics_where_the_script_says_so() {
    let mut body = Scripted::new([Step::Panic, data("never")]);
    let panic = catch_unwind(AssertUnwindSafe(|| next(&mut body))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"the scripted body panics as its script says"));
    assert!(body.is_end_stream());
}

#[test]
fn panics_at_and_counts_the_polls_after_its_end() {
    for script in [vec![], vec![Step::Error, data("never")]] {
        let mut body = Scripted::new(script);
        let watch = body.watch();
        assert!(next(&mut body).is_ready());
        assert_eq!(watch.polls_after_end(), 0);
        for polls in 1..=2 {
            let panic = catch_unwind(AssertUnwindSafe(|| next(&mut body))).unwrap_err();
            assert_eq!(panic.downcast_ref(), Some(&"the scripted body was polled after its end"));
            assert_eq!(watch.polls_after_end(), polls);
        }
    }
}

#[test]
fn tells_its_watch_that_it_was_dropped() {
    let body = Scripted::new([data("a")]);
    let watch = body.watch();
    assert!(!watch.is_dropped());
    drop(body);
    assert!(watch.is_dropped());
}
