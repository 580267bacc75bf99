use super::*;

#[test]
fn a_waiter_that_has_left_is_not_woken_and_nobody_is_instead() {
    let flights = Flights::new();
    let (leader, flight) = begin(&flights, &"key", 1);
    let counts: Vec<_> = (0..3).map(|_| Arc::new(Count::default())).collect();
    let mut waits: Vec<_> = counts.iter().map(|_| flight.wait()).collect();
    for (wait, count) in waits.iter_mut().zip(&counts) {
        assert!(poll(wait, count).is_pending());
    }
    drop(waits.remove(1));
    // It holds the waker no longer.
    assert_eq!(Arc::strong_count(&counts[1]), 1);
    leader.land(1);
    assert_eq!(counts.iter().map(|count| count.woken()).collect::<Vec<_>>(), [1, 0, 1]);
    // And to leave after the landing harms none that is still there.
    drop(waits.remove(0));
    assert_eq!(poll(&mut waits[0], &counts[2]), Poll::Ready(Landed::Outcome(1)));
}

#[test]
fn who_takes_the_place_of_one_who_left_is_woken() {
    let flights = Flights::new();
    let (leader, flight) = begin(&flights, &"key", 1);
    let [left, came] = [(); 2].map(|()| Arc::new(Count::default()));
    let mut wait = flight.wait();
    assert!(poll(&mut wait, &left).is_pending());
    drop(wait);
    let mut wait = flight.wait();
    assert!(poll(&mut wait, &came).is_pending());
    leader.land(1);
    assert_eq!([left.woken(), came.woken()], [0, 1]);
}

#[test]
fn a_waiter_never_polled_holds_up_nobody() {
    let flights = Flights::new();
    let (leader, flight) = begin(&flights, &"key", 1);
    let (idle, mut polled) = (flight.wait(), flight.wait());
    let count = Arc::new(Count::default());
    assert!(poll(&mut polled, &count).is_pending());
    leader.land(1);
    assert_eq!(poll(&mut polled, &count), Poll::Ready(Landed::Outcome(1)));
    drop(idle);
}

#[test]
fn only_the_waker_shown_last_is_woken_and_once() {
    let flights = Flights::new();
    let (leader, flight) = begin(&flights, &"key", 1);
    let [first, last] = [(); 2].map(|()| Arc::new(Count::default()));
    let mut wait = flight.wait();
    for count in [&first, &first, &last, &last] {
        assert!(poll(&mut wait, count).is_pending());
    }
    assert_eq!(Arc::strong_count(&first), 1);
    leader.land(1);
    assert_eq!([first.woken(), last.woken()], [0, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_waiters_have_the_outcome() {
    let flights = Flights::new();
    let (leader, flight) = begin(&flights, &"key", 1);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..10_000 {
        let wait = flight.wait();
        tasks.spawn(async move {
            if number % 3 == 0 {
                tokio::task::yield_now().await;
            }
            wait.await
        });
        if number == 7_000 {
            tokio::task::yield_now().await;
        }
    }
    leader.land(42);
    let landed = tasks.join_all().await;
    assert_eq!(landed.len(), 10_000);
    assert!(landed.iter().all(|landed| *landed == Landed::Outcome(42)));
}

#[test]
fn ten_thousand_waiters_are_woken_once_each() {
    let flights = Flights::new();
    let (leader, flight) = begin(&flights, &"key", 1);
    let counts: Vec<_> = (0..10_000).map(|_| Arc::new(Count::default())).collect();
    let mut waits: Vec<_> = counts.iter().map(|_| flight.wait()).collect();
    for (wait, count) in waits.iter_mut().zip(&counts) {
        assert!(poll(wait, count).is_pending());
    }
    leader.land(7);
    assert!(counts.iter().all(|count| count.woken() == 1));
    for (wait, count) in waits.iter_mut().zip(&counts) {
        assert_eq!(poll(wait, count), Poll::Ready(Landed::Outcome(7)));
    }
}
