//! What is stored, and what the inner service says of it when it is validated.

use std::time::Duration;

use bartizan_cache::{Answered, Profile};
use tokio::time::sleep;

use super::driven::*;
use super::support::{Origin, answer, before, get, layer, send, status};

const SECOND: Duration = Duration::from_secs(1);
const TAG: (&str, &str) = ("etag", "\"1\"");

fn path() -> Asking {
    get("/a", &[])
}

#[tokio::test(start_paused = true)]
async fn a_304_renews_what_is_stored_and_changes_its_fields() {
    let control = ("cache-control", "max-age=10");
    for vary in [&[][..], &[("vary", "x-kind")]] {
        let with = |more: &[(&'static str, &'static str)]| [vary, more].concat();
        let first = with(&[control, TAG, ("x-old", "1"), ("x-both", "1"), ("content-type", "a/b")]);
        let renewed = [
            ("cache-control", "max-age=30"),
            TAG,
            ("x-both", "2"),
            ("x-new", "2"),
            ("content-type", "c/d"),
            ("content-length", "99"),
            ("connection", "x-hop"),
            ("x-hop", "1"),
        ];
        let origin = Origin::new([answer("one", &first), status(304, "", &renewed)]);
        let service = before(&layer(), &origin);
        let kind = [("x-kind", "a")];
        send(&service, get("/a", &kind)).await;
        sleep(11 * SECOND).await;
        for (answered, age) in [(Answered::Validated, "0"), (Answered::Fresh, "29")] {
            let got = send(&service, get("/a", &kind)).await;
            assert_eq!((got.text(), got.handled.answer), ("one", answered));
            let fields = ["x-old", "x-both", "x-new", "content-type", "content-length", "x-hop"];
            let values = fields.map(|field| got.header(field));
            assert_eq!(values, ["1", "2", "2", "a/b", "3", ""]);
            assert_eq!(got.header("age"), age);
            sleep(29 * SECOND).await;
        }
        assert_eq!(origin.asked(), 2);
        // Only now it is stale again.
        send(&service, get("/a", &kind)).await;
        assert_eq!(origin.asked(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_200_replaces_what_is_stored() {
    let minute = ("cache-control", "max-age=60");
    let origin = Origin::new([
        answer("one", &[minute, TAG, ("x-old", "1")]),
        answer("two", &[minute, ("etag", "\"2\"")]),
    ]);
    let service = before(&layer(), &origin);
    send(&service, path()).await;
    sleep(60 * SECOND).await;
    for answered in [Answered::Inner, Answered::Fresh] {
        let got = send(&service, path()).await;
        assert_eq!((got.text(), got.handled.answer), ("two", answered));
        assert_eq!((got.header("etag"), got.header("x-old")), ("\"2\"", ""));
    }
    assert_eq!(origin.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_304_about_another_response_ends_what_is_stored() {
    let minute = ("cache-control", "max-age=60");
    let origin = Origin::new([
        answer("one", &[minute, TAG]),
        status(304, "", &[minute, ("etag", "\"2\"")]),
        answer("two", &[minute, ("etag", "\"2\"")]),
    ]);
    let service = before(&layer(), &origin);
    send(&service, path()).await;
    sleep(60 * SECOND).await;
    let got = send(&service, path()).await;
    assert_eq!((got.status.as_u16(), got.text()), (200, "one"));
    assert!(!got.handled.stored);
    settle().await;
    assert_eq!(send(&service, path()).await.text(), "two");
    assert!(!origin.last_request().contains_key("if-none-match"));
    assert_eq!(send(&service, path()).await.handled.answer, Answered::Fresh);
}

#[tokio::test(start_paused = true)]
async fn conditions_of_a_client_are_its_own_where_nothing_is_stored() {
    let minute = ("cache-control", "max-age=60");
    let origin =
        Origin::new([status(304, "", &[minute, ("etag", "\"7\"")]), answer("one", &[minute, TAG])]);
    let service = before(&layer(), &origin);
    let got = send(&service, get("/a", &[("if-none-match", "\"7\"")])).await;
    assert_eq!((got.status.as_u16(), got.handled.stored), (304, false));
    assert_eq!(origin.last_request()["if-none-match"], "\"7\"");
    // Nothing was stored, so this brings all of it.
    let got = send(&service, path()).await;
    assert_eq!((got.text(), origin.asked()), ("one", 2));
}

#[tokio::test(start_paused = true)]
async fn conditions_of_a_client_do_not_keep_what_is_stale_from_being_validated() {
    let short = ("cache-control", "max-age=10");
    let origin = Origin::new([answer("one", &[short, TAG]), status(304, "", &[short, TAG])]);
    let service = before(&layer(), &origin);
    send(&service, path()).await;
    sleep(10 * SECOND).await;
    // The client has another, and is given this one.
    let got = send(&service, get("/a", &[("if-none-match", "\"0\"")])).await;
    assert_eq!((got.status.as_u16(), got.text()), (200, "one"));
    assert_eq!(origin.last_request()["if-none-match"], "\"1\"");
    sleep(10 * SECOND).await;
    // The client has this one.
    let got = send(&service, get("/a", &[("if-none-match", "\"0\", W/\"1\"")])).await;
    assert_eq!((got.status.as_u16(), got.text()), (304, ""));
    assert_eq!((got.header("etag"), got.handled.answer), ("\"1\"", Answered::Validated));
    assert_eq!(origin.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_cookie_on_a_304_is_for_its_client_alone() {
    let short = ("cache-control", "max-age=10");
    for (profile, shared) in [(Profile::Secure, false), (Profile::Rfc, true)] {
        let origin = Origin::new([
            answer("one", &[short, TAG]),
            status(304, "", &[short, TAG, ("set-cookie", "session=1")]),
            status(200, "two", &[short, TAG]),
        ]);
        let service = before(&layer().with_profile(profile), &origin);
        send(&service, path()).await;
        sleep(10 * SECOND).await;
        let got = send(&service, path()).await;
        assert_eq!((got.text(), got.header("set-cookie")), ("one", "session=1"));
        assert_eq!(got.handled.stored, shared);
        settle().await;
        let got = send(&service, path()).await;
        assert_eq!(got.header("set-cookie") == "session=1", shared);
        assert_eq!(got.text(), if shared { "one" } else { "two" });
    }
}

#[tokio::test(start_paused = true)]
async fn a_304_that_forbids_to_store_sends_all_who_wait_at_once() {
    let (origin, asked) = taking(SECOND, |_, count| {
        let never = ("cache-control", "no-store");
        Ok(match count {
            1 => answer("one", &[("cache-control", "max-age=10"), TAG]),
            2 => status(304, "", &[never, TAG]),
            _ => answer("own", &[never]),
        })
    });
    let service = origin.behind(&layer());
    ask(&service, path()).await;
    sleep(20 * SECOND).await;
    let (got, took) = at_once(&service, (0..100).map(|_| path())).await;
    assert_eq!((count(&asked), took), (101, 2 * SECOND));
    assert_eq!(got.iter().filter(|got| got.text() == "own").count(), 99);
}

#[tokio::test(start_paused = true)]
async fn a_made_tag_is_not_told_to_the_origin() {
    let fields =
        [("cache-control", "max-age=1"), ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")];
    let origin = Origin::new([answer("one", &fields), status(304, "", &fields)]);
    let service = before(&layer().with_entity_tags(1 << 20), &origin);
    send(&service, path()).await;
    sleep(2 * SECOND).await;
    let got = send(&service, path()).await;
    let asked = origin.last_request();
    assert_eq!(asked["if-modified-since"], "Sun, 06 Nov 1994 08:49:37 GMT");
    // An origin that knows it not would take no notice of the date beside it.
    assert!(!asked.contains_key("if-none-match"), "{asked:?}");
    assert_eq!((got.text(), got.handled.answer), ("one", Answered::Validated));
    assert!(!got.header("etag").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_stores_nothing_removes_nothing() {
    let fields = [("cache-control", "max-age=60"), TAG];
    let origin = Origin::new([answer("one", &fields), status(304, "", &fields)]);
    let service = before(&layer(), &origin);
    send(&service, path()).await;
    send(&service, get("/a", &[("cache-control", "no-cache, no-store")])).await;
    settle().await;
    assert_eq!(send(&service, path()).await.handled.answer, Answered::Fresh);
    assert_eq!(origin.asked(), 2);
}
