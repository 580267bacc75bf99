//! What is invalidated is gone, and does not come back with what was fetched before.

use std::time::Duration;

use bartizan_cache::{Answered, CacheLayer, Profile};
use bartizan_probe::Step;
use http::{Method, StatusCode};
use tokio::time::sleep;
use tower::ServiceExt;

use super::driven::*;
use super::support::{Origin, answer, before, get, layer, request, send, status};

const MINUTE: (&str, &str) = ("cache-control", "max-age=60");

fn path() -> Asking {
    get("/a", &[])
}

/// Sends a request whose answer is held back while something is invalidated, and tells whether the
/// answer was stored.
async fn is_stored_through(layer: &CacheLayer, headers: &[(&str, &str)], purge: Purge) -> bool {
    let (service, mut control) = by_hand(layer);
    // The index of variants is there already.
    if headers.iter().any(|(name, _)| *name == "vary") {
        let known = tokio::spawn(service.clone().oneshot(get("/a", &[("x-kind", "other")])));
        control.next_call().await.respond(Ok(plays(headers, [data("other")])));
        hear(known.await.unwrap().unwrap()).await;
    }
    let call = tokio::spawn(service.clone().oneshot(path()));
    let held = control.next_call().await;
    if purge.at == At::Head {
        purge.run(layer).await;
    }
    held.respond(Ok(plays(headers, [data("a"), Step::Pending, data("b")])));
    let mut body = call.await.unwrap().unwrap().into_body();
    assert_eq!(text(&mut body), "a");
    if purge.at == At::Body {
        purge.run(layer).await;
    }
    drop(body);
    settle().await;
    ask(&service, get("/a", &[("cache-control", "only-if-cached")])).await.status != 504
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Head,
    Body,
    Never,
}

#[derive(Clone, Copy)]
struct Purge {
    at: At,
    what: &'static str,
}

impl Purge {
    async fn run(&self, layer: &CacheLayer) {
        let responses = layer.responses();
        let uri = "http://EXAMPLE.com:80/a".parse().unwrap();
        match self.what {
            "uri" => drop(responses.purge(&uri).await.unwrap()),
            "soft uri" => drop(responses.expire(&uri).await.unwrap()),
            "tag" => drop(responses.purge_tag("t").await),
            "all" => drop(responses.clear().await),
            "other uri" => drop(responses.purge(&"http://example.com/b".parse().unwrap()).await),
            "other tag" => drop(responses.purge_tag("u").await),
            "change" => {
                let (service, mut control) = by_hand(layer);
                let call = tokio::spawn(service.oneshot(request("PUT", "/a", &[])));
                control.next_call().await.respond(Ok(plays(&[], [])));
                drop(call.await.unwrap().unwrap());
            }
            _ => unreachable!(),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_invalidated_while_it_is_fetched_is_not_stored() {
    let minute = ("cache-control", "max-age=60");
    let plain = [minute, ("cache-tag", "s, t")];
    let variant = [minute, ("surrogate-key", "s t"), ("vary", "x-kind")];
    for headers in [&plain[..], &variant] {
        for at in [At::Head, At::Body] {
            for what in ["uri", "tag", "all", "change", "soft uri"] {
                let stored = is_stored_through(&layer(), headers, Purge { at, what }).await;
                assert!(!stored, "{what} {headers:?}");
            }
            for what in ["other tag"] {
                assert!(is_stored_through(&layer(), headers, Purge { at, what }).await, "{what}");
            }
        }
        let never = Purge { at: At::Never, what: "" };
        assert!(is_stored_through(&layer(), headers, never).await);
        // Where more than the URI tells responses apart, all of them go with it.
        let parted = || layer().with_key_headers([http::HeaderName::from_static("x-api-key")]);
        for what in ["uri", "change"] {
            let purge = Purge { at: At::Body, what };
            assert!(!is_stored_through(&parted(), headers, purge).await, "{what} {headers:?}");
        }
        assert!(is_stored_through(&parted(), headers, never).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_succeeds_invalidates_and_one_that_fails_does_not() {
    let minute = ("cache-control", "max-age=60");
    for method in ["POST", "PUT", "DELETE", "PATCH", "BREW"] {
        for (code, goes) in [
            (200, true),
            (201, true),
            (204, true),
            (302, true),
            (304, true),
            (400, false),
            (404, false),
            (500, false),
        ] {
            let (origin, asked) = taking(Duration::ZERO, move |asking, _| {
                Ok(match *asking.method() {
                    Method::GET => answer("one", &[minute]),
                    _ => status(code, "", &[]),
                })
            });
            let service = origin.behind(&layer());
            ask(&service, path()).await;
            // Whoever sends it, and whatever else it offers.
            let more = [("cookie", "a=b"), ("upgrade", "h2c"), ("x-forwarded-host", "other")];
            let got = ask(&service, request(method, "/a", &more)).await;
            assert_eq!(
                got.header("cache-status"),
                format!("bartizan; fwd=method; fwd-status={code}")
            );
            ask(&service, path()).await;
            assert_eq!(count(&asked), if goes { 3 } else { 2 }, "{method} {code}");
        }
    }
    let (origin, asked) = taking(Duration::ZERO, move |asking, _| match *asking.method() {
        Method::GET => Ok(answer("one", &[minute])),
        _ => Err(Down),
    });
    let service = origin.behind(&layer());
    ask(&service, path()).await;
    let error = service.clone().oneshot(request("POST", "/a", &[])).await.unwrap_err();
    ask(&service, path()).await;
    assert_eq!((error, count(&asked)), (Down, 2));
}

#[tokio::test(start_paused = true)]
async fn a_change_invalidates_what_it_names_of_its_own_host() {
    let minute = ("cache-control", "max-age=60");
    for (name, value, goes) in [
        ("location", "/named", true),
        ("location", "named", true),
        ("location", "http://example.com/named", true),
        ("content-location", "/named", true),
        ("content-location", "http://EXAMPLE.COM:80/named", true),
        ("location", "http://other.example/named", false),
        ("location", "https://example.com/named", false),
        ("content-location", "/other", false),
    ] {
        let (origin, asked) = taking(Duration::ZERO, move |asking, _| {
            Ok(match *asking.method() {
                Method::GET => answer("one", &[minute]),
                _ => status(201, "", &[(name, value)]),
            })
        });
        let service = origin.behind(&layer());
        let named = || get("/named", &[]);
        ask(&service, named()).await;
        ask(&service, request("POST", "/a", &[])).await;
        ask(&service, named()).await;
        assert_eq!(count(&asked), if goes { 3 } else { 2 }, "{name}: {value}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_invalidated_is_gone_before_the_client_learns_that_it_succeeded() {
    let layer = layer();
    let (service, mut control) = by_hand(&layer);
    let first = tokio::spawn(service.clone().oneshot(path()));
    control.next_call().await.respond(Ok(plays(&[("cache-control", "max-age=60")], [data("one")])));
    hear(first.await.unwrap().unwrap()).await;
    let change = tokio::spawn(service.clone().oneshot(request("POST", "/a", &[])));
    control.next_call().await.respond(Ok(plays(&[], [data("done"), Step::Hang])));
    let mut changed = change.await.unwrap().unwrap().into_body();
    let only = get("/a", &[("cache-control", "only-if-cached")]);
    assert_eq!(ask(&service, only).await.status, 504);
    assert_eq!(text(&mut changed), "done");
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_post_is_stored_for_get_where_it_says_so() {
    let headers = [("cache-control", "max-age=60"), ("content-location", "/a")];
    for (profile, stored) in [(Profile::Rfc, true), (Profile::Secure, false)] {
        let (origin, asked) = taking(Duration::ZERO, move |_, _| Ok(answer("one", &headers)));
        let service = origin.behind(&layer().with_profile(profile));
        ask(&service, request("POST", "/a", &[])).await;
        assert_eq!(ask(&service, path()).await.handled.answer == Answered::Fresh, stored);
        assert_eq!(count(&asked), if stored { 1 } else { 2 });
        // Each of them is asked all the same.
        ask(&service, request("POST", "/a", &[])).await;
        assert_eq!(count(&asked), if stored { 2 } else { 3 });
    }
}

#[tokio::test(start_paused = true)]
async fn each_tag_that_an_answer_names_takes_it_along() {
    let many = (0..100).map(|at| format!("t{at}")).collect::<Vec<_>>().join(",");
    let long = "x".repeat(300);
    for (said, tag, goes) in [
        (many.as_str(), "t0", true),
        (&many, "t99", true),
        (&many, "t100", false),
        (&long, &long, true),
        (&long, &long[1..], false),
        // Whatever one of them is written in, the others count.
        ("caf\u{e9}, b", "b", true),
        // Commas part them; where they stand apart without one, each counts too.
        ("one two, b", "one two", true),
        ("one two, b", "two", true),
        ("one two, b", "one two, b", false),
    ] {
        let layer = layer();
        let origin = Origin::new([answer("a", &[MINUTE, ("cache-tag", said)])]);
        let service = before(&layer, &origin);
        send(&service, path()).await;
        layer.responses().purge_tag(tag).await;
        let answered = if goes { Answered::Inner } else { Answered::Fresh };
        assert_eq!(send(&service, path()).await.handled.answer, answered, "{said}: {tag}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_purged_does_not_come_back_with_a_304_to_one_who_waited() {
    let layer = layer();
    let (service, mut control) = by_hand(&layer);
    let fields = [("cache-control", "max-age=1"), ("etag", "\"1\"")];
    let first = tokio::spawn(service.clone().oneshot(path()));
    control.next_call().await.respond(Ok(plays(&fields, [data("old")])));
    hear(first.await.unwrap().unwrap()).await;
    sleep(Duration::from_secs(2)).await;
    let leader = tokio::spawn(service.clone().oneshot(path()));
    let _held = control.next_call().await;
    let waiting = tokio::spawn(service.clone().oneshot(path()));
    settle().await;
    layer.responses().purge(&"http://example.com/a".parse().unwrap()).await.unwrap();
    // It waits no longer, asks for itself, and what it asks about is what was purged.
    let call = control.next_call().await;
    let mut not_modified = plays(&fields, []);
    *not_modified.status_mut() = StatusCode::NOT_MODIFIED;
    call.respond(Ok(not_modified));
    hear(waiting.await.unwrap().unwrap()).await;
    leader.abort();
    settle().await;
    let only = get("/a", &[("cache-control", "only-if-cached")]);
    assert_eq!(ask(&service, only).await.status, 504);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_post_from_before_a_purge_is_not_stored() {
    for is_purged in [false, true] {
        let layer = layer().with_profile(Profile::Rfc);
        let (service, mut control) = by_hand(&layer);
        let post = tokio::spawn(service.clone().oneshot(request("POST", "/a", &[])));
        let call = control.next_call().await;
        if is_purged {
            layer.responses().purge(&"http://example.com/a".parse().unwrap()).await.unwrap();
        }
        call.respond(Ok(plays(&[MINUTE, ("content-location", "/a")], [data("old")])));
        hear(post.await.unwrap().unwrap()).await;
        settle().await;
        let only = get("/a", &[("cache-control", "only-if-cached")]);
        assert_eq!(ask(&service, only).await.status == 504, is_purged);
    }
}
