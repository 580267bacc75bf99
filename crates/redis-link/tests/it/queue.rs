use std::num::NonZeroUsize;

use bartizan_redis_link::Command;

use crate::support::{PATIENCE, connected, patient, ping, server, until};

#[tokio::test(flavor = "multi_thread")]
async fn refuses_what_is_beyond_the_queue_and_recovers() {
    let (mut redis, _) = server().await;
    let link = connected(&patient(&redis.url()).with_queue(NonZeroUsize::new(8).unwrap())).await;
    redis.pause();
    let waiting: Vec<_> = (0..8)
        .map(|_| {
            let link = link.clone();
            tokio::spawn(async move { link.command(Command::new("INCR").key("count")).await })
        })
        .collect();
    until("the queue is full", || async { link.in_flight() == 8 }).await;
    for _ in 0..100 {
        let error = ping(&link).await.unwrap_err();
        assert!(error.is_busy() && !error.may_have_executed(), "{error:?}");
        assert_eq!(error.to_string(), "8 commands are in flight already");
    }
    redis.resume();
    for task in waiting {
        tokio::time::timeout(PATIENCE, task).await.unwrap().unwrap().unwrap();
    }
    assert_eq!(link.in_flight(), 0);
    ping(&link).await.unwrap();
}
