use std::time::{Duration, SystemTime};

const DAYS: [&[u8]; 7] =
    [b"Monday", b"Tuesday", b"Wednesday", b"Thursday", b"Friday", b"Saturday", b"Sunday"];
const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];
const DAY: i64 = 86_400;
/// From 1 March of year 0 to 1 January 1970.
const EPOCH: i64 = 719_468;
/// The days of 400 years, after which the calendar repeats itself.
const ERA: i64 = 146_097;

/// Reads an HTTP-date in any of its three formats (RFC 9110, section 5.6.7). Names of days, months
/// and the zone in any case; everything else strictly, since what cannot be read counts as past.
/// The two digits of a year are read as of today.
pub(crate) fn parse_date(value: &[u8]) -> Option<SystemTime> {
    parse_date_at(value, SystemTime::now)
}

/// The same, where two digits of a year are read as of `now`: at most 50 years ahead.
pub(super) fn parse_date_at(value: &[u8], now: impl FnOnce() -> SystemTime) -> Option<SystemTime> {
    let mut rest = Rest(value.trim_ascii());
    let day_name = DAYS.iter().find_map(|name| {
        let mut rest = Rest(rest.0);
        let long = rest.take(name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name));
        (long && rest.0.first() == Some(&b',')).then_some(rest)
    });
    let moment = if let Some(long) = day_name {
        long.rfc_850(now)
    } else {
        let name = rest.take(3)?;
        DAYS.iter().find(|day| day.get(..3).is_some_and(|day| day.eq_ignore_ascii_case(name)))?;
        if rest.0.first() == Some(&b',') { rest.imf_fixdate() } else { rest.asctime() }
    }?;
    moment.time()
}

/// An IMF-fixdate.
pub(crate) fn render_date(time: SystemTime) -> String {
    let moment = Moment::of(seconds_of(time));
    let name = |names: &[&'static [u8]], index: i64| {
        let name = usize::try_from(index).ok().and_then(|index| names.get(index));
        name.and_then(|name| name.get(..3)).and_then(|name| str::from_utf8(name).ok())
    };
    // 1 January 1970 was a Thursday.
    let day = name(&DAYS, (moment.days() + 3).rem_euclid(7)).unwrap_or_default();
    let month = name(&MONTHS, moment.month - 1).unwrap_or_default();
    let Moment { year, day: date, hour, minute, second, .. } = moment;
    format!("{day}, {date:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Seconds since 1970, rounded down, from year 0 to 9999.
fn seconds_of(time: SystemTime) -> i64 {
    let seconds = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            let before = before.duration();
            let up = u64::from(before.subsec_nanos() > 0);
            i64::try_from(before.as_secs().saturating_add(up)).map_or(i64::MIN, |it| -it)
        }
    };
    seconds.clamp(-62_167_219_200, 253_402_300_799)
}

/// What is left of a date that is read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn literal(&mut self, text: &[u8]) -> Option<()> {
        (self.take(text.len())? == text).then_some(())
    }

    fn number(&mut self, digits: usize) -> Option<i64> {
        let digits = self.take(digits)?;
        digits.iter().try_fold(0, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'))
        })
    }

    fn month(&mut self) -> Option<i64> {
        let name = self.take(3)?;
        let index = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))?;
        i64::try_from(index + 1).ok()
    }

    fn time_of_day(&mut self) -> Option<[i64; 3]> {
        let hour = self.number(2)?;
        self.literal(b":")?;
        let minute = self.number(2)?;
        self.literal(b":")?;
        Some([hour, minute, self.number(2)?])
    }

    /// ` 08:49:37 GMT`, and nothing after it.
    fn time_and_zone(&mut self) -> Option<[i64; 3]> {
        self.literal(b" ")?;
        let time = self.time_of_day()?;
        self.literal(b" ")?;
        self.0.eq_ignore_ascii_case(b"GMT").then_some(time)
    }

    /// `, 06 Nov 1994 08:49:37 GMT`.
    fn imf_fixdate(mut self) -> Option<Moment> {
        self.literal(b", ")?;
        let day = self.number(2)?;
        self.literal(b" ")?;
        let month = self.month()?;
        self.literal(b" ")?;
        let year = self.number(4)?;
        Moment::new(year, month, day, self.time_and_zone()?)
    }

    /// `, 06-Nov-94 08:49:37 GMT`.
    fn rfc_850(mut self, now: impl FnOnce() -> SystemTime) -> Option<Moment> {
        self.literal(b", ")?;
        let day = self.number(2)?;
        self.literal(b"-")?;
        let month = self.month()?;
        self.literal(b"-")?;
        let digits = self.number(2)?;
        let time = self.time_and_zone()?;
        let now = Moment::of(seconds_of(now()));
        // The latest year with these digits that is not more than 50 years ahead, to the second.
        let latest = now.year + 50 - (now.year + 50 - digits).rem_euclid(100);
        let moment = Moment::new(latest, month, day, time);
        let limit = Moment { year: now.year + 50, ..now };
        match moment {
            Some(moment) if moment <= limit => Some(moment),
            _ => Moment::new(latest - 100, month, day, time),
        }
    }

    /// ` Nov  6 08:49:37 1994`.
    fn asctime(mut self) -> Option<Moment> {
        self.literal(b" ")?;
        let month = self.month()?;
        self.literal(b" ")?;
        let day = if self.0.first() == Some(&b' ') {
            self.take(1)?;
            self.number(1)?
        } else {
            self.number(2)?
        };
        self.literal(b" ")?;
        let time = self.time_of_day()?;
        self.literal(b" ")?;
        let year = self.number(4)?;
        self.0.is_empty().then_some(())?;
        Moment::new(year, month, day, time)
    }
}

/// A moment of the proleptic Gregorian calendar.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Moment {
    year: i64,
    /// From 1.
    month: i64,
    /// From 1.
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Moment {
    fn new(year: i64, month: i64, day: i64, [hour, minute, second]: [i64; 3]) -> Option<Self> {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        // A second of 60 is a leap second.
        let exists = (1..=days).contains(&day) && hour < 24 && minute < 60 && second <= 60;
        exists.then_some(Self { year, month, day, hour, minute, second })
    }

    fn of(seconds: i64) -> Self {
        let (days, time) = (seconds.div_euclid(DAY) + EPOCH, seconds.rem_euclid(DAY));
        let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
        // Years begin in March here, so that a leap day is the last of its year.
        let of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * of_era + of_era / 4 - of_era / 100);
        let month = (5 * day + 2) / 153;
        let year = era * 400 + of_era + i64::from(month >= 10);
        Self {
            year,
            month: if month < 10 { month + 3 } else { month - 9 },
            day: day - (153 * month + 2) / 5 + 1,
            hour: time / 3_600,
            minute: time / 60 % 60,
            second: time % 60,
        }
    }

    /// Days since 1970.
    fn days(&self) -> i64 {
        let year = if self.month > 2 { self.year } else { self.year - 1 };
        let month = if self.month > 2 { self.month - 3 } else { self.month + 9 };
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let day = (153 * month + 2) / 5 + self.day - 1;
        era * ERA + of_era * 365 + of_era / 4 - of_era / 100 + day - EPOCH
    }

    fn time(&self) -> Option<SystemTime> {
        let of_day = self.hour * 3_600 + self.minute * 60 + self.second;
        let seconds = self.days() * DAY + of_day;
        let distance = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        }
    }
}
