//! Parts of what is stored.

use crate::harness::{Answer, Case, answer, case, get, head, not_modified, ok, request};

const FIELDS: &str =
    "Cache-Control: max-age=3600\nETag: \"a\"\nLast-Modified: Tue, 01 Jan 2019 00:00:00 GMT";

fn digits() -> Answer {
    ok(FIELDS).body("0123456789")
}

/// What the origin would say to a request for a part.
fn part(body: &str, range: &str) -> Answer {
    answer(206, &format!("{FIELDS}\nContent-Range: bytes {range}")).body(body).otherwise(digits())
}

/// A part is cut from what is stored, without the origin.
fn cut(name: &'static str, section: &'static str, with: &str, body: &str, range: &str) -> Case {
    let last = get().with(with).status(206).text(body).calls(0);
    let last = last.has(&format!("Content-Range: bytes {range}"));
    case(name, section, [get().to(digits()).fetched(), last]).may()
}

/// The whole is given, from the cache or from the origin.
fn whole(name: &'static str, section: &'static str, with: &str) -> Case {
    let last = get().with(with).to(digits()).status(200).text("0123456789");
    case(name, section, [get().to(digits()).fetched(), last])
}

pub(super) fn cases() -> Vec<Case> {
    [cuts(), wholes(), origins()].concat()
}

fn cuts() -> Vec<Case> {
    vec![
        cut("the first bytes", "9110 14.2", "Range: bytes=0-3", "0123", "0-3/10"),
        cut("bytes in the middle", "9110 14.2", "Range: bytes=3-5", "345", "3-5/10"),
        cut("a single byte", "9110 14.2", "Range: bytes=9-9", "9", "9-9/10"),
        cut("bytes to the end", "9110 14.2", "Range: bytes=7-", "789", "7-9/10"),
        cut("the last bytes", "9110 14.1.2", "Range: bytes=-3", "789", "7-9/10"),
        cut(
            "more last bytes than there are",
            "9110 14.1.2",
            "Range: bytes=-30",
            "0123456789",
            "0-9/10",
        ),
        cut("bytes past the end", "9110 14.1.2", "Range: bytes=5-100", "56789", "5-9/10"),
        cut("the unit in another case", "9110 14.1", "Range: BYTES=0-3", "0123", "0-3/10"),
        cut("an empty member in the list", "9110 14.1.2", "Range: bytes=,0-3", "0123", "0-3/10"),
        cut(
            "If-Range with the stored tag",
            "9110 13.1.5",
            "Range: bytes=0-3\nIf-Range: \"a\"",
            "0123",
            "0-3/10",
        ),
        cut(
            "If-Range with the stored date",
            "9110 13.1.5",
            "Range: bytes=0-3\nIf-Range: Tue, 01 Jan 2019 00:00:00 GMT",
            "0123",
            "0-3/10",
        ),
        case(
            "a part has the fields of the whole",
            "9110 15.3.7",
            [
                get().to(digits()).fetched(),
                get()
                    .with("Range: bytes=0-3")
                    .to(part("0123", "0-3/10"))
                    .status(206)
                    .has("ETag: \"a\"")
                    .has("Cache-Control: max-age=3600")
                    .has("Content-Length: 4")
                    .says("Date", " GMT"),
            ],
        ),
        case(
            "a part from the cache says its age",
            "9111 4",
            [
                get().to(ok("Cache-Control: max-age=3600\nAge: 100")).fetched(),
                get().with("Range: bytes=0-3").status(206).calls(0).age(100..=102),
            ],
        )
        .may(),
        case(
            "a part that is not there is told so",
            "9110 15.5.17",
            [
                get().to(digits()).fetched(),
                get()
                    .with("Range: bytes=20-30")
                    .status(416)
                    .calls(0)
                    .has("Content-Range: bytes */10"),
            ],
        )
        .may(),
        case(
            "no last bytes at all are told so",
            "9110 14.1.2",
            [get().to(digits()).fetched(), get().with("Range: bytes=-0").status(416).calls(0)],
        )
        .may(),
        case(
            "a part of what is stale is cut after a validation",
            "9111 4.3.3",
            [
                get().to(ok("Cache-Control: max-age=0\nETag: \"a\"").body("0123456789")).fetched(),
                get().with("Range: bytes=0-3").to(not_modified(FIELDS)).status(206).text("0123"),
            ],
        )
        .may(),
        case(
            "two parts come as one answer",
            "9110 15.3.7",
            [
                get().to(digits()).fetched(),
                get()
                    .with("Range: bytes=0-1,8-9")
                    .calls(0)
                    .status(206)
                    .says("Content-Type", "multipart/byteranges"),
            ],
        )
        .may(),
    ]
}

fn wholes() -> Vec<Case> {
    let many: Vec<String> = (0..500).map(|_| "0-".to_owned()).collect();
    vec![
        whole("an unknown unit is skipped", "9110 14.2", "Range: lines=0-3"),
        whole("a word is no range", "9110 14.1.1", "Range: bytes=abc"),
        whole("a range that runs backwards is no range", "9110 14.1.1", "Range: bytes=5-3"),
        whole("a range has numbers", "9110 14.1.1", "Range: bytes=-"),
        whole("a range has a unit", "9110 14.1.1", "Range: 0-3"),
        whole("If-Range with another tag", "9110 13.1.5", "Range: bytes=0-3\nIf-Range: \"x\""),
        whole("If-Range with a weak tag", "9110 13.1.5", "Range: bytes=0-3\nIf-Range: W/\"a\""),
        whole(
            "If-Range with an earlier date",
            "9110 13.1.5",
            "Range: bytes=0-3\nIf-Range: Mon, 31 Dec 2018 00:00:00 GMT",
        ),
        whole(
            "If-Range with a later date",
            "9110 13.1.5",
            "Range: bytes=0-3\nIf-Range: Wed, 02 Jan 2019 00:00:00 GMT",
        ),
        whole("If-Range without Range", "9110 13.1.5", "If-Range: \"a\""),
        case(
            "very many ranges are not answered each",
            "9110 14.2",
            [
                get().to(digits()).fetched(),
                get()
                    .with(&format!("Range: bytes={}", many.join(",")))
                    .to(digits())
                    .text("0123456789"),
            ],
        )
        .may(),
        case(
            "If-Range with the stored weak tag",
            "9110 13.1.5",
            [
                get()
                    .to(ok("Cache-Control: max-age=3600\nETag: W/\"a\"").body("0123456789"))
                    .fetched(),
                get()
                    .with("Range: bytes=0-3\nIf-Range: W/\"a\"")
                    .to(digits())
                    .status(200)
                    .text("0123456789"),
            ],
        ),
        case(
            "HEAD has no parts",
            "9110 14.2",
            [
                get().to(digits()).fetched(),
                head().with("Range: bytes=0-3").to(ok("Content-Length: 10")).status(200).text(""),
            ],
        ),
        case(
            "a condition that holds comes before the range",
            "9110 13.2.2",
            [
                get().to(digits()).fetched(),
                get()
                    .with("Range: bytes=0-3\nIf-None-Match: \"a\"")
                    .to(not_modified(FIELDS))
                    .status(304)
                    .text(""),
            ],
        ),
        case(
            "a range of a stored error is skipped",
            "9110 14.2",
            [
                get().to(answer(404, FIELDS).body("0123456789")).fetched(),
                get().with("Range: bytes=0-3").to(answer(404, "").body("0123456789")).status(404),
            ],
        ),
    ]
}

fn origins() -> Vec<Case> {
    let range = "Range: bytes=0-3";
    vec![
        case(
            "a part from the origin is given to the client",
            "9110 14.2",
            [get()
                .with(range)
                .to(part("0123", "0-3/10"))
                .text("0123")
                .has("Content-Range: bytes 0-3/10")],
        )
        .may(),
        case(
            "a part from the origin is not taken for the whole",
            "9111 3.3",
            [get().with(range).to(part("0123", "0-3/10")), get().to(digits()).text("0123456789")],
        ),
        case(
            "a part from the origin is not taken for another",
            "9111 3.3",
            [
                get().with(range).to(part("0123", "0-3/10")),
                get().with("Range: bytes=4-7").to(part("4567", "4-7/10")).text("4567"),
            ],
        ),
        case(
            "the whole that answered a range may be reused",
            "9111 3",
            [get().with(range).to(digits()), get().reused(1)],
        )
        .may(),
        case(
            "a range that the origin refused does not spoil the URI",
            "9111 3",
            [
                get().with("Range: bytes=20-").to(answer(416, "Content-Range: bytes */10")),
                get().to(digits()).status(200).text("0123456789"),
            ],
        ),
        case(
            "a part does not spoil what is stored",
            "9111 3.4",
            [
                get().to(digits()).fetched(),
                get().with(range).to(part("0123", "0-3/10")).text("0123"),
                get().to(digits()).text("0123456789"),
            ],
        ),
        case(
            "a range of PUT reaches the origin",
            "9110 14.2",
            [request("PUT").body("x").with(range).fetched()],
        ),
    ]
}
