//! What says who is asking.

use bartizan_cache::Profile;
use http::header::{AUTHORIZATION, COOKIE};

use super::*;

const KEY: &str = "x-api-key";

#[tokio::test(start_paused = true)]
async fn what_anyone_is_told_is_shared_by_those_who_are_nobody() {
    together(layer, &[], &get("/a"), &get("/a")).await;
    together(layer, &[], &get("/a").with("user-agent", "a"), &get("/a")).await;
}

#[tokio::test(start_paused = true)]
async fn credentials_go_by_the_cache_whatever_they_are_and_however_many_lines_they_have() {
    let users = [
        get("/a").with("authorization", "Bearer a"),
        get("/a").with("authorization", "Bearer b"),
        get("/a").with("proxy-authorization", "Basic a"),
        get("/a").with("cookie", "session=a"),
        get("/a").with("Cookie", "session=b"),
        get("/a").with("cookie", ""),
        get("/a").with("cookie", "session=a").with("cookie", "session=b"),
        get("/a").with("cookie", b"session=\xff\x80"),
        Ask { method: "HEAD".into(), ..get("/a").with("cookie", "session=a") },
        get("/a").with("cookie", "session=a").with("x-forwarded-host", "evil.example"),
    ];
    for (at, user) in users.iter().enumerate() {
        apart(layer, &[], user, &get("/a")).await;
        apart(layer, &[("vary", "accept")], user, &get("/a")).await;
        for other in &users[at + 1..] {
            apart(layer, &[], user, other).await;
        }
    }
    by(layer, Bypass::Credentials, &users[..9]).await;
}

#[tokio::test(start_paused = true)]
async fn who_sends_a_credential_is_not_given_what_nobody_was_told() {
    let (layer, origin) = (layer(), Origin::telling(STORABLE[0]));
    ask(&layer, &origin, &get("/a")).await;
    let user = get("/a").with("cookie", "a=b");
    assert_eq!(ask(&layer, &origin, &user).await.text, user.told());
    assert!(ask(&layer, &origin, &get("/a")).await.is_hit(), "and does not drive it out");
}

#[tokio::test(start_paused = true)]
async fn api_keys_are_kept_apart_by_any_of_the_three_ways_to_say_so() {
    let keyed = || layer().with_key_headers([name(KEY)]);
    let credential = || layer().with_credential_headers([name(KEY), AUTHORIZATION, COOKIE]);
    let one = get("/a").with(KEY, "one");
    let others = [
        get("/a"),
        get("/a").with(KEY, ""),
        get("/a").with(KEY, "ONE"),
        get("/a").with(KEY, "one,"),
        get("/a").with(KEY, "one").with(KEY, "one"),
        get("/a").with(KEY, "one").with(KEY, ""),
        get("/a").with(KEY, "on"),
        get("/a").with(KEY, b"one\x80"),
    ];
    for other in &others {
        apart(keyed, &[], &one, other).await;
        apart(credential, &[], &one, other).await;
        apart(layer, &[("vary", "X-API-Key")], &one, other).await;
    }
    together(keyed, &[], &one, &one).await;
    together(layer, &[("vary", "x-api-key")], &one, &one).await;
    by(credential, Bypass::Credentials, &[one]).await;
}

#[tokio::test(start_paused = true)]
async fn a_credential_in_the_key_is_a_credential_still() {
    let keyed = || layer().with_key_headers([COOKIE]);
    by(keyed, Bypass::Credentials, &[get("/a").with("cookie", "a")]).await;
}

#[tokio::test(start_paused = true)]
async fn where_credentials_mean_nothing_authorization_means_what_the_rfc_says() {
    // RFC 9111, section 3.5.
    let open = || layer().with_credential_headers([]);
    let one = get("/a").with("authorization", "one");
    for (control, shared) in [
        ("max-age=60", false),
        ("max-age=60, proxy-revalidate", false),
        ("public, max-age=60", true),
        ("s-maxage=60", true),
        ("max-age=60, must-revalidate", true),
        ("private, s-maxage=60", false),
        ("public=\"a\", max-age=60", false),
    ] {
        let (layer, origin) = (open(), Origin::telling(&[("cache-control", control)]));
        ask(&layer, &origin, &one).await;
        let got = ask(&layer, &origin, &get("/a")).await;
        assert_eq!((got.is_hit(), origin.times() == 1), (shared, shared), "{control}");
    }
}

#[tokio::test(start_paused = true)]
async fn cookies_are_not_given_to_others() {
    let set = |more: &'static str| [("cache-control", more), ("set-cookie", "id=1; HttpOnly")];
    for control in ["public, max-age=60", "s-maxage=60", "max-age=60", "no-cache=\"x\", max-age=60"]
    {
        let (layer, origin) = (layer(), Origin::telling(&set(control)));
        for times in 1..4 {
            let got = ask(&layer, &origin, &get("/a")).await;
            assert_eq!(got.headers["set-cookie"], "id=1; HttpOnly");
            assert_eq!(origin.times(), times);
        }
    }
    for control in [
        "max-age=60, no-cache=\"set-cookie\"",
        "max-age=60, private=\"Set-Cookie\"",
        "public, max-age=60, no-cache=\"a, SET-COOKIE\"",
    ] {
        let (layer, origin) = (layer(), Origin::telling(&set(control)));
        let first = ask(&layer, &origin, &get("/a")).await;
        assert!(first.headers.contains_key("set-cookie"), "it is for the one who asked");
        let second = ask(&layer, &origin, &get("/a")).await;
        assert!(second.is_hit() && !second.headers.contains_key("set-cookie"), "{control}");
    }
}

#[tokio::test(start_paused = true)]
async fn cookies_in_trailers_are_not_given_to_others_either() {
    let with = |name: &'static str| {
        Origin::new(move |_| {
            let mut trailers = HeaderMap::new();
            trailers.insert(name, "a".parse().unwrap());
            let control = "public, max-age=60, no-cache=\"x-own\"";
            trails("text", &[("cache-control", control)], trailers)
        })
    };
    let (layer, origin) = (layer(), with("set-cookie"));
    for times in 1..4 {
        let got = ask(&layer, &origin, &get("/cookie")).await;
        assert_eq!(got.trailers["set-cookie"], "a");
        assert_eq!(origin.times(), times);
    }
    for (field, is_kept) in
        [("x-sum", true), ("x-own", false), ("proxy-authenticate", false), ("keep-alive", false)]
    {
        let (path, origin) = (format!("/{field}"), with(field));
        assert!(ask(&layer, &origin, &get(&path)).await.trailers.contains_key(field));
        let got = ask(&layer, &origin, &get(&path)).await;
        assert!(got.is_hit());
        assert_eq!(got.trailers.contains_key(field), is_kept, "{field}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cookie_that_comes_with_a_304_is_for_the_one_who_asked() {
    let origin = Origin::new(|parts| {
        let status = if parts.headers.contains_key("if-none-match") { 304 } else { 200 };
        let cookie = if status == 304 { "set-cookie" } else { "x-none" };
        let fields = [("cache-control", "max-age=1"), ("etag", "\"e\""), (cookie, "id=2")];
        states(status, "text", fields)
    });
    let layer = layer();
    ask(&layer, &origin, &get("/a")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let second = ask(&layer, &origin, &get("/a")).await;
    assert_eq!((second.status.as_u16(), second.headers.contains_key("set-cookie")), (200, true));
    let third = ask(&layer, &origin, &get("/a")).await;
    assert_eq!((third.headers.contains_key("set-cookie"), origin.times()), (false, 3));
}

#[tokio::test(start_paused = true)]
async fn fields_of_the_connection_are_not_given_to_others() {
    let fields = [
        ("cache-control", "max-age=60"),
        ("connection", "x-own, Close"),
        ("connection", "X-More"),
        ("x-own", "a"),
        ("x-more", "a"),
        ("keep-alive", "timeout=1"),
        ("proxy-authenticate", "Basic"),
        ("proxy-authentication-info", "a"),
        ("proxy-connection", "close"),
        ("te", "a"),
        ("upgrade", "h2c"),
        ("x-all", "a"),
    ];
    let (layer, origin) = (layer(), Origin::telling(&fields));
    ask(&layer, &origin, &get("/a")).await;
    let got = ask(&layer, &origin, &get("/a")).await;
    assert!(got.is_hit());
    let of_connection = fields[1..11].iter().map(|(name, _)| *name);
    let left: Vec<_> = of_connection.filter(|name| got.headers.contains_key(*name)).collect();
    assert_eq!((left, got.headers.contains_key("x-all")), (vec![], true));
}

#[tokio::test(start_paused = true)]
async fn the_first_users_extensions_stay_its_own() {
    let origin = Origin::new(|_| {
        let mut response = says("text", STORABLE[0].iter().copied());
        response.extensions_mut().insert("mine");
        response
    });
    let layer = layer();
    for expected in [Some(&"mine"), None] {
        let service = layer.layer(origin.clone());
        let response = service.oneshot(get("/a").request()).await.unwrap();
        assert_eq!(response.extensions().get::<&str>(), expected);
        response.into_body().collect().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_by_one_is_no_answer_for_others_where_answers_to_changes_are_stored() {
    let fields = [("cache-control", "public, max-age=60"), ("content-location", "/a")];
    let post = Ask::new("POST", "/a").with("host", "example.com");
    let rfc = || layer().with_profile(Profile::Rfc);
    let (open, origin) = (rfc(), Origin::telling(&fields));
    ask(&open, &origin, &post).await;
    assert!(ask(&open, &origin, &get("/a")).await.is_hit(), "what the RFC permits");
    for layer in [
        parted(rfc()),
        rfc().with_key_headers([name("x-user")]),
        rfc().with_credential_headers([name("x-user")]),
        rfc().with_forwarding_headers([name("x-user")]),
    ] {
        for user in ["nobody", "one"] {
            let origin = Origin::telling(&fields);
            ask(&layer, &origin, &post.clone().with("x-user", user)).await;
            assert_eq!(ask(&layer, &origin, &get("/a")).await.text, get("/a").told());
            layer.responses().clear().await;
        }
    }
}
