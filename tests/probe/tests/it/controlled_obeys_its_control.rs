use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bartizan_probe::{Control, Controlled};
use tower::{Service, ServiceExt};

use crate::support::Wakes;

type Probe = Controlled<&'static str, u8, &'static str>;

/// Calls, in flight, completed, cancelled.
fn counts(control: &Control<&str, u8, &str>) -> [usize; 4] {
    [control.calls(), control.in_flight(), control.completed(), control.cancelled()]
}

fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

#[test]
fn wakes_every_waiting_clone_once_it_is_ready() {
    let (mut one, control) = Probe::new();
    let mut two = one.clone();
    let ((woken_of_one, waker_of_one), (woken_of_two, waker_of_two)) = (Wakes::new(), Wakes::new());
    control.set_pending();
    assert!(one.poll_ready(&mut Context::from_waker(&waker_of_one)).is_pending());
    assert!(one.poll_ready(&mut Context::from_waker(&waker_of_one)).is_pending());
    assert!(two.poll_ready(&mut Context::from_waker(&waker_of_two)).is_pending());
    assert_eq!((woken_of_one.count(), woken_of_two.count()), (0, 0));

    control.set_ready();
    assert_eq!((woken_of_one.count(), woken_of_two.count()), (1, 1));
    assert_eq!(one.poll_ready(&mut noop()), Poll::Ready(Ok(())));
    assert_eq!(two.poll_ready(&mut noop()), Poll::Ready(Ok(())));
}

#[test]
fn fails_one_readiness_and_is_pending_again() {
    let (mut service, control) = Probe::new();
    let (woken, waker) = Wakes::new();
    control.set_pending();
    assert!(service.poll_ready(&mut Context::from_waker(&waker)).is_pending());
    control.fail_ready("broken");
    assert_eq!(woken.count(), 1);
    assert_eq!(service.poll_ready(&mut noop()), Poll::Ready(Err("broken")));
    assert!(service.poll_ready(&mut noop()).is_pending());
}

#[tokio::test]
async fn answers_each_call_by_hand_and_out_of_order() {
    let (mut service, mut control) = Probe::new();
    let first = service.ready().await.unwrap().call("first");
    let second = service.ready().await.unwrap().call("second");
    assert_eq!(counts(&control), [2, 2, 0, 0]);

    let one = control.next_call().await;
    let two = control.next_call().await;
    assert_eq!((*one.request(), *two.request()), ("first", "second"));
    two.respond(Err("refused"));
    assert_eq!(second.await, Err("refused"));
    assert_eq!(counts(&control), [2, 1, 1, 0]);
    one.respond(Ok(1));
    assert_eq!(first.await, Ok(1));
    assert_eq!(counts(&control), [2, 0, 2, 0]);
}

#[test]
fn wakes_the_call_that_is_answered() {
    let (mut service, mut control) = Probe::new();
    let (woken, waker) = Wakes::new();
    let mut future = service.call("request");
    assert!(Pin::new(&mut future).poll(&mut Context::from_waker(&waker)).is_pending());

    let Poll::Ready(call) = pin!(control.next_call()).poll(&mut noop()) else {
        panic!("the call has not arrived");
    };
    assert_eq!(woken.count(), 0);
    call.respond(Ok(1));
    assert_eq!(woken.count(), 1);
    assert_eq!(Pin::new(&mut future).poll(&mut noop()), Poll::Ready(Ok(1)));
}

#[test]
fn wakes_the_test_that_waits_for_a_call() {
    let (mut service, mut control) = Probe::new();
    let (woken, waker) = Wakes::new();
    let mut next = pin!(control.next_call());
    assert!(next.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let _future = service.call("request");
    assert_eq!(woken.count(), 1);
    assert!(next.poll(&mut noop()).is_ready());
}

#[tokio::test]
async fn counts_a_dropped_future_as_cancelled_answered_or_not() {
    let (mut service, mut control) = Probe::new();
    drop(service.call("unanswered"));
    assert_eq!(counts(&control), [1, 0, 0, 1]);
    let unanswered = control.next_call().await;
    assert_eq!(*unanswered.request(), "unanswered");
    unanswered.respond(Ok(1));

    let answered = service.call("answered");
    control.next_call().await.respond(Ok(1));
    drop(answered);
    assert_eq!(counts(&control), [2, 0, 0, 2]);
}

#[tokio::test]
async fn panics_with_the_words_of_the_test() {
    let (mut service, mut control) = Probe::new();
    let task = tokio::spawn(service.call("request"));
    control.next_call().await.panic("out of cheese");
    let panic = task.await.unwrap_err().into_panic();
    assert_eq!(*panic.downcast::<String>().unwrap(), "out of cheese");
    assert_eq!(counts(&control), [1, 0, 1, 0]);
}

#[tokio::test]
async fn hangs_when_the_call_is_dropped() {
    let (mut service, mut control) = Probe::new();
    let mut future = service.call("request");
    drop(control.next_call().await);
    assert!(Pin::new(&mut future).poll(&mut noop()).is_pending());
    assert_eq!(counts(&control), [1, 1, 0, 0]);
}

#[tokio::test]
#[should_panic(expected = "polled after it had completed")]
async fn panics_when_polled_after_completion() {
    let (mut service, mut control) = Probe::new();
    let mut future = service.call("request");
    control.next_call().await.respond(Ok(1));
    assert_eq!((&mut future).await, Ok(1));
    future.await.unwrap();
}

#[tokio::test]
#[should_panic(expected = "so no call can come")]
async fn panics_when_a_call_is_awaited_that_cannot_come() {
    let (service, mut control) = Probe::new();
    drop(service);
    control.next_call().await;
}

#[tokio::test]
async fn lends_the_request_for_change() {
    let (mut service, mut control) = Controlled::<Vec<u8>, Vec<u8>, ()>::new();
    let future = service.call(vec![1, 2]);
    let mut call = control.next_call().await;
    let request = std::mem::take(call.request_mut());
    call.respond(Ok(request));
    assert_eq!(future.await, Ok(vec![1, 2]));
}
