//! What is asked for: host, path and query in all spellings.

use http::uri::Scheme;

use super::*;

fn of(host: &str) -> Ask {
    Ask::new("GET", "/a").with("host", host)
}

#[tokio::test(start_paused = true)]
async fn equal_spellings_of_a_host_are_one() {
    let https = || layer().with_scheme(Scheme::HTTPS);
    for (one, other) in [
        ("example.com", "EXAMPLE.com"),
        ("example.com", "example.com:80"),
        ("example.com", "Example.Com:"),
        ("[::1]", "[::1]:80"),
        ("[::A]", "[::a]:"),
        ("example.com:8080", "EXAMPLE.COM:8080"),
    ] {
        together(layer, &[], &of(one), &of(other)).await;
    }
    together(https, &[], &of("example.com"), &of("example.com:443")).await;
    let absolute = Ask::new("GET", "http://Example.com:80/a");
    together(layer, &[], &absolute, &of("example.com")).await;
    together(layer, &[], &absolute.clone().with("host", "example.com"), &of("example.com")).await;
}

#[tokio::test(start_paused = true)]
async fn hosts_that_differ_are_apart() {
    let hosts = [
        "example.com",
        "example.com.",
        "example.com:8080",
        "example.com:8081",
        "example.com:443",
        "example.com:080",
        "www.example.com",
        "example.co",
        "[::1]",
        "[::80]",
        "[::1:80]",
        "[0:0:0:0:0:0:0:1]",
        "[::1]:81",
        "127.0.0.1",
        "127.1",
    ];
    for (at, one) in hosts.iter().enumerate() {
        for other in &hosts[at + 1..] {
            apart(layer, &[], &of(one), &of(other)).await;
        }
        apart(layer, &[], &of(one), &Ask::new("GET", "/a")).await;
    }
    let https = || layer().with_scheme(Scheme::HTTPS);
    apart(https, &[], &of("example.com"), &of("example.com:80")).await;
    let other = Ask::new("GET", "ftp://example.com:80/a");
    apart(layer, &[], &other, &Ask::new("GET", "ftp://example.com/a")).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_host_or_not_one_goes_by_the_cache() {
    let requests = [
        of(""),
        of(":"),
        of(":80"),
        of("a:b"),
        of("a:80:80"),
        of("a::80"),
        of("a::"),
        of("::1"),
        of("[::1"),
        of("[::1]a"),
        of("[::1]:80:80"),
        of("[]:x"),
        of("a b"),
        of("a/b"),
        of("a?b"),
        of("a#b"),
        of("a\\b"),
        of("user@example.com"),
        of("ex%61mple.com"),
        of("example.com, example.org"),
        of("\"a\""),
        of("a\tb"),
        Ask::new("GET", "/a").with("host", b"ex\xe4mple.com"),
        of("example.com").with("host", "example.org"),
        of("example.com").with("host", "example.com"),
        Ask::new("GET", "http://example.com/a").with("host", "example.org"),
        Ask::new("GET", "http://example.com/a").with("host", "example.com:81"),
        Ask::new("GET", "https://example.com/a").with("host", "example.com:80"),
        Ask::new("GET", "http://user:pass@example.com/a"),
        Ask::new("GET", "http://user@example.com/a").with("host", "example.com"),
    ];
    by(layer, Bypass::Host, &requests).await;
    for request in &requests {
        apart(layer, &[], request, &of("example.com")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_names_no_host_is_apart_from_who_does() {
    let none = Ask::new("GET", "/a");
    together(layer, &[], &none, &none).await;
    apart(layer, &[], &none, &of("0")).await;
    apart(layer, &[], &none, &of("-")).await;
}

#[tokio::test(start_paused = true)]
async fn schemes_are_apart() {
    let http = Ask::new("GET", "http://example.com/a");
    let https = Ask::new("GET", "https://example.com/a");
    apart(layer, &[], &http, &https).await;
    apart(layer, &[], &of("example.com"), &https).await;
    together(|| layer().with_scheme(Scheme::HTTPS), &[], &of("example.com"), &https).await;
}

#[tokio::test(start_paused = true)]
async fn targets_that_differ_in_a_byte_are_apart() {
    let targets = [
        "/",
        "/a",
        "/A",
        "/a/",
        "/a//",
        "//a",
        "/a.",
        "/a..",
        "/a/.",
        "/a/..",
        "/a/./",
        "/a/../a",
        "/../a",
        "/a%2f",
        "/a%2F",
        "/a%2e",
        "/%61",
        "/a%00",
        "/a%00b",
        "/a%20",
        "/a+",
        "/a;",
        "/a;b",
        "/a;b=c",
        "/a%3b",
        "/a?",
        "/a?b",
        "/a?b&",
        "/a?b=",
        "/a?b=c",
        "/a?B=c",
        "/a?b=c&b=c",
        "/a?b=c&d=e",
        "/a?d=e&b=c",
        "/a?b=c;d=e",
        "/a?b=c%26d=e",
        "/a?b=%63",
        "/a%3fb=c",
        "/a??b=c",
        "/a?b=c?",
        "/a?b=1&b=2",
        "/a?b=2&b=1",
        "/a:",
        "/a%3a",
        "/a{}",
        "/a%7b%7d",
        "/a=",
        "/1=a",
        "/a/x.css",
        "/a;x.css",
        "/a%00.css",
        "/a%0a.css",
        "/a%23.css",
        "/a%3f.css",
        "/*",
        "/a\\b",
        "/a%5cb",
        "/a%",
        "/a%%",
        "/a%2",
        "/a%252f",
        "/\u{e4}",
        "/%c3%a4",
    ];
    let origin = Origin::telling(STORABLE[0]);
    let layer = layer();
    for (at, target) in targets.iter().enumerate() {
        let got = ask(&layer, &origin, &get(target)).await;
        assert_eq!((got.text, origin.times()), (get(target).told(), at + 1));
    }
    for target in targets {
        let got = ask(&layer, &origin, &get(target)).await;
        assert_eq!((got.is_hit(), got.text), (true, get(target).told()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_suffix_of_something_static_means_nothing() {
    let user = |user: &str| get("/account/x.css").with("x-user", user);
    for fields in [
        &[("cache-control", "private, max-age=60")][..],
        &[("cache-control", "no-store")],
        &[("cache-control", "max-age=60"), ("set-cookie", "a=b")],
        &[("last-modified", "Tue, 01 Jan 2019 00:00:00 GMT")],
        &[("etag", "\"e\"")],
        &[("cache-control", "max-age=0"), ("etag", "\"e\"")],
        &[("expires", "0"), ("etag", "\"e\"")],
        &[("content-type", "text/css")],
    ] {
        let (layer, origin) = (layer(), Origin::telling(fields));
        for who in ["one", "other", "one"] {
            for control in ["max-age=60", "max-stale", "max-stale=9999", "stale-if-error=9999"] {
                let request = user(who).with("cache-control", control);
                let got = ask(&layer, &origin, &request).await;
                assert_eq!(got.text, request.told(), "{fields:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_says_no_lifetime_stands_for_no_error() {
    let origin = Origin::new(|parts| {
        if parts.headers.get("x-user").is_some_and(|user| user == "one") {
            says("of one", [("etag", "\"e\"")])
        } else {
            states(503, "error", [])
        }
    });
    let layer = layer().with_stale_if_error(Duration::from_secs(60));
    ask(&layer, &origin, &get("/a").with("x-user", "one")).await;
    let other = get("/a").with("x-user", "other");
    for request in [other.clone(), other.with("cache-control", "stale-if-error=60")] {
        assert_eq!(ask(&layer, &origin, &request).await.text, "error");
    }
}
