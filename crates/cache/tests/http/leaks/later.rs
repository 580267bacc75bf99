//! What happens while others ask, and after.

use tokio::time::sleep;

use super::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// These requests at once, to an origin that takes a second.
async fn at_once(layer: &CacheLayer, origin: &Origin, requests: &[Ask]) -> Vec<Got> {
    origin.take(seconds(1));
    let all = requests.iter().map(|request| {
        let (layer, origin, request) = (layer.clone(), origin.clone(), request.clone());
        tokio::spawn(async move { ask(&layer, &origin, &request).await })
    });
    let mut got = Vec::new();
    for one in all.collect::<Vec<_>>() {
        got.push(one.await.unwrap());
    }
    got
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_given_what_is_stored_for_all() {
    let (layer, origin) = (layer(), Origin::telling(STORABLE[0]));
    let all = vec![get("/a"); 8];
    let got = at_once(&layer, &origin, &all).await;
    assert!(got.iter().all(|got| got.text == get("/a").told()));
    assert_eq!(origin.times(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_never_given_what_is_for_another() {
    let told: [&[(&str, &str)]; 8] = [
        &[("cache-control", "private, max-age=60")],
        &[("cache-control", "no-store")],
        &[("cache-control", "max-age=60"), ("set-cookie", "a=b")],
        &[("cache-control", "max-age=60"), ("vary", "*")],
        &[("cache-control", "max-age=60"), ("vary", "x-user")],
        &[("cache-control", "no-cache"), ("etag", "\"e\"")],
        &[("cache-control", "max-age=0"), ("etag", "\"e\"")],
        &[],
    ];
    for fields in told {
        let (layer, origin) = (layer(), Origin::telling(fields));
        let users: Vec<_> =
            (0..8).map(|user| get("/a").with("x-user", (user % 4).to_string())).collect();
        for round in 0..3 {
            let got = at_once(&layer, &origin, &users).await;
            for (user, got) in users.iter().zip(got) {
                assert_eq!(got.text, user.told(), "{round} {fields:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn those_of_different_keys_do_not_wait_for_one_another() {
    let layer = parted(layer().with_key_headers([name("x-api-key")]));
    let origin = Origin::telling(STORABLE[0]);
    let users = [
        get("/a"),
        get("/a").with("x-user", "one"),
        get("/a").with("x-user", "two").with("cookie", "a"),
        get("/a").with("x-api-key", "one"),
        get("/a").with("x-user", "one").with("x-api-key", "one"),
        get("/a").with("cookie", "a"),
        get("/a").with("x-forwarded-host", "a"),
        get("/a").with_body("a"),
    ];
    for (user, got) in users.iter().zip(at_once(&layer, &origin, &users).await) {
        assert_eq!((got.text, got.handled.collapsed), (user.told(), false));
    }
    assert_eq!(origin.times(), users.len());
}

#[tokio::test(start_paused = true)]
async fn who_wants_nothing_stored_leaves_nothing_to_those_who_wait() {
    let (layer, origin) = (layer(), Origin::telling(STORABLE[0]));
    let shy = get("/a").with("cache-control", "no-store").with("x-user", "one");
    let got = at_once(&layer, &origin, &[shy.clone(), get("/a"), get("/a")]).await;
    assert_eq!(got[0].text, shy.told());
    for got in &got[1..] {
        assert_eq!(got.text, get("/a").told());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_fetched_in_the_background_is_for_those_alone_for_whom_it_was_stale() {
    let fields = [("cache-control", "max-age=1, stale-while-revalidate=60"), ("vary", "x-kind")];
    let layer = parted(layer().with_key_headers([name("x-api-key")]));
    let origin = Origin::telling(&fields);
    let users: Vec<_> = ["one", "two"]
        .into_iter()
        .flat_map(|user| {
            ["a", "b"].map(|key| get("/a").with("x-user", user).with("x-api-key", key))
        })
        .flat_map(|ask| ["a", "b"].map(|kind| ask.clone().with("x-kind", kind)))
        .map(|ask| ask.with("authorization", "secret").with("if-none-match", "\"a\""))
        .chain([get("/a")])
        .collect();
    for round in 0..4 {
        for user in &users {
            let got = ask(&layer, &origin, user).await;
            assert_eq!(got.text, user.told());
            assert_eq!(got.handled.answer == Answered::Stale, round > 0, "{user:?}");
        }
        sleep(seconds(2)).await;
    }
    assert_eq!(origin.times(), users.len() * 4);
}

#[tokio::test(start_paused = true)]
async fn what_came_in_the_background_and_is_private_is_given_to_nobody() {
    let private = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_private = Arc::clone(&private);
    let origin = Origin::new(move |parts| {
        let control = if is_private.load(Ordering::Relaxed) {
            "private"
        } else {
            "max-age=1, stale-while-revalidate=60"
        };
        says(&told(parts), [("cache-control", control)])
    });
    let layer = layer();
    ask(&layer, &origin, &get("/a")).await;
    private.store(true, Ordering::Relaxed);
    sleep(seconds(2)).await;
    let one = get("/a").with("x-user", "one");
    let got = ask(&layer, &origin, &one).await;
    assert_eq!(got.text, get("/a").told(), "what was for all while it was stored");
    for user in ["two", "three", "two"] {
        sleep(seconds(1)).await;
        let user = get("/a").with("x-user", user);
        assert_eq!(ask(&layer, &origin, &user).await.text, user.told());
    }
}

#[tokio::test(start_paused = true)]
async fn what_stands_for_an_error_is_what_was_for_the_one_who_asks() {
    let down = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_down = Arc::clone(&down);
    let origin = Origin::new(move |parts| {
        let fields = [("cache-control", "max-age=1, stale-if-error=60"), ("vary", "x-kind")];
        if is_down.load(Ordering::Relaxed) {
            states(503, "down", [])
        } else {
            says(&told(parts), fields)
        }
    });
    let layer = parted(layer());
    let (one, two) = (get("/a").with("x-user", "one"), get("/a").with("x-user", "two"));
    let kind = one.clone().with("x-kind", "a");
    ask(&layer, &origin, &one).await;
    ask(&layer, &origin, &get("/a")).await;
    down.store(true, Ordering::Relaxed);
    sleep(seconds(2)).await;
    for (user, text) in [
        (one.clone(), one.told()),
        (get("/a"), get("/a").told()),
        (two, "down".into()),
        (kind, "down".into()),
        (get("/a").with("cookie", "a"), "down".into()),
        (get("/a").with("x-forwarded-host", "a"), "down".into()),
    ] {
        assert_eq!(ask(&layer, &origin, &user).await.text, text, "{user:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_it_is_purged_is_given_to_nobody_after() {
    let uri = http::Uri::from_static("http://example.com/a");
    for vary in ["", "accept"] {
        let fields = [("cache-control", "max-age=60"), ("vary", vary)];
        let (layer, origin) = (layer(), Origin::telling(&fields));
        origin.take(seconds(2));
        let before = get("/a").with("x-user", "before");
        let (asking, asked, request) = (layer.clone(), origin.clone(), before.clone());
        let under_way = tokio::spawn(async move { ask(&asking, &asked, &request).await });
        sleep(seconds(1)).await;
        layer.responses().purge(&uri).await.unwrap();
        origin.take(Duration::ZERO);
        let after = get("/a").with("x-user", "after");
        assert_eq!(ask(&layer, &origin, &after).await.text, after.told());
        assert_eq!(under_way.await.unwrap().text, before.told());
        let got = ask(&layer, &origin, &get("/a")).await;
        assert_eq!((got.is_hit(), got.text), (true, after.told()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_changes_answer_comes_after_what_was_stored_is_gone() {
    let (layer, origin) = (layer(), Origin::telling(STORABLE[0]));
    origin.take(seconds(2));
    let (asking, asked) = (layer.clone(), origin.clone());
    let old = get("/a").with("x-user", "old");
    let request = old.clone();
    let under_way = tokio::spawn(async move { ask(&asking, &asked, &request).await });
    sleep(seconds(1)).await;
    origin.take(Duration::ZERO);
    ask(&layer, &origin, &Ask { method: "PUT".into(), ..get("/a") }).await;
    under_way.await.unwrap();
    assert_eq!(ask(&layer, &origin, &get("/a")).await.text, get("/a").told());
}

#[tokio::test(start_paused = true)]
async fn requests_that_bring_nothing_keep_others_from_no_hit_for_long() {
    let shy = [
        get("/a").with("cache-control", "no-store"),
        get("/a").with("if-none-match", "\"e\""),
        get("/a").with("range", "bytes=0-0"),
    ];
    let (layer, origin) = (layer(), Origin::telling(STORABLE[0]));
    for request in &shy {
        ask(&layer, &origin, request).await;
    }
    ask(&layer, &origin, &get("/a")).await;
    ask(&layer, &origin, &get("/a")).await;
    for request in &shy {
        ask(&layer, &origin, request).await;
    }
    assert!(ask(&layer, &origin, &get("/a")).await.is_hit());
}

#[tokio::test(start_paused = true)]
async fn a_field_for_one_reaches_that_one_when_it_comes_and_nobody_after() {
    let origin = Origin::new(|parts| {
        let user = parts.headers["x-user"].to_str().unwrap();
        let control = ("cache-control", "max-age=1, private=\"x-who\"");
        let fields = [control, ("etag", "\"e\""), ("x-who", user)];
        if parts.headers.contains_key("if-none-match") {
            states(304, "", fields)
        } else {
            says(&told(parts), fields)
        }
    });
    let layer = layer();
    let user = |user: &str| get("/a").with("x-user", user);
    for round in ["first", "second"] {
        // The one is told by a 200, and by a 304 once that is stale.
        let got = ask(&layer, &origin, &user(round)).await;
        assert_eq!(got.headers["x-who"], round);
        let other = ask(&layer, &origin, &user("other")).await;
        assert_eq!((other.is_hit(), other.headers.get("x-who")), (true, None));
        sleep(seconds(2)).await;
    }
}
