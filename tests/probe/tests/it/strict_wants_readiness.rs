use std::convert::Infallible;
use std::task::{Context, Poll, Waker};

use bartizan_probe::{Controlled, Strict, strict_fn};
use http::{Request, Response};
use tower::{Service, ServiceExt};

use crate::support::Wakes;

fn strict() -> impl Service<Request<()>, Response = Response<u8>, Error = Infallible> + Clone {
    strict_fn(|_: Request<()>| async { Ok(Response::new(7)) })
}

#[tokio::test]
async fn answers_each_call_that_follows_a_readiness() {
    let mut service = strict();
    for _ in 0..2 {
        let response = service.ready().await.unwrap().call(Request::default()).await.unwrap();
        assert_eq!(response.into_body(), 7);
    }
}

#[test]
#[should_panic(expected = "called without a poll_ready on this very instance")]
fn panics_when_called_unreadied() {
    drop(strict().call(Request::default()));
}

#[tokio::test]
#[should_panic(expected = "called without a poll_ready on this very instance")]
async fn panics_at_the_second_call_on_one_readiness() {
    let mut service = strict();
    service.ready().await.unwrap().call(Request::default()).await.unwrap();
    drop(service.call(Request::default()));
}

#[tokio::test]
#[should_panic(expected = "called without a poll_ready on this very instance")]
async fn panics_when_a_clone_of_the_ready_one_is_called() {
    let mut service = strict();
    service.ready().await.unwrap();
    drop(service.clone().call(Request::default()));
}

#[test]
#[should_panic(expected = "called without a poll_ready on this very instance")]
fn panics_when_called_while_pending() {
    let (service, control) = Controlled::<(), (), Infallible>::new();
    let mut service = Strict::new(service);
    control.set_pending();
    assert!(service.poll_ready(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(service.call(()));
}

#[test]
#[should_panic(expected = "called without a poll_ready on this very instance")]
fn panics_when_called_after_a_failed_readiness() {
    let (service, control) = Controlled::<(), (), &str>::new();
    let mut service = Strict::new(service);
    control.fail_ready("broken");
    let readiness = service.poll_ready(&mut Context::from_waker(Waker::noop()));
    assert_eq!(readiness, Poll::Ready(Err("broken")));
    drop(service.call(()));
}

#[test]
#[should_panic(expected = "called without a poll_ready on this very instance")]
fn takes_the_readiness_back_when_a_later_poll_is_pending() {
    let (service, control) = Controlled::<(), (), Infallible>::new();
    let mut service = Strict::new(service);
    let (_wakes, waker) = Wakes::new();
    let mut cx = Context::from_waker(&waker);
    assert!(service.poll_ready(&mut cx).is_ready());
    control.set_pending();
    assert!(service.poll_ready(&mut cx).is_pending());
    drop(service.call(()));
}
