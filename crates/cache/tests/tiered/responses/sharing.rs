//! What one instance has fetched, the others serve.

use bartizan_cache::Answered;
use tokio::time::sleep;

use super::http::{answer, status};
use super::*;
use crate::support::{MINUTE, settle};

#[tokio::test(start_paused = true)]
async fn a_response_that_one_has_fetched_is_served_by_the_other_with_its_age() {
    let (_world, one, two) = pair(&[("cache-control", "max-age=60"), ("x-a", "1")]).await;
    assert_eq!(one.told("/a", &[]).await, inner("one"));
    sleep(7 * SECOND).await;
    let got = two.get("/a", &[]).await;
    assert_eq!((got.text(), got.handled.answer), ("one", Answered::Fresh));
    assert_eq!((got.header("age"), got.header("x-a")), ("7", "1"));
    assert_eq!(got.header("cache-status"), "bartizan; hit; ttl=53");
    // From its own memory now, and no longer than it is fresh.
    sleep(52 * SECOND).await;
    let got = two.get("/a", &[]).await;
    assert_eq!((got.header("age"), got.handled.answer), ("59", Answered::Fresh));
    assert_eq!(two.asked(), 0);
    sleep(SECOND).await;
    assert_eq!(two.told("/a", &[]).await, inner("two"));
    assert_eq!((one.asked(), two.asked()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_age_that_a_response_came_with_counts_for_the_other() {
    let (_world, one, two) = pair(&[("cache-control", "max-age=60"), ("age", "50")]).await;
    one.get("/a", &[]).await;
    sleep(9 * SECOND).await;
    let got = two.get("/a", &[]).await;
    assert_eq!((got.header("age"), got.handled.answer), ("59", Answered::Fresh));
    sleep(SECOND).await;
    assert_eq!(two.told("/a", &[]).await, inner("two"));
}

#[tokio::test(start_paused = true)]
async fn the_head_of_what_one_has_fetched_is_served_by_the_other() {
    let (_world, one, two) = pair(&[("cache-control", "max-age=60"), ("etag", "\"1\"")]).await;
    one.get("/a", &[]).await;
    settle().await;
    let got = two.send("HEAD", "/a").await;
    assert_eq!((got.handled.answer, got.header("content-length")), (Answered::Fresh, "3"));
    let got = two.get("/a", &[("if-none-match", "\"1\"")]).await;
    assert_eq!((got.status.as_u16(), got.header("etag")), (304, "\"1\""));
    let got = two.get("/a", &[("range", "bytes=1-")]).await;
    assert_eq!((got.status.as_u16(), got.text()), (206, "ne"));
    assert_eq!(two.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_one_has_validated_is_fresh_for_the_other() {
    let fields = [("cache-control", "max-age=10"), ("etag", "\"1\"")];
    let (_world, one, two) = pair(&fields).await;
    one.get("/a", &[]).await;
    settle().await;
    assert_eq!(two.told("/a", &[]).await, fresh("one"));
    sleep(11 * SECOND).await;
    one.origin.says(status(304, "", &[("cache-control", "max-age=20"), ("etag", "\"1\"")]));
    assert_eq!(one.told("/a", &[]).await, ("one".to_owned(), Answered::Validated));
    sleep(3 * SECOND).await;
    // Stale in its memory, and fresh in the store.
    let got = two.get("/a", &[]).await;
    assert_eq!((got.text(), got.handled.answer), ("one", Answered::Fresh));
    assert_eq!((got.header("age"), two.asked()), ("3", 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_serves_the_other_while_it_is_fetched_anew() {
    let fields = [("cache-control", "max-age=10, stale-while-revalidate=20")];
    let (_world, one, two) = pair(&fields).await;
    one.get("/a", &[]).await;
    sleep(15 * SECOND).await;
    assert_eq!(two.told("/a", &[]).await, stale("one"));
    settle().await;
    assert_eq!((one.asked(), two.asked()), (1, 1));
    // What the other has fetched in the background.
    assert_eq!(one.told("/a", &[]).await, fresh("two"));
    sleep(31 * SECOND).await;
    assert_eq!(one.told("/a", &[]).await, inner("one"));
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_stands_for_an_error_of_the_other_origin() {
    let one = answer("one", &[("cache-control", "max-age=10, stale-if-error=20")]);
    let (_world, one, two) = pair_of(one, status(503, "", &[])).await;
    one.get("/a", &[]).await;
    sleep(15 * SECOND).await;
    assert_eq!(two.told("/a", &[]).await, ("one".to_owned(), Answered::StaleForError));
    sleep(15 * SECOND).await;
    assert_eq!(two.get("/a", &[]).await.status, 503);
}

#[tokio::test(start_paused = true)]
async fn what_must_be_validated_is_validated_by_the_other() {
    let fields = [("cache-control", "max-age=10, must-revalidate"), ("etag", "\"1\"")];
    let (_world, one, two) = pair_of(answer("one", &fields), status(503, "", &[])).await;
    one.get("/a", &[]).await;
    sleep(11 * SECOND).await;
    assert_eq!(two.get("/a", &[]).await.status, 503);
    assert_eq!(two.origin.last_request()["if-none-match"], "\"1\"");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_stored_is_not_shared() {
    for value in ["no-store", "private", "max-age=0"] {
        let (world, one, two) = pair(&[("cache-control", value)]).await;
        one.get("/a", &[]).await;
        settle().await;
        assert_eq!(two.told("/a", &[]).await, inner("two"), "{value}");
        assert!(world.store.is_empty(), "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_starts_later_serves_what_is_there() {
    let (world, one, two) = pair(&[("cache-control", "max-age=60")]).await;
    one.get("/a", &[]).await;
    settle().await;
    drop((one, two));
    sleep(5 * SECOND).await;
    let later = late(&world, "three", &[]).await;
    let got = later.get("/a", &[]).await;
    assert_eq!((got.text(), got.header("age"), later.asked()), ("one", "5", 0));
}

#[tokio::test(start_paused = true)]
async fn large_bodies_are_shared() {
    let world = World::new();
    let body = "0123456789abcdef".repeat(1 << 17);
    assert_eq!(body.len(), 2 << 20);
    let one =
        Gateway::new(&world, &Origin::new([answer(&body, &[("cache-control", "max-age=60")])]))
            .await;
    let two = late(&world, "two", &[]).await;
    one.get("/a", &[]).await;
    settle().await;
    let got = two.get("/a", &[]).await;
    assert!(got.text() == body);
    assert_eq!(two.asked(), 0);
    assert_eq!(caches(&two).responses("other").build().unwrap().stats().entries, 0);
}

#[tokio::test(start_paused = true)]
async fn caches_of_other_names_share_nothing() {
    let (_world, one, two) = pair(&[("cache-control", "max-age=60")]).await;
    one.get("/a", &[]).await;
    settle().await;
    let other = caches(&two).responses("other").build().unwrap();
    let service = super::http::before(&CacheLayer::new(other), &two.origin);
    assert_eq!(send(&service, get("/a", &[])).await.text(), "two");
    sleep(MINUTE).await;
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_one_fetch_ask_the_store_once() {
    let (_world, one, two) = pair(&[("cache-control", "max-age=60")]).await;
    one.get("/a", &[]).await;
    settle().await;
    let before = two.instance.calls(bartizan_cache::test_util::Operation::Read);
    let (a, b, c) = tokio::join!(two.told("/a", &[]), two.told("/a", &[]), two.told("/a", &[]));
    assert_eq!([a, b, c], [fresh("one"), fresh("one"), fresh("one")]);
    assert_eq!(two.instance.calls(bartizan_cache::test_util::Operation::Read), before + 1);
}
