use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::super::date::parse_date_at;
use super::super::{parse_date, render_date};

fn at(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { SystemTime::UNIX_EPOCH - distance } else { SystemTime::UNIX_EPOCH + distance }
}

/// Friday, 20 November 2026, at noon.
const NOON: i64 = 1_795_176_000;

fn read(value: &str) -> Option<SystemTime> {
    parse_date_at(value.as_bytes(), || at(NOON))
}

#[test]
fn the_three_formats_of_rfc_9110_section_5_6_7_name_the_same_second() {
    for value in [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "  Sun, 06 Nov 1994 08:49:37 GMT\t",
    ] {
        assert_eq!(parse_date(value.as_bytes()), Some(at(784_111_777)), "{value}");
    }
}

#[test]
fn dates_before_1970_on_leap_days_and_past_2038_are_read() {
    for (value, seconds) in [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
        ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
        ("Tue, 19 Jan 2038 03:14:07 GMT", 2_147_483_647),
        ("Tue, 19 Jan 2038 03:14:08 GMT", 2_147_483_648),
        ("Tue Jan 19 03:14:08 2038", 2_147_483_648),
        ("Sun, 28 Feb 2100 23:59:59 GMT", 4_107_542_399),
        ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
        ("Sun, 07 Feb 2106 06:28:16 GMT", 4_294_967_296),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
    ] {
        assert_eq!(read(value), Some(at(seconds)), "{value}");
    }
}

#[test]
fn a_leap_second_is_the_first_of_the_next_minute() {
    assert_eq!(read("Fri, 31 Dec 1999 23:59:60 GMT"), Some(at(946_684_800)));
    assert_eq!(read("Fri, 31 Dec 1999 23:59:61 GMT"), None);
}

#[test]
fn names_are_read_in_any_case() {
    for value in [
        "SUN, 06 NOV 1994 08:49:37 gmt",
        "sun, 06 nov 1994 08:49:37 Gmt",
        "sUNDAY, 06-nOV-94 08:49:37 gMT",
        "sun nov  6 08:49:37 1994",
    ] {
        assert_eq!(read(value), Some(at(784_111_777)), "{value}");
    }
}

#[test]
fn two_digits_of_a_year_are_at_most_fifty_years_ahead_to_the_second() {
    for (value, seconds) in [
        ("Friday, 20-Nov-26 12:00:00 GMT", NOON),
        ("Saturday, 20-Nov-27 12:00:00 GMT", NOON + 365 * 86_400),
        // 50 years with 13 leap days: 2028, 2032, ..., 2076.
        ("Friday, 20-Nov-76 12:00:00 GMT", NOON + (50 * 365 + 13) * 86_400),
        // The same day of 1976 is 50 years with 12 leap days ago: 1980, 1984, ..., 2024.
        ("Saturday, 20-Nov-76 12:00:01 GMT", NOON - (50 * 365 + 12) * 86_400 + 1),
        ("Sunday, 20-Nov-77 12:00:00 GMT", NOON - (49 * 365 + 12) * 86_400),
        ("Saturday, 01-Jan-00 00:00:00 GMT", 946_684_800),
    ] {
        assert_eq!(read(value), Some(at(seconds)), "{value}");
    }
}

#[test]
fn what_is_no_http_date_is_not_read() {
    for value in [
        "",
        "0",
        "-1",
        "784111777",
        "1994-11-06T08:49:37Z",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 AEST",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 GMT+1",
        "Sun, 06 Nov 1994 08:49:37 GMT GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 01994 08:49:37 GMT",
        "Sun 06 Nov 1994 08:49:37 GMT",
        "06 Nov 1994 08:49:37 GMT",
        "Sun,06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun,  06 Nov 1994 08:49:37 GMT",
        "Sun, 06  Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov  1994 08:49:37 GMT",
        "Sun, 06 Nov 1994  08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37  GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08.49.37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Wed, 29 Feb 1995 08:49:37 GMT",
        "Mon, 29 Feb 2100 08:49:37 GMT",
        "Sun, 06 Nop 1994 08:49:37 GMT",
        "Sun, 06 November 1994 08:49:37 GMT",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  06 08:49:37 1994",
        "Sun Nov  6 08:49:37 94",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sun Nov  6 08:49:37 GMT 1994",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, \u{660}\u{666} Nov 1994 08:49:37 GMT",
    ] {
        assert_eq!(read(value), None, "{value}");
    }
}

#[test]
fn only_dates_that_exist_are_read_of_each_month() {
    for (month, days) in [
        ("Jan", 31),
        ("Feb", 28),
        ("Mar", 31),
        ("Apr", 30),
        ("May", 31),
        ("Jun", 30),
        ("Jul", 31),
        ("Aug", 31),
        ("Sep", 30),
        ("Oct", 31),
        ("Nov", 30),
        ("Dec", 31),
    ] {
        let date = |day: u32| format!("Mon, {day:02} {month} 2023 00:00:00 GMT");
        assert!(read(&date(days)).is_some(), "{}", date(days));
        assert_eq!(read(&date(days + 1)), None, "{}", date(days + 1));
    }
}

#[test]
fn an_imf_fixdate_is_written_in_whole_seconds_that_have_passed() {
    let half = Duration::from_millis(500);
    for (time, written) in [
        (at(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT"),
        (at(784_111_777) + half, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (at(0), "Thu, 01 Jan 1970 00:00:00 GMT"),
        (at(0) - half, "Wed, 31 Dec 1969 23:59:59 GMT"),
        (at(-1), "Wed, 31 Dec 1969 23:59:59 GMT"),
        (at(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT"),
        (at(4_107_542_400), "Mon, 01 Mar 2100 00:00:00 GMT"),
        (at(253_402_300_799), "Fri, 31 Dec 9999 23:59:59 GMT"),
        (at(253_402_300_800), "Fri, 31 Dec 9999 23:59:59 GMT"),
    ] {
        assert_eq!(render_date(time), written);
    }
}

/// A calendar that is counted day by day.
fn counted(year: i64, month: usize, day: i64) -> i64 {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let years: i64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let february = if is_leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    years + months[..month].iter().sum::<i64>() + day - 1
}

proptest! {
    #[test]
    fn every_second_is_read_and_written_as_the_calendar_counts(
        year in 1970_i64..2500, month in 0_usize..12, day in 1_i64..=28, second in 0_i64..86_400,
    ) {
        let days = counted(year, month, day);
        let names = "JanFebMarAprMayJunJulAugSepOctNovDec";
        let month = &names[month * 3..month * 3 + 3];
        let week_day = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
            [usize::try_from(days % 7).unwrap()];
        let time = format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60);
        let fixdate = format!("{week_day}, {day:02} {month} {year} {time} GMT");
        let asctime = format!("{week_day} {month} {day:2} {time} {year}");
        let expected = at(days * 86_400 + second);
        prop_assert_eq!(read(&fixdate), Some(expected));
        prop_assert_eq!(read(&asctime), Some(expected));
        prop_assert_eq!(render_date(expected), fixdate);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(value in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = parse_date(&value);
    }
}
