//! Whom a response is shared with, where something tells.

use bartizan_cache::Mark;
use http::Uri;

use super::*;
use crate::support::caches;

fn of(user: &str) -> Ask {
    get("/a").with("x-user", user)
}

fn layer_of() -> CacheLayer {
    parted(layer())
}

#[tokio::test(start_paused = true)]
async fn partitions_share_within_and_not_without() {
    together(layer_of, &[], &of("one"), &of("one")).await;
    together(layer_of, &[], &get("/a"), &get("/a")).await;
    for other in ["two", "ONE", "", "one "] {
        apart(layer_of, &[], &of("one"), &of(other)).await;
        apart(layer_of, &[("vary", "accept")], &of("one"), &of(other)).await;
    }
    apart(layer_of, &[], &of("one"), &get("/a")).await;
    apart(layer_of, &[], &of(""), &get("/a")).await;
    by(layer_of, Bypass::Partition, &[of("nobody")]).await;
    apart(layer_of, &[], &of("nobody"), &get("/a")).await;
    apart(layer_of, &[], &of("nobody"), &of("one")).await;
}

#[tokio::test(start_paused = true)]
async fn credentials_are_shared_within_a_partition_alone() {
    let (cookie, token) = (("cookie", "a"), ("authorization", "a"));
    for (name, value) in [cookie, token, ("proxy-authorization", "a")] {
        let user = |user: &str| of(user).with(name, value);
        together(layer_of, &[], &user("one"), &of("one").with(name, "b")).await;
        apart(layer_of, &[], &user("one"), &user("two")).await;
        apart(layer_of, &[], &user("one"), &get("/a")).await;
        by(layer_of, Bypass::Credentials, &[get("/a").with(name, value)]).await;
        by(layer_of, Bypass::Partition, &[user("nobody")]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn authorization_needs_no_permission_within_a_partition_and_private_stays_so() {
    for (control, is_shared) in
        [("max-age=60", true), ("private, max-age=60", false), ("no-store, max-age=60", false)]
    {
        let (layer, origin) = (layer_of(), Origin::telling(&[("cache-control", control)]));
        let user = of("one").with("authorization", "a");
        ask(&layer, &origin, &user).await;
        assert_eq!(ask(&layer, &origin, &user).await.is_hit(), is_shared, "{control}");
        assert_eq!(ask(&layer, &origin, &of("two")).await.text, of("two").told());
    }
    let cookie = [("cache-control", "max-age=60"), ("set-cookie", "a=b")];
    let (layer, origin) = (layer_of(), Origin::telling(&cookie));
    ask(&layer, &origin, &of("one")).await;
    assert!(!ask(&layer, &origin, &of("one")).await.is_hit());
}

#[tokio::test(start_paused = true)]
async fn a_partition_is_no_way_around_what_goes_by_the_cache() {
    by(layer_of, Bypass::Forwarding, &[of("one").with("x-forwarded-host", "a")]).await;
    by(layer_of, Bypass::Body, &[of("one").with_body("a")]).await;
    by(layer_of, Bypass::Host, &[of("one").with("host", "a")]).await;
    by(layer_of, Bypass::Conditions, &[of("one").with("if-match", "\"a\"")]).await;
}

#[tokio::test(start_paused = true)]
async fn a_purge_and_a_change_reach_every_partition() {
    let uri = Uri::from_static("http://EXAMPLE.com:80/a");
    let users = [of("one"), of("two"), get("/a"), of("one").with("accept", "b")];
    for way in 0..3 {
        let fields = [STORABLE[0], &[("vary", "accept")]].concat();
        let (layer, origin) = (layer_of(), Origin::telling(&fields));
        for user in &users {
            ask(&layer, &origin, user).await;
            assert!(ask(&layer, &origin, user).await.is_hit());
        }
        let apart = get("/b").with("x-user", "one");
        ask(&layer, &origin, &apart).await;
        match way {
            0 => drop(layer.responses().purge(&uri).await.unwrap()),
            1 => drop(ask(&layer, &origin, &Ask { method: "POST".into(), ..get("/a") }).await),
            _ => drop(ask(&layer, &origin, &Ask { method: "PUT".into(), ..of("three") }).await),
        }
        for user in &users {
            assert!(!ask(&layer, &origin, user).await.is_hit(), "{way} {user:?}");
        }
        assert!(ask(&layer, &origin, &apart).await.is_hit(), "nothing else is lost");
    }
    assert_ne!(Mark::Remove, Mark::Expire);
}

#[tokio::test(start_paused = true)]
async fn what_is_made_stale_is_validated_in_every_partition() {
    let (layer, origin) = (layer_of(), Origin::telling(STORABLE[0]));
    for user in [of("one"), of("two")] {
        ask(&layer, &origin, &user).await;
    }
    layer.responses().expire(&Uri::from_static("http://example.com/a")).await.unwrap();
    for user in [of("one"), of("two")] {
        let got = ask(&layer, &origin, &user).await;
        assert_eq!((got.is_hit(), got.text), (false, user.told()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_before_a_layer_that_knows_of_no_partitions_reaches_them_too() {
    let responses = caches().responses("http").build().unwrap();
    let (plain, parted) = (CacheLayer::new(responses.clone()), parted(CacheLayer::new(responses)));
    let origin = Origin::telling(STORABLE[0]);
    ask(&parted, &origin, &of("one")).await;
    assert_eq!(ask(&plain, &origin, &get("/a")).await.text, get("/a").told());
    ask(&plain, &origin, &Ask { method: "POST".into(), ..get("/a") }).await;
    assert!(!ask(&parted, &origin, &of("one")).await.is_hit());
}

#[tokio::test(start_paused = true)]
async fn a_validator_of_one_partition_tells_nothing_of_it_in_another() {
    let fields = [("cache-control", "max-age=60"), ("etag", "\"one\"")];
    let (layer, origin) = (layer_of(), Origin::telling(&fields));
    ask(&layer, &origin, &of("one")).await;
    for tag in ["\"one\"", "*"] {
        let own = of("one").with("if-none-match", tag);
        let got = ask(&layer, &origin, &own).await;
        assert_eq!(got.status, 304, "{got:?}");
        for other in [of("two"), get("/a")] {
            let got = ask(&layer, &origin, &other.clone().with("if-none-match", tag)).await;
            assert_eq!((got.status.as_u16(), got.text), (200, other.told()));
            layer.responses().purge(&Uri::from_static("http://example.com/a")).await.unwrap();
            ask(&layer, &origin, &of("one")).await;
        }
    }
    let since = of("two").with("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT");
    assert_eq!(ask(&layer, &origin, &since).await.text, of("two").told());
    let part = of("three").with("range", "bytes=0-3").with("if-range", "\"one\"");
    assert_eq!(ask(&layer, &origin, &part).await.text, part.told());
    let wanted = of("four").with("cache-control", "only-if-cached");
    assert_eq!(ask(&layer, &origin, &wanted).await.status, 504);
}
