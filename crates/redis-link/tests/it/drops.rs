use std::time::Duration;

use bartizan_redis_link::LinkState;
use tokio::runtime::Handle;

use crate::support::{PATIENCE, clients, config, connected, ping, server, until};

#[tokio::test(flavor = "multi_thread")]
async fn the_last_link_ends_tasks_and_connections() {
    let (redis, admin) = server().await;
    let before = clients(&admin).await.len();
    let tasks = Handle::current().metrics().num_alive_tasks();

    let link = connected(&config(&redis.url())).await;
    let twin = link.clone();
    let mut subscription = link.subscribe(["channel"]);
    subscription.next().await.unwrap();
    assert_eq!(clients(&admin).await.len(), before + 2);
    drop(link);
    ping(&twin).await.unwrap();
    assert_eq!(clients(&admin).await.len(), before + 2);

    drop(twin);
    let end = tokio::time::timeout(PATIENCE, subscription.next()).await;
    assert_eq!(end.expect("it never ends"), None);
    until("the connections are gone", || async { clients(&admin).await.len() == before }).await;
    until("the tasks are gone", || async {
        Handle::current().metrics().num_alive_tasks() == tasks
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_ends_every_clone_and_what_is_in_flight() {
    let (mut redis, _) = server().await;
    let link = connected(&crate::support::patient(&redis.url())).await;
    redis.pause();
    let waiting = tokio::spawn({
        let link = link.clone();
        async move { ping(&link).await }
    });
    until("it is in flight", || async { link.in_flight() == 1 }).await;
    let twin = link.clone();
    twin.close();
    let ended = tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
    assert!(ended.unwrap_err().is_disconnected());

    assert_eq!(link.state(), LinkState::Closed);
    let error = ping(&link).await.unwrap_err();
    assert!(error.is_closed() && error.is_disconnected() && !error.may_have_executed());
    assert!(link.ready(Duration::from_secs(5)).await.unwrap_err().is_closed());
    assert_eq!(link.subscribe(["channel"]).next().await, None);
    redis.resume();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(link.state(), LinkState::Closed);
}
