//! What is stored whole, asked for without its body, in parts, or on conditions.

use std::time::Duration;

use bartizan_cache::Answered;
use http::Method;
use tokio::time::sleep;

use super::driven::*;
use super::support::{Got, Origin, answer, before, get, layer, request, send, status};

const TEXT: &str = "0123456789";
const LAST_MODIFIED: &str = "Fri, 20 Nov 2026 12:00:00 GMT";
const FIELDS: [(&str, &str); 5] = [
    ("cache-control", "max-age=60"),
    ("etag", "\"1\""),
    ("last-modified", LAST_MODIFIED),
    ("content-type", "text/plain"),
    ("date", "Fri, 20 Nov 2026 12:58:34 GMT"),
];

/// Asks for what is stored, with these header fields.
async fn hit(method: &str, headers: &[(&str, &str)]) -> Got {
    let origin = Origin::new([answer(TEXT, &FIELDS)]);
    let service = before(&layer(), &origin);
    send(&service, get("/a", &[])).await;
    let got = send(&service, request(method, "/a", headers)).await;
    assert_eq!((got.handled.answer, origin.asked()), (Answered::Fresh, 1));
    got
}

#[tokio::test(start_paused = true)]
async fn head_is_answered_from_what_get_brought() {
    let got = hit("HEAD", &[]).await;
    assert_eq!((got.status.as_u16(), got.text()), (200, ""));
    assert_eq!((got.header("content-length"), got.header("etag")), ("10", "\"1\""));
    // Ranges are of GET alone (RFC 9110, section 14.2).
    let got = hit("HEAD", &[("range", "bytes=0-1")]).await;
    assert_eq!((got.status.as_u16(), got.header("content-length")), (200, "10"));
    assert_eq!(got.header("content-range"), "");
    let got = hit("HEAD", &[("if-none-match", "\"1\"")]).await;
    assert_eq!((got.status.as_u16(), got.header("content-length")), (304, ""));
}

#[tokio::test(start_paused = true)]
async fn get_is_never_answered_from_what_head_brought() {
    let (origin, asked) = taking(Duration::ZERO, |asking, _| {
        let text = if *asking.method() == Method::HEAD { "" } else { TEXT };
        Ok(answer(text, &[FIELDS[0], ("content-length", "10")]))
    });
    let service = origin.behind(&layer());
    for asks in 1..=2 {
        let got = ask(&service, request("HEAD", "/a", &[])).await;
        assert_eq!((count(&asked), got.handled.stored), (asks, false));
        assert_eq!(got.header("content-length"), "10");
    }
    assert_eq!(ask(&service, get("/a", &[])).await.text(), TEXT);
    assert_eq!(count(&asked), 3);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_head_renews_what_is_stored_or_ends_it() {
    let short = ("cache-control", "max-age=10");
    for (said, renews) in [
        (vec![("etag", "\"1\"")], true),
        (vec![("etag", "\"1\""), ("content-length", "10")], true),
        (vec![], true),
        (vec![("etag", "\"2\"")], false),
        (vec![("content-length", "11")], false),
        (vec![("last-modified", "Fri, 20 Nov 2026 12:58:00 GMT")], false),
    ] {
        let first = [short, ("etag", "\"1\""), ("content-length", "10")];
        let renewed = [&[("cache-control", "max-age=60"), ("x-new", "1")], &said[..]].concat();
        let origin = Origin::new([
            answer(TEXT, &first),
            status(200, "", &renewed),
            answer("changed", &[short, ("etag", "\"2\"")]),
        ]);
        let service = before(&layer(), &origin);
        send(&service, get("/a", &[])).await;
        sleep(Duration::from_secs(10)).await;
        let got = send(&service, request("HEAD", "/a", &[])).await;
        assert_eq!((got.text(), got.header("x-new")), ("", "1"));
        settle().await;
        let got = send(&service, get("/a", &[])).await;
        if renews {
            assert_eq!(
                (got.text(), got.header("x-new"), origin.asked()),
                (TEXT, "1", 2),
                "{said:?}"
            );
            assert_eq!(got.header("content-length"), "10");
        } else {
            assert_eq!((got.text(), origin.asked()), ("changed", 3), "{said:?}");
            assert!(!origin.last_request().contains_key("if-none-match"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_head_that_is_no_200_says_nothing_of_get() {
    let short = ("cache-control", "max-age=10");
    for code in [404, 405, 503] {
        let tag = ("etag", "\"1\"");
        let origin = Origin::new([
            answer(TEXT, &[short, tag]),
            status(code, "", &[("etag", "\"2\"")]),
            status(304, "", &[tag]),
        ]);
        let service = before(&layer(), &origin);
        send(&service, get("/a", &[])).await;
        sleep(Duration::from_secs(10)).await;
        assert_eq!(send(&service, request("HEAD", "/a", &[])).await.status, code);
        settle().await;
        assert_eq!(send(&service, get("/a", &[])).await.text(), TEXT);
    }
}

#[tokio::test(start_paused = true)]
async fn one_range_is_a_part() {
    for (range, text, content_range) in [
        ("bytes=0-1", "01", "bytes 0-1/10"),
        ("bytes=8-", "89", "bytes 8-9/10"),
        ("bytes=8-99", "89", "bytes 8-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=0-", TEXT, "bytes 0-9/10"),
        ("bytes=-99", TEXT, "bytes 0-9/10"),
        ("bytes=2-2, 50-60", "2", "bytes 2-2/10"),
    ] {
        let got = hit("GET", &[("range", range)]).await;
        assert_eq!((got.status.as_u16(), got.text()), (206, text), "{range}");
        assert_eq!(got.header("content-range"), content_range);
        assert_eq!(got.header("content-length"), text.len().to_string());
        assert_eq!((got.header("content-type"), got.header("etag")), ("text/plain", "\"1\""));
        assert_eq!((got.header("age"), got.header("cache-status")), ("0", "bartizan; hit; ttl=60"));
    }
}

#[tokio::test(start_paused = true)]
async fn several_ranges_are_a_multipart() {
    let got = hit("GET", &[("range", "bytes=0-1, 4-5,-1")]).await;
    assert_eq!(got.status, 206);
    assert_eq!(got.header("content-range"), "");
    let boundary = got.header("content-type").strip_prefix("multipart/byteranges; boundary=");
    let boundary = boundary.unwrap();
    let part = |range: &str, text: &str| {
        format!(
            "--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes {range}/10\r\n\r\n{text}\r\n"
        )
    };
    let parts = [part("0-1", "01"), part("4-5", "45"), part("9-9", "9")].concat();
    assert_eq!(got.text(), format!("{parts}--{boundary}--\r\n"));
    assert_eq!(got.header("content-length"), got.body.len().to_string());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_range_or_too_many_is_all_of_it() {
    let many =
        format!("bytes={}", (0..9).map(|at| format!("{at}-{at}")).collect::<Vec<_>>().join(","));
    for range in ["lines=0-1", "bytes=1-0", "bytes=a-b", "bytes=", "bytes=0-5,3-8", &many] {
        let got = hit("GET", &[("range", range)]).await;
        assert_eq!((got.status.as_u16(), got.text()), (200, TEXT), "{range}");
        assert_eq!(got.header("content-range"), "");
    }
    let origin = Origin::new([answer(TEXT, &FIELDS)]);
    let service = before(&layer().with_max_ranges(2), &origin);
    for (range, code) in
        [("bytes=0-0,2-2", 200), ("bytes=0-0,2-2", 206), ("bytes=0-0,2-2,4-4", 200)]
    {
        assert_eq!(send(&service, get("/a", &[("range", range)])).await.status, code);
    }
}

#[tokio::test(start_paused = true)]
async fn a_range_that_is_not_within_is_a_416() {
    for range in ["bytes=10-", "bytes=10-11,20-", "bytes=-0"] {
        let got = hit("GET", &[("range", range)]).await;
        assert_eq!((got.status.as_u16(), got.text()), (416, ""), "{range}");
        assert_eq!(
            (got.header("content-range"), got.header("content-length")),
            ("bytes */10", "0")
        );
        assert_eq!(got.header("content-type"), "");
    }
}

#[tokio::test(start_paused = true)]
async fn if_range_decides_between_the_part_and_all_of_it() {
    for (if_range, code) in [
        ("\"1\"", 206),
        ("\"2\"", 200),
        ("W/\"1\"", 200),
        (LAST_MODIFIED, 206),
        ("Fri, 20 Nov 2026 12:00:01 GMT", 200),
        ("nonsense", 200),
    ] {
        let got = hit("GET", &[("range", "bytes=0-1"), ("if-range", if_range)]).await;
        assert_eq!(got.status.as_u16(), code, "{if_range}");
        assert_eq!(got.text(), if code == 206 { "01" } else { TEXT });
    }
}

#[tokio::test(start_paused = true)]
async fn conditions_are_evaluated_on_hits() {
    for (headers, code) in [
        (&[("if-none-match", "\"1\"")][..], 304),
        (&[("if-none-match", "W/\"1\"")], 304),
        (&[("if-none-match", "\"0\", \"1\"")], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "\"2\"")], 200),
        (&[("if-modified-since", LAST_MODIFIED)], 304),
        (&[("if-modified-since", "Fri, 20 Nov 2026 12:00:01 GMT")], 304),
        (&[("if-modified-since", "Fri, 20 Nov 2026 11:59:59 GMT")], 200),
        // The tag counts, and not the date beside it (RFC 9110, section 13.1.3).
        (&[("if-none-match", "\"2\""), ("if-modified-since", LAST_MODIFIED)], 200),
        // Conditions come before ranges (RFC 9110, section 13.2.2).
        (&[("if-none-match", "\"1\""), ("range", "bytes=0-1")], 304),
        (&[("if-none-match", "\"2\""), ("range", "bytes=0-1")], 206),
        (&[("if-none-match", "\"1\""), ("range", "bytes=99-")], 304),
    ] {
        let got = hit("GET", headers).await;
        assert_eq!(got.status.as_u16(), code, "{headers:?}");
        if code == 304 {
            assert_eq!(got.text(), "");
            let kept = ["etag", "cache-control", "date", "age"].map(|name| got.header(name));
            assert_eq!(kept, ["\"1\"", "max-age=60", "Fri, 20 Nov 2026 12:58:34 GMT", "0"]);
            for name in ["content-length", "content-type", "last-modified"] {
                assert_eq!(got.header(name), "", "{name}");
            }
            assert_eq!(got.header("cache-status"), "bartizan; hit; ttl=60");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_was_found_has_parts_and_conditions() {
    let origin = Origin::new([status(404, TEXT, &FIELDS)]);
    let service = before(&layer(), &origin);
    send(&service, get("/a", &[])).await;
    for headers in [("if-none-match", "\"1\""), ("range", "bytes=0-1")] {
        let got = send(&service, get("/a", &[headers])).await;
        assert_eq!((got.status.as_u16(), got.text()), (404, TEXT));
        assert_eq!(got.handled.answer, Answered::Fresh);
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_is_taken_from_what_was_validated_or_has_come_anew() {
    let short = ("cache-control", "max-age=10");
    let tag = ("etag", "\"1\"");
    let origin = Origin::new([
        answer(TEXT, &[short, tag]),
        status(304, "", &[short, tag]),
        answer("changed", &[short, ("etag", "\"2\"")]),
    ]);
    let service = before(&layer(), &origin);
    send(&service, get("/a", &[])).await;
    sleep(Duration::from_secs(10)).await;
    let part = [("range", "bytes=0-1"), ("if-range", "\"1\"")];
    let got = send(&service, get("/a", &part)).await;
    assert_eq!((got.status.as_u16(), got.text()), (206, "01"));
    assert_eq!(
        (got.header("content-range"), got.handled.answer),
        ("bytes 0-1/10", Answered::Validated)
    );
    for name in ["range", "if-range"] {
        assert!(!origin.last_request().contains_key(name), "all of it is asked for");
    }
    sleep(Duration::from_secs(10)).await;
    // What comes anew is stored, and given whole, as a server may (RFC 9110, section 14.2).
    let got = send(&service, get("/a", &part)).await;
    assert_eq!((got.status.as_u16(), got.text()), (200, "changed"));
    let got = send(&service, get("/a", &[("range", "bytes=0-1")])).await;
    assert_eq!((got.status.as_u16(), got.text(), origin.asked()), (206, "ch", 3));
}

#[tokio::test(start_paused = true)]
async fn a_part_that_the_origin_sends_is_passed_and_not_stored() {
    let (origin, asked) = taking(Duration::ZERO, |asking, _| {
        Ok(if asking.headers().contains_key("range") {
            status(206, "01", &[FIELDS[0], ("content-range", "bytes 0-1/10")])
        } else {
            answer(TEXT, &FIELDS)
        })
    });
    let service = origin.behind(&layer());
    let got = ask(&service, get("/a", &[("range", "bytes=0-1")])).await;
    assert_eq!((got.status.as_u16(), got.text(), got.handled.stored), (206, "01", false));
    assert_eq!(ask(&service, get("/a", &[])).await.text(), TEXT);
    assert_eq!(count(&asked), 2);
}

#[tokio::test(start_paused = true)]
async fn what_the_origin_gives_whole_to_a_range_is_stored() {
    let origin = Origin::new([answer(TEXT, &FIELDS)]);
    let service = before(&layer(), &origin);
    let got = send(&service, get("/a", &[("range", "bytes=0-1")])).await;
    assert_eq!((got.status.as_u16(), got.text(), got.handled.stored), (200, TEXT, true));
    let got = send(&service, get("/a", &[("range", "bytes=0-1")])).await;
    assert_eq!((got.status.as_u16(), got.text(), origin.asked()), (206, "01", 1));
}

#[tokio::test(start_paused = true)]
async fn two_lines_of_ranges_are_none() {
    let origin = Origin::new([answer(TEXT, &FIELDS)]);
    let service = before(&layer(), &origin);
    send(&service, get("/a", &[])).await;
    let lines = [("range", "bytes=0-0"), ("range", "bytes=2-2")];
    let got = send(&service, get("/a", &lines)).await;
    assert_eq!((got.status.as_u16(), got.text()), (200, TEXT));
}
