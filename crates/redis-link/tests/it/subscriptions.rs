use std::time::Duration;

use bartizan_redis_link::{Command, Event, Link, Subscription};

use crate::support::{PATIENCE, clients, config, connected, server, until};

async fn next(subscription: &mut Subscription) -> Event {
    tokio::time::timeout(PATIENCE, subscription.next()).await.unwrap().unwrap()
}

fn message(channel: &str, payload: &'static [u8]) -> Event {
    Event::Message { channel: channel.to_owned(), payload: payload.into() }
}

async fn subscribed<const N: usize>(link: &Link, channels: [&str; N]) -> Subscription {
    let mut subscription = link.subscribe(channels);
    assert_eq!(next(&mut subscription).await, Event::Subscribed);
    subscription
}

#[tokio::test(flavor = "multi_thread")]
async fn hears_its_channels_and_no_others() {
    let (_redis, link) = server().await;
    let mut one = subscribed(&link, ["a", "b", "a"]).await;
    let mut two = subscribed(&link, ["b"]).await;
    assert_eq!(one.channels(), ["a", "b", "a"]);
    assert_eq!(link.publish("a", &b"\0\xff"[..]).await.unwrap(), 1);
    assert_eq!(link.publish("b", "both").await.unwrap(), 1);
    assert_eq!(link.publish("c", "nobody").await.unwrap(), 0);
    assert_eq!(next(&mut one).await, message("a", b"\0\xff"));
    assert_eq!(next(&mut one).await, message("b", b"both"));
    assert_eq!(next(&mut two).await, message("b", b"both"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_listener_leaves_the_channel() {
    let (_redis, link) = server().await;
    let one = subscribed(&link, ["a", "b"]).await;
    let mut two = subscribed(&link, ["b"]).await;
    drop(one);
    until("a is left", || async { link.publish("a", "x").await.unwrap() == 0 }).await;
    assert_eq!(link.publish("b", "still").await.unwrap(), 1);
    assert_eq!(next(&mut two).await, message("b", b"still"));
    drop(two);
    until("b is left", || async { link.publish("b", "x").await.unwrap() == 0 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_while_away_is_lost_and_that_is_said() {
    let (mut redis, link) = server().await;
    let mut subscription = subscribed(&link, ["channel"]).await;
    redis.kill();
    redis.restart();
    let other = connected(&config(&redis.url())).await;
    // Perhaps before the link is back: then nobody hears it.
    other.publish("channel", "perhaps").await.unwrap();
    let event = next(&mut subscription).await;
    assert_eq!(event, Event::Resubscribed);
    until("a message arrives", || async { other.publish("channel", "again").await.unwrap() == 1 })
        .await;
    loop {
        match next(&mut subscription).await {
            Event::Message { payload, .. } if payload == "again" => break,
            Event::Message { payload, .. } => assert_eq!(payload, "perhaps"),
            event => panic!("{event:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_connection_resubscribes() {
    let (_redis, link) = server().await;
    let mut subscription = subscribed(&link, ["channel"]).await;
    for _ in 0..3 {
        let kill = Command::new("CLIENT").args(["KILL", "TYPE", "pubsub"]);
        assert_eq!(link.command(kill).await.unwrap().as_integer(), Some(1));
        assert_eq!(next(&mut subscription).await, Event::Resubscribed);
        link.publish("channel", "heard").await.unwrap();
        assert_eq!(next(&mut subscription).await, message("channel", b"heard"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_made_while_redis_is_away_begins_later() {
    let (mut redis, link) = server().await;
    redis.stop();
    let mut subscription = link.subscribe(["channel"]);
    redis.restart();
    assert_eq!(next(&mut subscription).await, Event::Subscribed);
    let other = connected(&config(&redis.url())).await;
    assert_eq!(other.publish("channel", "heard").await.unwrap(), 1);
    assert_eq!(next(&mut subscription).await, message("channel", b"heard"));
}

/// The bound of their cost is with the registry; this is that the others are none the worse.
#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_that_come_and_go_while_redis_is_away_leave_nothing() {
    let (mut redis, link) = server().await;
    let mut stays = subscribed(&link, ["stays"]).await;
    let goes = subscribed(&link, ["goes"]).await;
    redis.kill();
    for number in 0..10_000 {
        drop(link.subscribe([format!("channel:{number}"), "stays".to_owned()]));
    }
    drop(goes);
    let mut comes = link.subscribe(["comes"]);
    redis.restart();
    assert_eq!(next(&mut stays).await, Event::Resubscribed);
    assert_eq!(next(&mut comes).await, Event::Subscribed);
    let other = connected(&config(&redis.url())).await;
    let channels = other.command(Command::new("PUBSUB").arg("CHANNELS")).await.unwrap();
    let mut channels: Vec<_> =
        channels.as_array().unwrap().iter().filter_map(|it| it.as_str()).collect();
    channels.sort_unstable();
    assert_eq!(channels, ["comes", "stays"]);
}

/// In fewer words with Redis than there are subscriptions, and each hears it once.
#[tokio::test(flavor = "multi_thread")]
async fn many_subscriptions_at_once_stand_one_and_all() {
    let (_redis, link) = server().await;
    let mut all: Vec<_> = (0..3000).map(|it| link.subscribe([format!("{}", it % 100)])).collect();
    for subscription in &mut all {
        assert_eq!(next(subscription).await, Event::Subscribed);
    }
    assert_eq!(link.publish("7", "heard").await.unwrap(), 1);
    for subscription in all.iter_mut().skip(7).step_by(100) {
        assert_eq!(next(subscription).await, message("7", b"heard"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_too_slowly_is_told() {
    let (_redis, link) = server().await;
    let mut subscription = subscribed(&link, ["channel"]).await;
    let total: u64 = 5000;
    for _ in 0..total {
        link.publish("channel", "x").await.unwrap();
    }
    link.publish("channel", "last").await.unwrap();
    let (mut heard, mut missed) = (0, 0);
    loop {
        match next(&mut subscription).await {
            Event::Message { payload, .. } if payload == "last" => break,
            Event::Message { .. } => heard += 1,
            Event::Lagged(lagged) => missed += lagged,
            event => panic!("{event:?}"),
        }
    }
    assert!(missed > 1000, "{missed}");
    assert_eq!(heard + missed, total);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_subscriptions_share_one_connection_which_is_opened_for_the_first() {
    let (_redis, link) = server().await;
    assert_eq!(clients(&link).await.len(), 1);
    let _one = subscribed(&link, ["a"]).await;
    let _two = subscribed(&link.clone(), ["b", "c"]).await;
    let list = clients(&link).await;
    assert_eq!(list.len(), 2, "{list:?}");
    assert!(list.iter().any(|line| line.contains(" sub=3 ")), "{list:?}");
}

/// Nothing is sent over the connection for subscriptions, so only the heartbeat notices.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_connection_is_noticed_and_resubscribes() {
    let (mut redis, link) = server().await;
    let mut subscription = subscribed(&link, ["channel"]).await;
    redis.pause();
    // The heartbeat, and the time that its answer has.
    tokio::time::sleep(Duration::from_secs(5) + Duration::from_millis(1500)).await;
    redis.resume();
    assert_eq!(next(&mut subscription).await, Event::Resubscribed);
}
