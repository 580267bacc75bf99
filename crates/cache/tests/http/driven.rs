//! Origins that a test drives, and what it sees of their answers.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bartizan_cache::{CacheBody, CacheLayer, Handled, ResponseCache};
use bartizan_probe::{Control, Controlled, Scripted, Step, Strict, strict_fn};
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tokio::time::{Instant, sleep};
use tower::{Layer, Service, ServiceExt};

use super::support::Got;

pub(crate) type Asking = Request<Full<Bytes>>;

/// What a test answers by hand.
pub(crate) type Hand = Strict<Controlled<Asking, Response<Scripted>, Down>>;
pub(crate) type Hold = Control<Asking, Response<Scripted>, Down>;

/// The origin is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Down;

/// The layer before an origin that is answered for by hand.
pub(crate) fn by_hand(layer: &CacheLayer) -> (ResponseCache<Hand>, Hold) {
    let (inner, control) = Controlled::new();
    (layer.layer(Strict::new(inner)), control)
}

/// A response whose body plays these steps.
pub(crate) fn plays(
    headers: &[(&str, &str)],
    steps: impl IntoIterator<Item = Step>,
) -> Response<Scripted> {
    let mut response = Response::builder();
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Scripted::new(steps)).unwrap()
}

/// A step that gives this text.
pub(crate) fn data(text: &str) -> Step {
    Step::Data(Bytes::copy_from_slice(text.as_bytes()))
}

/// An origin that takes its time, and counts how often it was asked: what it answers may depend on
/// that, counted from 1.
pub(crate) fn taking<F>(time: Duration, answer: F) -> (Taking<F>, Arc<AtomicUsize>)
where
    F: Fn(&Asking, usize) -> Result<Response<Full<Bytes>>, Down>,
{
    let asked = Arc::new(AtomicUsize::new(0));
    (Taking { time, answer: Arc::new(answer), asked: Arc::clone(&asked) }, asked)
}

pub(crate) struct Taking<F> {
    time: Duration,
    answer: Arc<F>,
    asked: Arc<AtomicUsize>,
}

/// A service as tests ask it.
pub(crate) trait Asked:
    Service<Asking, Response = Response<Full<Bytes>>, Error = Down, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<S> Asked for S where
    S: Service<Asking, Response = Response<Full<Bytes>>, Error = Down, Future: Send>
        + Clone
        + Send
        + 'static
{
}

impl<F> Taking<F>
where
    F: Fn(&Asking, usize) -> Result<Response<Full<Bytes>>, Down> + Send + Sync + 'static,
{
    pub(crate) fn behind(self, layer: &CacheLayer) -> ResponseCache<impl Asked> {
        let (time, answer, asked) = (self.time, self.answer, self.asked);
        layer.layer(strict_fn(move |request: Asking| {
            let count = asked.fetch_add(1, Ordering::SeqCst) + 1;
            let answer = Arc::clone(&answer);
            async move {
                if !time.is_zero() {
                    sleep(time).await;
                }
                answer(&request, count)
            }
        }))
    }
}

/// How often it was asked.
pub(crate) fn count(asked: &AtomicUsize) -> usize {
    asked.load(Ordering::SeqCst)
}

/// Sends a request and reads the response to its end.
pub(crate) async fn ask<S, B>(service: &S, request: Asking) -> Got
where
    S: Service<Asking, Response = Response<CacheBody<B>>, Error: fmt::Debug> + Clone,
    B: Body<Data = Bytes, Error: fmt::Debug>,
{
    hear(service.clone().oneshot(request).await.unwrap()).await
}

/// Reads a response to its end.
pub(crate) async fn hear<B>(response: Response<CacheBody<B>>) -> Got
where
    B: Body<Data = Bytes, Error: fmt::Debug>,
{
    let (parts, body) = response.into_parts();
    let handled = *parts.extensions.get::<Handled>().unwrap();
    let body = body.collect().await.unwrap().to_bytes();
    Got { status: parts.status, headers: parts.headers, body, handled }
}

/// Sends so many requests at once, and gives what they got with the time they took together.
pub(crate) async fn at_once<S, B>(
    service: &S,
    requests: impl IntoIterator<Item = Asking>,
) -> (Vec<Got>, Duration)
where
    S: Service<Asking, Response = Response<CacheBody<B>>, Error: fmt::Debug, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Body<Data = Bytes, Error: fmt::Debug> + Send + 'static,
{
    let begun = Instant::now();
    let asking: Vec<_> = requests
        .into_iter()
        .map(|request| {
            let call = service.clone().oneshot(request);
            tokio::spawn(async move { hear(call.await.unwrap()).await })
        })
        .collect();
    let mut got = Vec::new();
    for asking in asking {
        got.push(asking.await.unwrap());
    }
    (got, begun.elapsed())
}

/// Lets all tasks run that can, while no time passes.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

pub(crate) fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// Polls once; it is to wait.
pub(crate) fn waits<F: Future>(future: &mut Pin<Box<F>>) {
    assert!(future.as_mut().poll(&mut noop()).is_pending(), "it does not wait");
}

/// The next frame of a body, which is there.
pub(crate) fn frame<B: Body<Data = Bytes, Error: fmt::Debug> + Unpin>(
    body: &mut B,
) -> Frame<Bytes> {
    match Pin::new(body).poll_frame(&mut noop()) {
        Poll::Ready(Some(frame)) => frame.unwrap(),
        Poll::Ready(None) => panic!("the body is at its end"),
        Poll::Pending => panic!("the body waits"),
    }
}

/// The text of the next frame of a body, which is there.
pub(crate) fn text<B: Body<Data = Bytes, Error: fmt::Debug> + Unpin>(body: &mut B) -> String {
    String::from_utf8(frame(body).into_data().unwrap().to_vec()).unwrap()
}
