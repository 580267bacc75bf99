//! One request's fault is not what others are told.

use bartizan_cache::Profile;

use super::*;

/// Answers with the status that the request wants, and lets everything be stored.
fn origin() -> Origin {
    Origin::new(|parts| {
        let wanted = parts.headers.get("x-status").and_then(|status| status.to_str().ok());
        let status = wanted.and_then(|status| status.parse().ok()).unwrap_or(200);
        states(status, &told(parts), [("cache-control", "public, max-age=60"), ("etag", "\"e\"")])
    })
}

fn of(status: u16) -> Ask {
    get("/a").with("x-status", status.to_string())
}

async fn is_shared(layer: CacheLayer, status: u16) -> bool {
    let origin = origin();
    let first = ask(&layer, &origin, &of(status)).await;
    assert_eq!((first.status.as_u16(), first.text), (status, of(status).told()));
    let next = ask(&layer, &origin, &get("/a")).await;
    assert_eq!(next.is_hit(), next.status.as_u16() == status);
    next.is_hit()
}

#[tokio::test(start_paused = true)]
async fn errors_that_may_come_of_the_request_are_not_stored() {
    for status in (400..=417).chain([421, 422, 424, 425, 426, 428, 429, 431, 451, 499]) {
        // RFC 9110, section 15.1, but for 451 (RFC 7725, section 3).
        let is_of_target = [404, 405, 410, 414, 451].contains(&status);
        assert_eq!(is_shared(layer(), status).await, is_of_target, "{status}");
    }
    for status in (500..=511).chain([520, 599]) {
        assert_eq!(is_shared(layer(), status).await, status == 501, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_rfcs_forbid_to_store_is_not_stored_with_either_profile() {
    // RFC 6585, sections 3 to 6, and RFC 9110, section 15.3.7.
    for status in [428, 429, 431, 511, 206, 412, 416] {
        assert!(!is_shared(layer().with_profile(Profile::Rfc), status).await, "{status}");
    }
    for status in [400, 403, 500, 503] {
        assert!(is_shared(layer().with_profile(Profile::Rfc), status).await, "{status}");
        assert!(is_shared(layer().storing_refusals(), status).await, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn redirects_are_shared_by_who_asks_the_same_and_by_nobody_else() {
    for status in [301, 302, 303, 307, 308] {
        assert!(is_shared(layer(), status).await, "{status}");
    }
    let origin = Origin::new(|parts| {
        let host = ["x-forwarded-host", "host"].iter().find_map(|name| parts.headers.get(*name));
        let to = format!("http://{}/b", host.unwrap().to_str().unwrap());
        states(301, "", [("cache-control", "max-age=60"), ("location", to.as_str())])
    });
    let layer = layer();
    let evil = [
        get("/a").with("x-forwarded-host", "evil.example"),
        Ask::new("GET", "/a").with("host", "evil.example"),
        Ask::new("GET", "/a").with("host", "example.com").with("host", "evil.example"),
        Ask::new("GET", "/a").with("host", "example.com:81"),
        Ask::new("GET", "http://evil.example/a").with("host", "example.com"),
        Ask::new("GET", "http://example.com/a").with("host", "evil.example"),
    ];
    for request in &evil {
        ask(&layer, &origin, request).await;
    }
    for _ in 0..2 {
        let got = ask(&layer, &origin, &get("/a")).await;
        assert_eq!(got.headers["location"], "http://example.com/b");
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_is_not_the_whole() {
    let origin = Origin::new(|parts| {
        let fields = [("cache-control", "public, max-age=60"), ("content-range", "bytes 0-0/4")];
        if parts.headers.contains_key("range") {
            states(206, "p", fields)
        } else {
            says("part", fields[..1].iter().copied())
        }
    });
    let layer = layer();
    let range = get("/a").with("range", "bytes=0-0");
    assert_eq!(ask(&layer, &origin, &range).await.text, "p");
    assert_eq!(ask(&layer, &origin, &range).await.text, "p");
    for _ in 0..2 {
        assert_eq!(ask(&layer, &origin, &get("/a")).await.text, "part");
    }
    let before = origin.times();
    let got = ask(&layer, &origin, &range).await;
    assert_eq!((got.status.as_u16(), got.text.as_str(), origin.times()), (206, "p", before));
}
