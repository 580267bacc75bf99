//! What one instance takes back, no other serves.

use bartizan_cache::test_util::{Fault, Operation, Scope};
use bartizan_cache::{Answered, Partition, Reach};
use tokio::time::sleep;

use super::http::{answer, status};
use super::*;
use crate::support::settle;

const TAGGED: [(&str, &str); 2] = [("cache-control", "max-age=3600"), ("cache-tag", "t1, t2")];
const WINDOWS: [(&str, &str); 2] = [
    ("cache-control", "max-age=3600, stale-while-revalidate=60, stale-if-error=600"),
    ("cache-tag", "t1"),
];

/// How what is stored is taken back.
#[derive(Clone, Copy, Debug)]
enum How {
    Uri,
    Tag,
    All,
    Unsafe,
}

const EVERY: [How; 4] = [How::Uri, How::Tag, How::All, How::Unsafe];

impl How {
    async fn remove(self, gateway: &Gateway) {
        match self {
            Self::Uri => {
                assert_eq!(gateway.responses.purge(&uri("/a")).await, Ok(Reach::Shared));
            }
            Self::Tag => assert_eq!(gateway.responses.purge_tag("t1").await, Reach::Shared),
            Self::All => assert_eq!(gateway.responses.clear().await, Reach::Shared),
            Self::Unsafe => drop(gateway.send("POST", "/a").await),
        }
    }
}

/// A layer that tells responses apart by a user.
fn parted(layer: CacheLayer) -> CacheLayer {
    layer.with_partition(|head| match head.headers().get("x-user") {
        Some(user) => Partition::Of(user.to_str().unwrap().into()),
        None => Partition::Shared,
    })
}

#[tokio::test(start_paused = true)]
async fn what_one_has_removed_none_serves() {
    let varies = [TAGGED[0], TAGGED[1], ("vary", "x-kind")];
    for fields in [&TAGGED[..], &varies] {
        for how in EVERY {
            let (world, one, two) = pair(fields).await;
            for kind in ["a", "b"] {
                one.get("/a", &[("x-kind", kind)]).await;
                one.get("/other", &[("x-kind", kind)]).await;
                settle().await;
                assert_eq!(two.told("/a", &[("x-kind", kind)]).await, fresh("one"));
            }
            how.remove(&two).await;
            settle().await;
            let three = late(&world, "three", fields).await;
            for (gateway, text) in [(&one, "one"), (&two, "two"), (&three, "three")] {
                let told = gateway.told("/a", &[("x-kind", "b")]).await;
                assert_eq!(told, inner(text), "{how:?}");
                // That what the next one asks for is not what this one has fetched.
                gateway.responses.purge(&uri("/a")).await.unwrap();
                settle().await;
            }
            let others_stay = matches!(how, How::Uri | How::Unsafe);
            let asked = three.asked();
            three.get("/other", &[("x-kind", "a")]).await;
            assert_eq!(three.asked() == asked, others_stay, "{how:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_uri_is_removed_in_every_partition() {
    let world = World::new();
    let fields = [("cache-control", "max-age=3600"), ("vary", "x-kind")];
    let mut gateways = Vec::new();
    for text in ["one", "two"] {
        let origin = Origin::new([answer(text, &fields)]);
        gateways.push(Gateway::with(&world, &origin, |builder| builder, parted).await);
    }
    let users = [&[("x-user", "1"), ("x-kind", "a")][..], &[("x-user", "2")], &[]];
    for user in users {
        assert_eq!(gateways[0].told("/a", user).await, inner("one"));
        settle().await;
        assert_eq!(gateways[1].told("/a", user).await, fresh("one"));
    }
    gateways[0].responses.purge(&uri("/a")).await.unwrap();
    settle().await;
    for user in users {
        assert_eq!(gateways[1].told("/a", user).await, inner("two"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_has_made_stale_is_stale_for_the_other_within_its_windows() {
    for tag in [false, true] {
        let one = answer("one", &WINDOWS);
        let (_world, one, two) = pair_of(one, status(503, "", &[])).await;
        one.get("/a", &[]).await;
        settle().await;
        assert_eq!(two.told("/a", &[]).await, fresh("one"));
        // Long after its window would be over, were it counted from its beginning.
        sleep(1_000 * SECOND).await;
        if tag {
            assert_eq!(one.responses.expire_tag("t1").await, Reach::Shared);
        } else {
            assert_eq!(one.responses.expire(&uri("/a")).await, Ok(Reach::Shared));
        }
        sleep(59 * SECOND).await;
        assert_eq!(two.told("/a", &[]).await, stale("one"), "tag {tag}");
        settle().await;
        sleep(SECOND).await;
        let told = two.told("/a", &[]).await;
        assert_eq!(told, ("one".to_owned(), Answered::StaleForError), "tag {tag}");
        sleep(539 * SECOND).await;
        let told = two.told("/a", &[]).await;
        assert_eq!(told, ("one".to_owned(), Answered::StaleForError), "tag {tag}");
        sleep(SECOND).await;
        assert_eq!(two.get("/a", &[]).await.status, 503, "tag {tag}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_has_made_stale_an_instance_that_starts_later_does_not_take_for_fresh() {
    for tag in [false, true] {
        let (world, one, _two) = pair(&WINDOWS).await;
        one.get("/a", &[]).await;
        settle().await;
        sleep(20 * SECOND).await;
        if tag {
            one.responses.expire_tag("t1").await;
        } else {
            one.responses.expire(&uri("/a")).await.unwrap();
        }
        sleep(30 * SECOND).await;
        // Of a tag it does not know when, so it counts from the beginning: 50 seconds.
        let three = Gateway::new(&world, &Origin::new([status(503, "", &[])])).await;
        assert_eq!(three.told("/a", &[]).await, stale("one"), "tag {tag}");
        sleep(10 * SECOND).await;
        let in_place = ("one".to_owned(), Answered::StaleForError);
        let expected = if tag { in_place } else { stale("one") };
        assert_eq!(three.told("/a", &[]).await, expected, "tag {tag}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_has_made_stale_is_validated_by_the_other() {
    for tag in [false, true] {
        let fields = [TAGGED[0], TAGGED[1], ("etag", "\"1\"")];
        let (_world, one, two) = pair_of(answer("one", &fields), status(304, "", &fields)).await;
        one.get("/a", &[]).await;
        settle().await;
        two.get("/a", &[]).await;
        if tag {
            one.responses.expire_tag("t2").await;
        } else {
            one.responses.expire(&uri("/a")).await.unwrap();
        }
        settle().await;
        assert_eq!(two.told("/a", &[]).await, ("one".to_owned(), Answered::Validated));
        settle().await;
        assert_eq!(one.told("/a", &[]).await, fresh("one"));
        assert_eq!((one.asked(), two.asked()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_began_before_a_purge_of_the_other_is_not_stored() {
    let varies = [TAGGED[0], TAGGED[1], ("vary", "x-kind")];
    for fields in [&TAGGED[..], &varies] {
        for how in EVERY {
            for late in [false, true] {
                let (_world, one, two) = pair(fields).await;
                if late {
                    one.instance.control.inject(Fault::late_message(SECOND));
                }
                // The header section has come, and the body has not been read.
                let mut service = one.service.clone();
                let asking = tower_service::Service::call(&mut service, get("/a", &[]));
                let response = asking.await.unwrap();
                settle().await;
                how.remove(&two).await;
                if !late {
                    settle().await;
                }
                let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
                assert_eq!(body.to_bytes(), "one");
                sleep(2 * SECOND).await;
                one.origin.says(answer("later", &[("cache-control", "no-store")]));
                assert_eq!(two.told("/a", &[]).await, inner("two"), "{how:?} {late}");
                two.responses.clear().await;
                sleep(2 * SECOND).await;
                assert_eq!(one.told("/a", &[]).await, inner("later"), "{how:?} {late}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_response_is_not_served_that_the_store_says_was_removed() {
    let (_world, one, two) = pair(&WINDOWS).await;
    one.get("/a", &[]).await;
    settle().await;
    two.get("/a", &[]).await;
    one.responses.expire(&uri("/a")).await.unwrap();
    settle().await;
    // It is never told.
    two.instance.control.inject(Fault::lost_message());
    one.responses.purge(&uri("/a")).await.unwrap();
    settle().await;
    assert_eq!(two.told("/a", &[]).await, inner("two"));
}

#[tokio::test(start_paused = true)]
async fn what_is_removed_while_the_store_is_read_is_not_served() {
    let (_world, one, two) = pair(&WINDOWS).await;
    one.get("/a", &[]).await;
    settle().await;
    two.get("/a", &[]).await;
    one.responses.expire(&uri("/a")).await.unwrap();
    settle().await;
    for how in [How::Uri, How::Tag, How::All] {
        let reading = Fault::slow(SECOND / 4).on(Scope::Only(Operation::Read));
        two.instance.control.inject(reading);
        let (told, ()) = tokio::join!(two.told("/a", &[]), how.remove(&two));
        assert_eq!(told, inner("two"), "{how:?}");
        two.instance.control.heal();
        settle().await;
        two.responses.expire(&uri("/a")).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_kept_after_validation_goes_from_the_other_as_well() {
    let (_world, one, two) =
        pair(&[("cache-control", "max-age=10, stale-while-revalidate=60"), ("etag", "\"1\"")])
            .await;
    one.get("/a", &[]).await;
    settle().await;
    two.get("/a", &[]).await;
    sleep(80 * SECOND).await;
    one.origin.says(status(304, "", &[("cache-control", "no-store"), ("etag", "\"1\"")]));
    assert_eq!(one.told("/a", &[]).await, ("one".to_owned(), Answered::Validated));
    settle().await;
    assert_eq!(two.told("/a", &[]).await, inner("two"));
    assert!(!two.origin.last_request().contains_key("if-none-match"));
}
