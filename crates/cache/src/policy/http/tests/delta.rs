use std::time::Duration;

use super::super::{parse_age, parse_delta};
use super::storing::fields;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn delta_seconds_are_digits_alone() {
    for (value, expected) in [("0", 0), ("1", 1), ("3600", 3_600), ("003600", 3_600), ("000", 0)] {
        assert_eq!(parse_delta(value.as_bytes()), Some(secs(expected)), "{value}");
    }
    for value in
        ["", " ", "-1", "+1", "1.0", "1.", ".5", "a1", "1a", "1 ", " 1", "\"1\"", "1e3", "0x1"]
    {
        assert_eq!(parse_delta(value.as_bytes()), None, "{value}");
    }
}

#[test]
fn what_is_larger_than_two_to_the_31_is_that() {
    for (value, expected) in [
        ("2147483647", 2_147_483_647),
        ("2147483648", 2_147_483_648),
        ("2147483649", 2_147_483_648),
        ("4294967296", 2_147_483_648),
        ("18446744073709551616", 2_147_483_648),
        ("99999999999999999999999999999999999999999999999999", 2_147_483_648),
    ] {
        assert_eq!(parse_delta(value.as_bytes()), Some(secs(expected)), "{value}");
    }
}

#[test]
fn the_first_value_of_age_counts_and_is_zero_if_it_cannot_be_read() {
    for (lines, expected) in [
        (vec![], 0),
        (vec!["7200"], 7_200),
        (vec![" 7200\t"], 7_200),
        (vec!["7200, 0"], 7_200),
        (vec!["0, 7200"], 0),
        (vec!["7200 ,0"], 7_200),
        (vec!["7200", "0"], 7_200),
        (vec!["0", "7200"], 0),
        (vec!["0, old"], 0),
        (vec!["3600, old"], 3_600),
        (vec!["old", "3600"], 0),
        (vec!["old, 3600"], 0),
        (vec![", 3600"], 0),
        (vec!["abc"], 0),
        (vec!["-7200"], 0),
        (vec!["7200.0"], 0),
        (vec!["7200;foo=bar"], 0),
        (vec!["7200;foo=bar, 3600"], 0),
        (vec!["\"7200\""], 0),
        (vec![""], 0),
        (vec!["99999999999"], 2_147_483_648),
    ] {
        let headers = fields(lines.iter().map(|line| ("age", *line)));
        assert_eq!(parse_age(&headers), secs(expected), "{lines:?}");
    }
}
