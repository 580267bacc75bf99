use std::time::{Duration, Instant};

use bartizan_redis_link::{Command, LinkState};

use crate::support::{FAILURES, PATIENCE, config, connected, get, server, until_served};

/// A command that was written before Redis stopped may be executed when it goes on. What must not
/// be is that more are written once it is known that nobody answers.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_while_the_breaker_is_open() {
    let (mut redis, link) = server().await;
    let counter = connected(&config(&redis.url()).with_command_timeout(PATIENCE)).await;
    redis.pause();
    let (mut uncertain, mut refused) = (0, 0);
    let end = Instant::now() + Duration::from_millis(2500);
    while Instant::now() < end {
        let error = link.command(Command::new("INCR").key("count")).await.unwrap_err();
        if error.may_have_executed() {
            uncertain += 1;
        } else {
            refused += 1;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(uncertain >= i64::from(FAILURES) && uncertain < 10, "{uncertain}");
    assert!(refused > 100, "{refused}");
    redis.resume();
    until_served(&link).await;
    let executed = get(&counter, "count").await.unwrap_or_default();
    assert!(executed <= uncertain, "{executed} were executed, {uncertain} were in doubt");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_for_later_while_there_is_no_connection() {
    let (mut redis, link) = server().await;
    redis.kill();
    let mut uncertain = 0;
    for _ in 0..500 {
        let error = link.command(Command::new("INCR").key("count")).await.unwrap_err();
        uncertain += i64::from(error.may_have_executed());
    }
    assert!(link.state() != LinkState::Connected);
    // Only what was sent before the loss was known.
    assert!(uncertain < 5, "{uncertain}");
    redis.restart();
    until_served(&link).await;
    assert_eq!(get(&link, "count").await, None);
}

/// Big commands fill the socket until the client can write no more, so that the following ones wait
/// inside of it; those must not be written when Redis goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_timed_out_before_it_was_written_is_never_executed() {
    let (mut redis, link) = server().await;
    redis.pause();
    let big = vec![b'x'; 32 << 20];
    let blocked = link.command(Command::new("SET").key("big").arg(big));
    let waiting = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        link.command(Command::new("INCR").key("count")).await
    };
    let (blocked, waiting) = tokio::join!(blocked, waiting);
    assert!(blocked.unwrap_err().is_timeout());
    assert!(waiting.unwrap_err().is_timeout());
    redis.resume();
    until_served(&link).await;
    let other = connected(&config(&redis.url()).with_command_timeout(PATIENCE)).await;
    assert_eq!(get(&other, "count").await, None);
}
