use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use bartizan_redis_link::{BreakerState, Command, Script};

use crate::support::{connected, patient, ping, server, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_dropped_anywhere_leak_nothing() {
    let (redis, _) = server().await;
    let link = connected(&patient(&redis.url())).await;
    let script = Script::new("return redis.call('INCR', KEYS[1])");
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (link, script) = (link.clone(), script.clone());
            tokio::spawn(async move {
                for round in 0..1000 {
                    // Dropped after so many polls, the reply having come or not.
                    let polls = round % 4;
                    match round % 3 {
                        0 => poll_times(link.command(Command::new("PING")), polls).await,
                        1 => poll_times(link.run(&script, ["key"], [""; 0]), polls).await,
                        _ => poll_times(link.publish("channel", "payload"), polls).await,
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(link.in_flight(), 0);
    assert_eq!(link.breaker(), BreakerState::Closed);
    ping(&link).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_dropped_while_redis_comes_and_goes_leak_nothing() {
    let (mut redis, link) = server().await;
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let link = link.clone();
            tokio::spawn(async move {
                for round in 0..400 {
                    let patience = std::time::Duration::from_micros(100 * ((task + round) % 30));
                    tokio::time::timeout(patience, ping(&link)).await.ok();
                }
            })
        })
        .collect();
    while tasks.iter().any(|task| !task.is_finished()) {
        redis.pause();
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        redis.resume();
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(link.in_flight(), 0);
    until("a call is served", || async { ping(&link).await.is_ok() }).await;
    assert_eq!(link.breaker(), BreakerState::Closed);
}

/// Polls a future so many times, each time that it is woken, and drops it.
async fn poll_times<F: Future>(future: F, times: u32) {
    let mut future = pin!(future);
    let mut polls = 0;
    poll_fn(|cx| {
        polls += 1;
        if polls > times || future.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if polls == times { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
