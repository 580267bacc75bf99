use super::*;

#[test]
fn who_joined_before_the_landing_has_the_outcome_and_who_joins_after_begins_anew() {
    let flights = Flights::new();
    let (leader, flight) = begin(&flights, &"key", 1);
    let (mut led, mut followed) = (flight.wait(), follow(&flights, &"key").wait());
    let [leads, follows] = [(); 2].map(|()| Arc::new(Count::default()));
    assert_eq!(flight.outcome(), None);
    assert_eq!(poll(&mut led, &leads), Poll::Pending);
    assert_eq!(poll(&mut followed, &follows), Poll::Pending);
    leader.land(42);
    assert_eq!([leads.woken(), follows.woken()], [1, 1]);
    assert_eq!(poll(&mut led, &leads), Poll::Ready(Landed::Outcome(42)));
    assert_eq!(poll(&mut followed, &follows), Poll::Ready(Landed::Outcome(42)));
    assert_eq!(flights.len(), 0);
    assert!(
        matches!(flights.join(&"key", 2, |_| true), Joined::Leader(_, flight) if flight.began() == 2)
    );
}

#[test]
fn whoever_asks_after_the_end_is_told_however_often() {
    let flights = Flights::new();
    for landed in [Landed::Outcome(5), Landed::Abandoned] {
        let (leader, flight) = begin(&flights, &"key", 1);
        match landed {
            Landed::Outcome(outcome) => leader.land(outcome),
            Landed::Abandoned => drop(leader),
        }
        assert_eq!(flight.outcome(), Some(landed));
        let count = Arc::new(Count::default());
        let mut wait = flight.wait();
        assert_eq!(poll(&mut wait, &count), Poll::Ready(landed));
        assert_eq!(poll(&mut wait, &count), Poll::Ready(landed));
        assert_eq!(count.woken(), 0);
    }
}

#[test]
fn a_dropped_leader_is_known_to_all_who_wait() {
    let flights = Flights::<_, u8>::new();
    let (leader, flight) = begin(&flights, &"key", 1);
    let count = Arc::new(Count::default());
    let mut waits = [flight.wait(), follow(&flights, &"key").wait()];
    for wait in &mut waits {
        assert_eq!(poll(wait, &count), Poll::Pending);
    }
    drop(leader);
    assert_eq!(count.woken(), 2);
    assert_eq!(flights.len(), 0);
    for wait in &mut waits {
        assert_eq!(poll(wait, &count), Poll::Ready(Landed::Abandoned));
    }
    assert!(matches!(flights.join(&"key", 2, |_| true), Joined::Leader(..)));
}

#[tokio::test]
async fn a_task_that_panics_or_is_aborted_abandons_its_flight() {
    let flights = Flights::<_, u8>::new();
    let (leader, flight) = begin(&flights, &"panics", 1);
    let panics = tokio::spawn(async move {
        let _leader = leader;
        tokio::task::yield_now().await;
        panic!("on purpose");
    });
    assert_eq!(flight.wait().await, Landed::Abandoned);
    assert!(panics.await.unwrap_err().is_panic());

    let (leader, flight) = begin(&flights, &"aborted", 2);
    let aborted = tokio::spawn(async move {
        let _leader = leader;
        std::future::pending::<()>().await;
    });
    tokio::task::yield_now().await;
    aborted.abort();
    assert_eq!(flight.wait().await, Landed::Abandoned);
    assert_eq!(flights.len(), 0);
}

#[test]
fn a_runtime_that_is_gone_abandons_its_flights() {
    let flights = Flights::<_, u8>::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (leader, flight) = begin(&flights, &"key", 1);
    runtime.spawn(async move {
        let _leader = leader;
        std::future::pending::<()>().await;
    });
    drop(runtime);
    assert_eq!(flight.outcome(), Some(Landed::Abandoned));
    assert_eq!(flights.len(), 0);
}

#[test]
fn an_outcome_is_dropped_with_the_last_who_could_ask_for_it() {
    let flights = Flights::new();
    let outcome = Arc::new(());
    let (leader, flight) = begin(&flights, &"unheard", 1);
    drop(flight);
    leader.land(Arc::clone(&outcome));
    assert_eq!(Arc::strong_count(&outcome), 1);

    let (leader, flight) = begin(&flights, &"heard", 1);
    let mut waits = [flight.wait(), flight.wait()];
    drop(flight);
    let count = Arc::new(Count::default());
    for wait in &mut waits {
        assert!(poll(wait, &count).is_pending());
    }
    leader.land(Arc::clone(&outcome));
    assert!(poll(&mut waits[0], &count).is_ready());
    drop(waits);
    assert_eq!(Arc::strong_count(&outcome), 1);
    assert_eq!(Arc::strong_count(&count), 1);
}

#[test]
fn flights_end_though_their_table_is_gone() {
    let flights = Flights::new();
    let (leader, flight) = begin(&flights, &"key", 1);
    drop(flights);
    leader.land(3);
    assert_eq!(flight.outcome(), Some(Landed::Outcome(3)));
}
