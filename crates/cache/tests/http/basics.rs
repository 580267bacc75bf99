//! What is stored, and what it answers.

use std::time::Duration;

use bartizan_cache::{Answered, Profile};
use tokio::time::sleep;

use super::support::*;

#[tokio::test(start_paused = true)]
async fn a_fresh_response_is_served_again_with_its_age() {
    let origin = Origin::new([answer("one", &[("cache-control", "max-age=60")])]);
    let service = before(&layer(), &origin);
    let first = send(&service, get("/a", &[])).await;
    assert_eq!((first.text(), first.handled.answer), ("one", Answered::Inner));
    assert!(first.handled.stored);
    sleep(Duration::from_secs(7)).await;
    let second = send(&service, get("/a", &[])).await;
    assert_eq!((second.text(), second.handled.answer), ("one", Answered::Fresh));
    assert_eq!(second.header("age"), "7");
    assert_eq!(second.header("cache-status"), "bartizan; hit; ttl=53");
    assert_eq!(origin.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn variants_are_told_apart_by_what_vary_names() {
    let vary = [("cache-control", "max-age=60"), ("vary", "x-kind")];
    let origin = Origin::new([answer("a", &vary), answer("b", &vary)]);
    let service = before(&layer(), &origin);
    for (kind, text, asked) in [("a", "a", 1), ("b", "b", 2), ("a", "a", 2), ("b", "b", 2)] {
        let got = send(&service, get("/v", &[("x-kind", kind)])).await;
        assert_eq!((got.text(), origin.asked()), (text, asked));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_is_validated() {
    let origin = Origin::new([
        answer("one", &[("cache-control", "max-age=10"), ("etag", "\"1\"")]),
        status(304, "", &[("cache-control", "max-age=20"), ("etag", "\"1\"")]),
    ]);
    let service = before(&layer(), &origin);
    send(&service, get("/e", &[])).await;
    sleep(Duration::from_secs(11)).await;
    let got = send(&service, get("/e", &[])).await;
    assert_eq!((got.text(), got.handled.answer), ("one", Answered::Validated));
    assert_eq!(origin.last_request()["if-none-match"], "\"1\"");
    sleep(Duration::from_secs(19)).await;
    let got = send(&service, get("/e", &[])).await;
    assert_eq!((got.handled.answer, origin.asked()), (Answered::Fresh, 2));
}

#[tokio::test(start_paused = true)]
async fn a_credential_goes_by_the_cache_unless_it_is_told_otherwise() {
    let origin = Origin::new([answer("mine", &[("cache-control", "public, max-age=60")])]);
    let service = before(&layer(), &origin);
    for asked in 1..=3 {
        send(&service, get("/c", &[("cookie", "session=1")])).await;
        assert_eq!(origin.asked(), asked);
    }
    let service = before(&layer().with_profile(Profile::Rfc), &origin);
    for _ in 0..3 {
        send(&service, get("/c", &[("cookie", "session=1")])).await;
        assert_eq!(origin.asked(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_takes_what_is_stored() {
    let origin = Origin::new([answer("one", &[("cache-control", "max-age=60")])]);
    let service = before(&layer(), &origin);
    send(&service, get("/p", &[])).await;
    send(&service, request("POST", "/p", &[])).await;
    send(&service, get("/p", &[])).await;
    assert_eq!(origin.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_guessed_may_be_without_a_limit() {
    let fields = [("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")];
    let origin = Origin::new([answer("one", &fields)]);
    let service = before(&layer().with_heuristics(1.0, Duration::MAX).unwrap(), &origin);
    send(&service, get("/a", &[])).await;
    // No lifetime that anything says would be as long.
    sleep(Duration::from_secs(60)).await;
    let got = send(&service, get("/a", &[])).await;
    assert_eq!((got.handled.answer, origin.asked()), (Answered::Fresh, 1));
}
