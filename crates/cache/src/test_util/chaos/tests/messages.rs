use tokio::time::{Instant, timeout};

use super::*;
use crate::Signal;

/// A turn of the control.
type Turn = fn(&ChaosControl);

async fn say(store: &Chaos<LocalStore>, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        // Past the faults of this instance.
        store.inner.announce(&message(number)).await.unwrap();
    }
}

/// What a listener hears until it is quiet: generations, 0 for being connected.
async fn heard(listener: &mut Box<dyn Listen>) -> Vec<u64> {
    let mut heard = Vec::new();
    while let Ok(signal) = timeout(Duration::from_millis(10), listener.next()).await {
        heard.push(match signal.expect("the backplane is there") {
            Signal::Connected => 0,
            Signal::Message(message) => message.generation.as_u64(),
        });
    }
    heard
}

#[tokio::test(start_paused = true)]
async fn loses_messages() {
    let (store, control) = chaos();
    let mut listener = store.listen();
    assert_eq!(heard(&mut listener).await, [0]);
    control.inject(Fault::lost_message().times(2));
    say(&store, 1..=4).await;
    assert_eq!(heard(&mut listener).await, [3, 4]);
}

#[tokio::test(start_paused = true)]
async fn tells_messages_later_in_their_order() {
    let (store, control) = chaos();
    let mut listener = store.listen();
    assert_eq!(heard(&mut listener).await, [0]);
    control.inject(Fault::late_message(SECOND).times(1));
    say(&store, 1..=2).await;
    assert!(heard(&mut listener).await.is_empty());
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert!(heard(&mut listener).await.is_empty());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(heard(&mut listener).await, [1, 2]);
    // Woken by its time, with nothing else to wake it.
    control.inject(Fault::late_message(Duration::MAX).times(1));
    control.inject(Fault::lost_message().times(1));
    control.inject(Fault::late_message(SECOND).times(2));
    say(&store, 3..=4).await;
    let begin = Instant::now();
    assert_eq!(listener.next().await, Some(Signal::Message(message(4))));
    assert_eq!(begin.elapsed().as_millis() / 10 * 10, 1_000);
    control.inject(Fault::late_message(Duration::MAX).times(1));
    say(&store, [5]).await;
    assert!(timeout(1_000 * HOUR, listener.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn tells_messages_twice_and_in_another_order() {
    let (store, control) = chaos();
    let mut listener = store.listen();
    assert_eq!(heard(&mut listener).await, [0]);
    control.inject(Fault::repeated_message().times(1));
    say(&store, 1..=2).await;
    assert_eq!(heard(&mut listener).await, [1, 1, 2]);
    control.inject(Fault::swapped_message());
    say(&store, 3..=7).await;
    assert_eq!(heard(&mut listener).await, [4, 3, 6, 5]);
    control.heal();
    assert_eq!(heard(&mut listener).await, [7]);
    control.inject(Fault::swapped_message().times(1));
    control.inject(Fault::repeated_message().times(1));
    say(&store, 8..=10).await;
    assert_eq!(heard(&mut listener).await, [9, 8, 8, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_disconnection_loses_what_is_said_meanwhile_and_is_told() {
    let (store, control) = chaos();
    let (mut listening, mut looking_away) = (store.listen(), store.listen());
    assert_eq!(heard(&mut listening).await, [0]);
    assert_eq!(heard(&mut looking_away).await, [0]);
    let ways: [(Turn, Turn); 4] = [
        (ChaosControl::disconnect_listeners, ChaosControl::reconnect_listeners),
        (ChaosControl::disconnect_listeners, ChaosControl::heal),
        (ChaosControl::down, ChaosControl::up),
        (ChaosControl::down, ChaosControl::heal),
    ];
    for (disconnect, reconnect) in ways {
        disconnect(&control);
        let mut begun_meanwhile = store.listen();
        say(&store, 1..=2).await;
        assert!(heard(&mut listening).await.is_empty());
        assert!(heard(&mut begun_meanwhile).await.is_empty());
        reconnect(&control);
        for listener in [&mut listening, &mut looking_away, &mut begun_meanwhile] {
            assert_eq!(heard(listener).await, [0]);
        }
        say(&store, 3..=4).await;
        for listener in [&mut listening, &mut looking_away, &mut begun_meanwhile] {
            assert_eq!(heard(listener).await, [3, 4]);
        }
    }
    control.disconnect_listeners();
    assert_eq!(store.read("a").await.unwrap(), None);
    assert!(Backplane::is_available(&store));
}

#[tokio::test(start_paused = true)]
async fn a_disconnection_loses_what_was_late_or_held() {
    let (store, control) = chaos();
    let mut listener = store.listen();
    assert_eq!(heard(&mut listener).await, [0]);
    control.inject(Fault::late_message(SECOND).times(1));
    control.inject(Fault::swapped_message());
    say(&store, 1..=3).await;
    assert_eq!(heard(&mut listener).await, [2]);
    control.disconnect_listeners();
    control.reconnect_listeners();
    tokio::time::sleep(HOUR).await;
    assert_eq!(heard(&mut listener).await, [0]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_tells_its_messages_afterwards() {
    let (store, control) = chaos();
    let mut listener = store.listen();
    assert_eq!(heard(&mut listener).await, [0]);
    control.inject(Fault::hang().on(Scope::Store));
    say(&store, 1..=2).await;
    assert_eq!(heard(&mut listener).await, [1, 2]);
    control.hang();
    say(&store, 3..=4).await;
    assert!(heard(&mut listener).await.is_empty());
    let waiting = tokio::spawn(async move { (listener.next().await, listener) });
    tokio::time::sleep(SECOND).await;
    control.release();
    let (signal, mut listener) = waiting.await.unwrap();
    assert_eq!(signal, Some(Signal::Message(message(3))));
    assert_eq!(heard(&mut listener).await, [4]);
}

#[tokio::test(start_paused = true)]
async fn a_listener_ends_with_the_backplane_connected_or_not() {
    for is_cut in [false, true] {
        let (store, control) = chaos();
        let mut listener = store.listen();
        assert_eq!(heard(&mut listener).await, [0]);
        control.inject(Fault::swapped_message());
        say(&store, [1]).await;
        assert!(heard(&mut listener).await.is_empty());
        if is_cut {
            control.disconnect_listeners();
        }
        drop(store);
        if !is_cut {
            assert_eq!(listener.next().await, Some(Signal::Message(message(1))));
        }
        assert_eq!(timeout(HOUR, listener.next()).await, Ok(None));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_held_is_told_before_the_listener_has_missed_something() {
    let (store, control) = chaos();
    let mut listener = store.listen();
    assert_eq!(heard(&mut listener).await, [0]);
    control.inject(Fault::swapped_message().times(1));
    say(&store, [1]).await;
    assert!(heard(&mut listener).await.is_empty());
    // More than a listener may be behind.
    say(&store, 2..=2_000).await;
    assert_eq!(heard(&mut listener).await[..2], [1, 0]);
}
