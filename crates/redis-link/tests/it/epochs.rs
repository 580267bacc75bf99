use bartizan_redis_link::{Epoch, Link, LinkState};

use crate::support::{PATIENCE, config, server, until_served};

#[tokio::test(flavor = "multi_thread")]
async fn grows_with_each_connection_and_can_be_waited_for() {
    let (mut redis, link) = server().await;
    let mut watch = link.watch_epoch();
    let first = watch.current();
    assert_eq!((first.as_u64(), link.epoch()), (1, first));
    assert!(first > Epoch::default());

    redis.restart();
    let second = watch.changed().await.unwrap();
    assert!(second > first);
    until_served(&link).await;
    assert_eq!(link.epoch(), second);

    drop(link);
    assert_eq!(watch.changed().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_one_ends_when_the_link_is_closed() {
    let (_redis, link) = server().await;
    let mut watch = link.watch_epoch();
    watch.current();
    let mut waiting = watch.clone();
    let waiting = tokio::spawn(async move { waiting.changed().await });
    link.close();
    for _ in 0..2 {
        let end = tokio::time::timeout(PATIENCE, watch.changed()).await;
        assert_eq!(end.expect("a wait that never ends"), None);
    }
    let end = tokio::time::timeout(PATIENCE, waiting).await;
    assert_eq!(end.expect("a wait that never ends").unwrap(), None);
}

#[tokio::test]
async fn is_zero_before_the_first_connection() {
    let link = Link::connect(&config("redis://127.0.0.1:1"));
    assert_eq!(link.epoch(), Epoch::default());
    assert_eq!(link.epoch().to_string(), "0");
    assert_eq!(link.state(), LinkState::Connecting);
}
