//! What is asked to be done.

use super::*;

fn method(method: &str) -> Ask {
    Ask { method: method.into(), ..get("/a") }
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_head_is_never_that_to_get() {
    let (layer, origin) = (layer(), Origin::telling(STORABLE[0]));
    assert_eq!(ask(&layer, &origin, &method("HEAD")).await.text, method("HEAD").told());
    let got = ask(&layer, &origin, &get("/a")).await;
    assert_eq!((got.is_hit(), got.text), (false, get("/a").told()));
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_get_is_that_to_head_without_its_body() {
    let (layer, origin) = (layer(), Origin::telling(STORABLE[0]));
    ask(&layer, &origin, &get("/a")).await;
    let got = ask(&layer, &origin, &method("HEAD")).await;
    assert_eq!((got.is_hit(), got.text.as_str(), origin.times()), (true, "", 1));
    apart(super::layer, &[("vary", "x-user")], &method("HEAD").with("x-user", "a"), &get("/a"))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_head_that_tells_of_other_variants_leaves_none_to_the_one_who_sent_it() {
    let origin = Origin::new(|parts| {
        let vary = if parts.method == "HEAD" { "x-user" } else { "accept" };
        let fields = [("cache-control", "max-age=1"), ("vary", vary), ("etag", "\"e\"")];
        says(&told(parts), fields)
    });
    let layer = layer();
    ask(&layer, &origin, &get("/a").with("x-user", "one")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    ask(&layer, &origin, &method("HEAD").with("x-user", "two")).await;
    let two = get("/a").with("x-user", "two");
    assert_eq!(ask(&layer, &origin, &two).await.text, two.told());
}

#[tokio::test(start_paused = true)]
async fn only_get_and_head_are_answered_from_what_is_stored_and_only_get_is_stored() {
    let others = [
        "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PURGE", "PROPFIND",
        "get", "Get", "GET1", "head", "M-SEARCH", "BREW", "QUERY",
    ];
    for other in others {
        let (one, two) = (method(other), method(other).with("x-user", "two"));
        apart(layer, &[], &one, &get("/a")).await;
        apart(layer, &[("content-location", "/a")], &one, &get("/a")).await;
        apart(layer, &[], &one, &two).await;
        let (layer, origin) = (layer(), Origin::telling(STORABLE[0]));
        for times in 1..4 {
            ask(&layer, &origin, &one).await;
            assert_eq!(origin.times(), times, "{other}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_goes_by_the_cache_however_its_length_is_told() {
    let requests = [
        get("/a").with_body("a=b").with("content-length", "3"),
        get("/a").with_body("a=b").with("transfer-encoding", "chunked"),
        // As with HTTP/2, where neither need be there.
        get("/a").with_body("a=b"),
        get("/a").with("content-length", "00"),
        get("/a").with("content-length", "0").with("content-length", "3"),
        get("/a").with("content-length", "0").with("transfer-encoding", "chunked"),
        method("HEAD").with_body("a=b"),
    ];
    by(layer, Bypass::Body, &requests).await;
    for request in &requests {
        apart(layer, &[], request, &get("/a")).await;
    }
    together(layer, &[], &get("/a").with("content-length", "0"), &get("/a")).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_that_fails_drives_nothing_out_and_one_that_succeeds_does() {
    let origin = Origin::new(|parts| {
        let status = if parts.uri.path() == "/bad" && parts.method == "POST" { 403 } else { 200 };
        states(status, &told(parts), STORABLE[0].iter().copied())
    });
    let layer = layer();
    for (path, is_hit) in [("/bad", true), ("/good", false)] {
        ask(&layer, &origin, &get(path)).await;
        ask(&layer, &origin, &Ask { method: "POST".into(), ..get(path) }).await;
        assert_eq!(ask(&layer, &origin, &get(path)).await.is_hit(), is_hit);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_drives_nothing_of_other_origins_out() {
    let fields = [
        ("cache-control", "max-age=60"),
        ("location", "http://other.example/a"),
        ("content-location", "http://example.com:81/a"),
        ("location", "//other.example/a"),
    ];
    let (layer, origin) = (layer(), Origin::telling(&fields));
    let others = [
        Ask::new("GET", "/a").with("host", "other.example"),
        Ask::new("GET", "/a").with("host", "example.com:81"),
    ];
    for other in &others {
        ask(&layer, &origin, other).await;
    }
    ask(&layer, &origin, &method("POST")).await;
    for other in &others {
        assert!(ask(&layer, &origin, other).await.is_hit());
    }
}
