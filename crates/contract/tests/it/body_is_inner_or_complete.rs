use std::pin::Pin;
use std::task::{Context, Waker};

use bartizan_contract::ResponseBody;
use bartizan_probe::{Scripted, ScriptedError, Step, read};
use bytes::Bytes;
use http::HeaderMap;
use http_body::Body as _;

type Body = ResponseBody<Scripted>;

fn data(text: &'static str) -> Step {
    Step::Data(Bytes::from_static(text.as_bytes()))
}

fn trailers() -> HeaderMap {
    HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())])
}

/// What one poll gives: a frame, the end, or nothing yet.
fn next(body: &mut Body) -> String {
    let mut context = Context::from_waker(Waker::noop());
    match Pin::new(body).poll_frame(&mut context).map_err(|ScriptedError { .. }| "error") {
        std::task::Poll::Pending => "pending".to_owned(),
        std::task::Poll::Ready(None) => "end".to_owned(),
        std::task::Poll::Ready(Some(frame)) => match frame.map(http_body::Frame::into_data) {
            Ok(Ok(bytes)) => String::from_utf8(bytes.to_vec()).unwrap(),
            Ok(Err(frame)) => format!("{:?}", frame.into_trailers().unwrap()),
            Err(error) => error.to_owned(),
        },
    }
}

#[test]
fn passes_each_frame_of_the_inner_body() {
    let script = [data("a"), Step::Pending, data(""), data("bc"), Step::Trailers(trailers())];
    let mut body = Body::inner(Scripted::new(script));
    let frames: Vec<_> = (0..6).map(|_| next(&mut body)).collect();
    assert_eq!(frames, ["a", "pending", "", "bc", r#"{"grpc-status": "0"}"#, "end"]);
}

#[tokio::test]
async fn passes_data_and_trailers_to_a_reader() {
    let inner = Scripted::new([data("ab"), Step::Pending, data("c"), Step::Trailers(trailers())]);
    let (bytes, found) = read(Body::inner(inner)).await.unwrap();
    assert_eq!((bytes.as_ref(), found), (&b"abc"[..], Some(trailers())));
}

#[test]
fn passes_the_error_of_the_inner_body() {
    let mut body = Body::inner(Scripted::new([data("a"), Step::Error]));
    assert_eq!((next(&mut body), next(&mut body)), ("a".to_owned(), "error".to_owned()));
}

#[test]
fn tells_the_size_and_the_end_of_the_inner_body() {
    let unknown = Body::inner(Scripted::new([data("abc")])).size_hint();
    assert_eq!((unknown.lower(), unknown.upper()), (0, None));

    let mut body = Body::inner(Scripted::new([data("abc"), data("d")]).with_known_size());
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(4), false));
    next(&mut body);
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(1), false));
    next(&mut body);
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
}

#[test]
fn gives_complete_bytes_in_one_frame_and_stays_at_its_end() {
    let mut body = Body::complete("abc");
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(3), false));
    assert_eq!(next(&mut body), "abc");
    for _ in 0..2 {
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
        assert_eq!(next(&mut body), "end");
    }
}

#[test]
fn gives_no_frame_when_it_is_empty() {
    for mut body in [Body::empty(), Body::complete(""), Body::complete(Bytes::new())] {
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
        assert_eq!(next(&mut body), "end");
    }
}

#[test]
fn drops_the_inner_body_with_itself() {
    let inner = Scripted::new([data("a")]);
    let watch = inner.watch();
    let body = Body::inner(inner);
    assert!(!watch.is_dropped());
    drop(body);
    assert!(watch.is_dropped());
}
