//! Logins that come all at once, and clients that do not wait for theirs.

use std::pin::pin;

use axum::body::Body;
use axum::http::Request;
use futures_util::future::{join_all, poll_immediate};
use serde_json::json;
use tokio::task::yield_now;
use tower::ServiceExt;

use super::client::Client;
use super::served::post;

fn login(password: &str) -> Request<Body> {
    post("/api/login", &json!({"email": "ada@example.com", "password": password}))
}

/// With a user, and without a limit but that of failed logins.
async fn registered() -> Client {
    let client = Client::sqlite().await;
    let user = json!({"email": "ada@example.com", "password": "correct horse", "name": "Ada"});
    assert_eq!(client.post("/api/register", &user).await.status, 201);
    client
}

/// The status of each of 14 that are sent at once, in order.
async fn at_once(client: &Client, password: &str) -> Vec<u16> {
    let answers = join_all((0..14).map(|_| client.call(login(password)))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn right_ones_at_once_are_no_failures() {
    let client = registered().await;
    assert_eq!(at_once(&client, "correct horse").await, [200; 14]);
    // None of them was left behind.
    assert_eq!(at_once(&client, "wrong horse").await, [[401; 10].as_slice(), &[429; 4]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_ones_at_once_get_no_further_than_one_after_the_other() {
    let client = registered().await;
    assert_eq!(at_once(&client, "wrong horse").await, [[401; 10].as_slice(), &[429; 4]].concat());
    assert_eq!(client.call(login("correct horse")).await.status, 429);
}

#[tokio::test]
async fn a_client_that_leaves_during_a_right_one_has_not_failed() {
    let client = registered().await;
    for polls in 1..=14 {
        let mut leaving = pin!(client.router().oneshot(login("correct horse")));
        for _ in 0..polls {
            if poll_immediate(leaving.as_mut()).await.is_some() {
                break;
            }
            yield_now().await;
        }
    }
    assert_eq!(client.call(login("correct horse")).await.status, 200);
}

#[tokio::test]
async fn a_client_that_leaves_during_a_wrong_one_has_failed() {
    let client = registered().await;
    for _ in 0..10 {
        let leaving = client.router().oneshot(login("wrong horse"));
        assert!(poll_immediate(pin!(leaving)).await.is_none());
    }
    assert_eq!(client.call(login("correct horse")).await.status, 429);
}
