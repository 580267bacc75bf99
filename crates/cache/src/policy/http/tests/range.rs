//! RFC 9110, sections 14 and 13.1.5.

use std::collections::HashSet;
use std::ops::Range;

use bytes::Bytes;
use http::HeaderValue;
use proptest::prelude::*;
use smallvec::smallvec;

use super::super::*;
use super::conditional::headers;

fn asked(range: &str, length: usize) -> Ranges {
    resolve(&HeaderValue::from_str(range).unwrap(), length, 4)
}

fn one(start: usize, end: usize) -> Ranges {
    Ranges::One(start..end)
}

/// The examples of section 14.1.2 for 10,000 bytes are among them.
#[test]
fn a_range_is_a_part_of_the_content() {
    for (range, expected) in [
        ("bytes=0-499", one(0, 500)),
        ("bytes=500-999", one(500, 1000)),
        ("bytes=-500", one(9500, 10_000)),
        ("bytes=9500-", one(9500, 10_000)),
        ("bytes=0-0", one(0, 1)),
        ("bytes=-1", one(9999, 10_000)),
        ("bytes=9999-9999", one(9999, 10_000)),
        ("bytes=0-", one(0, 10_000)),
        ("bytes=00-0009", one(0, 10)),
        ("bytes=9990-20000", one(9990, 10_000)),
        ("bytes=0-9999", one(0, 10_000)),
        ("bytes=-20000", one(0, 10_000)),
        ("BYTES=0-1", one(0, 2)),
        (" bytes=0-1\t", one(0, 2)),
        ("bytes= 0-1 ", one(0, 2)),
        ("bytes=,0-1, ,", one(0, 2)),
    ] {
        assert_eq!(asked(range, 10_000), expected, "{range}");
    }
}

#[test]
fn what_is_not_within_the_content_is_not_satisfiable() {
    for range in [
        "bytes=10-",
        "bytes=10-10",
        "bytes=10-20",
        "bytes=-0",
        "bytes=-0, 10-, 99-100",
        "bytes=18446744073709551616-",
        "bytes=99999999999999999999-99999999999999999999",
    ] {
        assert_eq!(asked(range, 10), Ranges::Unsatisfiable, "{range}");
    }
    for range in ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0"] {
        assert_eq!(asked(range, 0), Ranges::Unsatisfiable, "{range} of nothing");
    }
}

#[test]
fn numbers_of_any_size_are_read() {
    assert_eq!(asked("bytes=3-18446744073709551615", 10), one(3, 10));
    assert_eq!(asked("bytes=3-18446744073709551616", 10), one(3, 10));
    assert_eq!(asked("bytes=3-99999999999999999999", 10), one(3, 10));
    assert_eq!(asked("bytes=-99999999999999999999", 10), one(0, 10));
    assert_eq!(asked("bytes=99999999999999999999-3", 10), Ranges::Whole);
}

#[test]
fn what_is_malformed_or_of_another_unit_asks_for_all() {
    for range in [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=a",
        "bytes=1",
        "bytes=a-1",
        "bytes=1-a",
        "bytes=2-1",
        "bytes=0-1-2",
        "bytes=--1",
        "bytes=+1-2",
        "bytes=1-2.0",
        "bytes=1 -2",
        "bytes=0-1, 2-1",
        "bytes=0-1, x",
        "bytes=0-1;2-3",
        "bytes =0-1",
        "bytes0-1",
        "byte=0-1",
        "items=0-1",
        "seconds=0-1",
        "0-1",
        "bytes:0-1",
        "bytes==0-1",
        "none",
        "bytes=\"0-1\"",
    ] {
        assert_eq!(asked(range, 10), Ranges::Whole, "{range}");
    }
    assert_eq!(resolve(&HeaderValue::from_bytes(b"bytes=0-\xff").unwrap(), 10, 4), Ranges::Whole);
}

#[test]
fn several_ranges_keep_the_order_of_the_request() {
    assert_eq!(asked("bytes=0-1,4-5", 10), Ranges::Many(smallvec![0..2, 4..6]));
    assert_eq!(asked("bytes=-1, 0-0", 10), Ranges::Many(smallvec![9..10, 0..1]));
    assert_eq!(asked("bytes=0-1,2-3", 10), Ranges::Many(smallvec![0..2, 2..4]));
    assert_eq!(asked("bytes=4-5\t,\t0-1,, 8-", 10), Ranges::Many(smallvec![4..6, 0..2, 8..10]));
    assert_eq!(asked("bytes=0-1,10-,4-5", 10), Ranges::Many(smallvec![0..2, 4..6]));
    assert_eq!(asked("bytes=20-30,4-5,-0", 10), one(4, 6));
}

#[test]
fn ranges_that_overlap_ask_for_all() {
    for range in ["bytes=0-4,4-5", "bytes=0-,-1", "bytes=3-5,0-3", "bytes=0-0,5-6,0-0"] {
        assert_eq!(asked(range, 10), Ranges::Whole, "{range}");
    }
}

#[test]
fn more_ranges_than_are_served_ask_for_all() {
    let range = HeaderValue::from_static("bytes=0-0,2-2,4-4");
    assert_eq!(resolve(&range, 10, 3), Ranges::Many(smallvec![0..1, 2..3, 4..5]));
    assert_eq!(resolve(&range, 10, 2), Ranges::Whole);
    assert_eq!(resolve(&range, 3, 2), Ranges::Whole);
    assert_eq!(resolve(&HeaderValue::from_static("bytes=0-0"), 10, 0), Ranges::Whole);
    assert_eq!(resolve(&HeaderValue::from_static("bytes=,,,,0-0,,"), 10, 1), one(0, 1));
}

const SUNDAY: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const SECOND_LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

#[test]
fn a_range_is_served_if_its_tag_is_the_same_and_strong() {
    for (asked, stored, expected) in [
        ("\"a\"", "\"a\"", true),
        (" \"a\" ", "\"a\"", true),
        ("\"a\"", "\"b\"", false),
        ("W/\"a\"", "W/\"a\"", false),
        ("W/\"a\"", "\"a\"", false),
        ("\"a\"", "W/\"a\"", false),
        ("a", "a", false),
        ("*", "\"a\"", false),
        ("\"a\", \"b\"", "\"a\"", false),
        ("", "\"a\"", false),
    ] {
        let current =
            is_range_current(&headers(&[("if-range", asked)]), &headers(&[("etag", stored)]));
        assert_eq!(current, expected, "{asked} {stored}");
    }
    let stored = headers(&[("etag", "\"a\"")]);
    assert!(is_range_current(&headers(&[]), &stored));
    assert!(is_range_current(&headers(&[]), &headers(&[])));
    assert!(!is_range_current(&headers(&[("if-range", "\"a\"")]), &headers(&[])));
    let twice = headers(&[("if-range", "\"a\""), ("if-range", "\"a\"")]);
    assert!(!is_range_current(&twice, &stored));
}

#[test]
fn a_range_is_served_if_its_date_is_the_very_one_and_strong() {
    let asked = headers(&[("if-range", SUNDAY)]);
    let strong = headers(&[("last-modified", SUNDAY), ("date", SECOND_LATER)]);
    assert!(is_range_current(&asked, &strong));
    assert!(!is_range_current(&headers(&[("if-range", SECOND_LATER)]), &strong));
    assert!(!is_range_current(&headers(&[("if-range", "Sun, 06 Nov 1994 08:49:36 GMT")]), &strong));
    for (what, stored) in [
        ("without a date", headers(&[("last-modified", SUNDAY)])),
        ("of the same second", headers(&[("last-modified", SUNDAY), ("date", SUNDAY)])),
        ("of the future", headers(&[("last-modified", SECOND_LATER), ("date", SUNDAY)])),
        ("with a date alone", headers(&[("date", SUNDAY)])),
    ] {
        assert!(!is_range_current(&asked, &stored), "{what}");
    }
}

#[test]
fn content_range_names_the_last_byte_and_the_length() {
    assert_eq!(content_range(Some(&(0..2)), 11), "bytes 0-1/11");
    assert_eq!(content_range(Some(&(10..11)), 11), "bytes 10-10/11");
    assert_eq!(content_range(None, 11), "bytes */11");
    assert_eq!(content_range(None, 0), "bytes */0");
    let largest = usize::MAX;
    let expected = format!("bytes {}-{}/{largest}", largest - 1, largest - 1);
    assert_eq!(content_range(Some(&(largest - 1..largest)), largest), expected);
}

fn boundary_of(content_type: &HeaderValue) -> String {
    let content_type = content_type.to_str().unwrap();
    content_type.strip_prefix("multipart/byteranges; boundary=").unwrap().to_owned()
}

#[test]
fn each_part_has_its_range_and_the_type_of_the_whole() {
    let body = Bytes::from_static(b"hello world");
    let plain = HeaderValue::from_static("text/plain");
    let (pieces, content_type) = multipart(&[6..11, 0..2], &body, Some(&plain));
    let boundary = boundary_of(&content_type);
    let expected = format!(
        "--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 6-10/11\r\n\r\nworld\r\n\
         --{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/11\r\n\r\nhe\r\n\
         --{boundary}--\r\n"
    );
    assert_eq!(String::from_utf8(pieces.concat()).unwrap(), expected);
    let (pieces, content_type) = multipart(&[0..1, 2..3], &body, None);
    let boundary = boundary_of(&content_type);
    let expected = format!(
        "--{boundary}\r\nContent-Range: bytes 0-0/11\r\n\r\nh\r\n\
         --{boundary}\r\nContent-Range: bytes 2-2/11\r\n\r\nl\r\n--{boundary}--\r\n"
    );
    assert_eq!(String::from_utf8(pieces.concat()).unwrap(), expected);
}

#[test]
fn parts_share_the_stored_bytes() {
    let body = Bytes::from(vec![7; 10_000]);
    let (pieces, _) = multipart(&[0..4000, 5000..10_000], &body, None);
    let shared: Vec<_> = pieces.iter().map(|piece| piece.as_ptr() as usize).collect();
    assert_eq!(shared[1], body.as_ptr() as usize);
    assert_eq!(shared[3], body.as_ptr() as usize + 5000);
    assert_eq!((pieces[1].len(), pieces[3].len()), (4000, 5000));
}

#[test]
fn a_range_past_the_end_is_left_out() {
    let body = Bytes::from_static(b"hello");
    let (pieces, content_type) = multipart(&[0..1, 3..9, 2..3], &body, None);
    let boundary = boundary_of(&content_type);
    let text = String::from_utf8(pieces.concat()).unwrap();
    assert_eq!(text.matches(&format!("--{boundary}\r\n")).count(), 2);
    assert!(!text.contains("bytes 3-8"));
}

/// RFC 2046, section 5.1.1: at most 70 characters, of which digits and letters need no quotes.
#[test]
fn boundaries_are_128_random_bits() {
    let body = Bytes::from_static(b"hello");
    let boundaries: HashSet<_> =
        (0..1000).map(|_| boundary_of(&multipart(&[0..1, 2..3], &body, None).1)).collect();
    assert_eq!(boundaries.len(), 1000);
    for boundary in &boundaries {
        assert_eq!(boundary.len(), 32);
        assert!(boundary.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
    for at in 0..32 {
        let digits: HashSet<_> = boundaries.iter().map(|it| it.as_bytes()[at]).collect();
        assert_eq!(digits.len(), 16, "place {at}");
    }
}

#[derive(Clone, Debug)]
enum Member {
    Between(usize, usize),
    From(usize),
    Last(usize),
}

impl Member {
    fn text(&self) -> String {
        match self {
            Self::Between(first, last) => format!("{first}-{last}"),
            Self::From(first) => format!("{first}-"),
            Self::Last(length) => format!("-{length}"),
        }
    }

    /// Asks every byte whether it is meant.
    fn bytes(&self, length: usize) -> Vec<usize> {
        let is_meant = |at: &usize| match *self {
            Self::Between(first, last) => (first..=last).contains(at),
            Self::From(first) => *at >= first,
            Self::Last(last) => *at + last >= length,
        };
        (0..length).filter(is_meant).collect()
    }
}

fn members() -> impl Strategy<Value = Member> {
    prop_oneof![
        (0_usize..40, 0_usize..9).prop_map(|(first, more)| Member::Between(first, first + more)),
        (0_usize..40).prop_map(Member::From),
        (0_usize..40).prop_map(Member::Last),
    ]
}

proptest! {
    #[test]
    fn ranges_are_the_bytes_that_are_asked_for(
        members in prop::collection::vec(members(), 1..5),
        length in 0_usize..30,
        gap in "[ \t]{0,2},[ \t]{0,2}",
    ) {
        let texts: Vec<_> = members.iter().map(Member::text).collect();
        let found = asked(&format!("bytes={}", texts.join(&gap)), length);
        let meant: Vec<_> = members.iter().map(|member| member.bytes(length)).collect();
        let meant: Vec<_> = meant.into_iter().filter(|bytes| !bytes.is_empty()).collect();
        let all: Vec<_> = meant.concat();
        let distinct: HashSet<_> = all.iter().collect();
        let bytes = |ranges: &[Range<usize>]| -> Vec<Vec<usize>> {
            ranges.iter().map(|range| range.clone().collect()).collect()
        };
        match found {
            Ranges::Unsatisfiable => prop_assert!(meant.is_empty()),
            Ranges::Whole => prop_assert!(distinct.len() < all.len()),
            Ranges::One(range) => prop_assert_eq!(bytes(&[range]), meant),
            Ranges::Many(ranges) => {
                prop_assert!(ranges.len() > 1 && distinct.len() == all.len());
                prop_assert_eq!(bytes(&ranges), meant);
            }
        }
    }

    #[test]
    fn no_value_makes_it_panic(value in "(bytes=)?[0-9,= \t-]{0,60}", length: usize) {
        let range = HeaderValue::from_str(&value).unwrap();
        match resolve(&range, length, 5) {
            Ranges::One(range) => prop_assert!(range.start < range.end && range.end <= length),
            Ranges::Many(ranges) => {
                prop_assert!((2..=5).contains(&ranges.len()));
                prop_assert!(ranges.iter().all(|it| it.start < it.end && it.end <= length));
            }
            Ranges::Whole | Ranges::Unsatisfiable => {}
        }
    }
}
