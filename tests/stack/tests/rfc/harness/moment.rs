//! Dates beside the present one in the text of a case.
//!
//! `{+60}` and `{-60}` are IMF-fixdates so many seconds away, `{+60 rfc850}` and `{+60 asctime}` the
//! same in the two obsolete forms. `{url}` is the case's path, `{host}` the proxy's authority.

use std::time::{Duration, SystemTime};

pub(super) fn fill(text: &str, path: &str, host: &str) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    let now = SystemTime::now();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').unwrap();
        filled.push_str(before);
        filled.push_str(&match name {
            "url" => path.to_owned(),
            "host" => host.to_owned(),
            offset => date(now, offset),
        });
        rest = behind;
    }
    filled + rest
}

/// The date that `+60`, `-60 rfc850` or the like stands for.
fn date(now: SystemTime, offset: &str) -> String {
    let (seconds, form) = offset.split_once(' ').unwrap_or((offset, ""));
    let seconds: i64 = seconds.parse().unwrap();
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let moment = if seconds < 0 { now - distance } else { now + distance };
    let date = httpdate::fmt_http_date(moment);
    match form {
        "rfc850" => rfc850(&date),
        "asctime" => asctime(&date),
        _ => date,
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as `Sunday, 06-Nov-94 08:49:37 GMT`.
fn rfc850(date: &str) -> String {
    let day = match &date[..3] {
        "Tue" => "Tuesday",
        "Wed" => "Wednesday",
        "Thu" => "Thursday",
        "Sat" => "Saturday",
        "Sun" => "Sunday",
        "Mon" => "Monday",
        _ => "Friday",
    };
    format!("{day}, {}-{}-{} {}", &date[5..7], &date[8..11], &date[14..16], &date[17..])
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as `Sun Nov  6 08:49:37 1994`.
fn asctime(date: &str) -> String {
    let day: u8 = date[5..7].parse().unwrap();
    format!("{} {} {day:>2} {} {}", &date[..3], &date[8..11], &date[17..25], &date[12..16])
}
