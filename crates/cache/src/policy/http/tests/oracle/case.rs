use http::HeaderMap;
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::super::render_date;
use super::super::storing::fields;
use super::moment;

pub(super) const PATH: &str = "/a?b";
pub(super) const TARGETED: &str = "cdn-cache-control";

/// What a directive is made to mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Means {
    Nothing,
    MaxAge(u64),
    SMaxage(u64),
    NoStore,
    NoCache,
    NoCacheField,
    Private,
    PrivateField,
    Public,
    MustRevalidate,
    ProxyRevalidate,
    MustUnderstand,
    Immutable,
    StaleWhileRevalidate(u64),
    StaleIfError(u64),
    AnyStale,
    MaxStale(u64),
    MinFresh(u64),
}

/// In which way a directive is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Plainly,
    InCapitals,
    Spaced,
    /// As a number that is none, or is larger than it may be.
    OddNumber,
    /// Between the quotes of another.
    Hidden,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) means: Means,
    pub(super) written: Written,
}

/// A date, in seconds from the answer on; none if it cannot be read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stamp {
    pub(super) text: String,
    pub(super) means: Option<i64>,
}

/// A request after the response was stored.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Later {
    pub(super) after: u64,
    pub(super) control: Vec<Said>,
    pub(super) has_pragma: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Case {
    pub(super) method: &'static str,
    pub(super) is_authorized: bool,
    pub(super) request: Vec<Said>,
    /// Between the request and its answer, in seconds.
    pub(super) delay: u64,
    pub(super) status: u16,
    pub(super) control: Vec<Said>,
    pub(super) is_in_lines: bool,
    pub(super) targeted: Vec<Said>,
    pub(super) date: Vec<Stamp>,
    pub(super) expires: Vec<Stamp>,
    pub(super) modified: Option<Stamp>,
    /// Lines, and what they mean.
    pub(super) age: (Vec<String>, u64),
    pub(super) others: Vec<(&'static str, &'static str)>,
    pub(super) later: Vec<Later>,
}

impl Said {
    pub(super) fn plainly(means: Means) -> Self {
        let text = match means {
            Means::Nothing => "x".to_owned(),
            Means::MaxAge(seconds) => format!("max-age={seconds}"),
            Means::SMaxage(seconds) => format!("s-maxage={seconds}"),
            Means::NoStore => "no-store".to_owned(),
            Means::NoCache => "no-cache".to_owned(),
            Means::NoCacheField => "no-cache=\"x-a\"".to_owned(),
            Means::Private => "private".to_owned(),
            Means::PrivateField => "private=\"x-a\"".to_owned(),
            Means::Public => "public".to_owned(),
            Means::MustRevalidate => "must-revalidate".to_owned(),
            Means::ProxyRevalidate => "proxy-revalidate".to_owned(),
            Means::MustUnderstand => "must-understand".to_owned(),
            Means::Immutable => "immutable".to_owned(),
            Means::StaleWhileRevalidate(seconds) => format!("stale-while-revalidate={seconds}"),
            Means::StaleIfError(seconds) => format!("stale-if-error={seconds}"),
            Means::AnyStale => "max-stale".to_owned(),
            Means::MaxStale(seconds) => format!("max-stale={seconds}"),
            Means::MinFresh(seconds) => format!("min-fresh={seconds}"),
        };
        Self { text, means, written: Written::Plainly }
    }
}

impl Case {
    pub(super) fn request_fields(&self) -> HeaderMap {
        let control = line(&self.request);
        let control = control.iter().map(|line| ("cache-control", line.as_str()));
        let authorized = self.is_authorized.then_some(("authorization", "Basic eDp5"));
        fields(control.chain(authorized))
    }

    pub(super) fn response_fields(&self) -> HeaderMap {
        let control = if self.is_in_lines {
            self.control.iter().map(|said| said.text.clone()).collect()
        } else {
            Vec::from_iter(line(&self.control))
        };
        let targeted = line(&self.targeted);
        let control = control.iter().map(|line| ("cache-control", line.as_str()));
        let targeted = targeted.iter().map(|line| (TARGETED, line.as_str()));
        let date = self.date.iter().map(|stamp| ("date", stamp.text.as_str()));
        let expires = self.expires.iter().map(|stamp| ("expires", stamp.text.as_str()));
        let modified = self.modified.iter().map(|stamp| ("last-modified", stamp.text.as_str()));
        let age = self.age.0.iter().map(|line| ("age", line.as_str()));
        let others = self.others.iter().copied();
        let all = control.chain(targeted).chain(date).chain(expires).chain(modified);
        fields(all.chain(age).chain(others))
    }

    pub(super) fn says(&self, means: Means) -> bool {
        self.control.iter().any(|said| said.means == means)
    }
}

impl Later {
    pub(super) fn fields(&self) -> HeaderMap {
        let control = line(&self.control);
        let control = control.iter().map(|line| ("cache-control", line.as_str()));
        fields(control.chain(self.has_pragma.then_some(("pragma", "no-cache"))))
    }
}

fn line(all: &[Said]) -> Option<String> {
    let texts: Vec<_> = all.iter().map(|said| said.text.as_str()).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

const SECONDS: [u64; 8] = [0, 1, 10, 60, 61, 100, 3_600, 100_000];

/// A directive with a number, in one of the ways to write it.
fn numbered(name: &'static str, means: fn(u64) -> Means) -> impl Strategy<Value = Said> {
    let ways = SECONDS.into_iter().flat_map(|seconds| (0..24).map(move |way| (seconds, way)));
    let said = ways.map(|(seconds, way)| {
        let (text, means, written) = match way {
            0 => (format!("\"{seconds}\""), means(seconds), Written::Plainly),
            1 => (format!("00{seconds}"), means(seconds), Written::Plainly),
            2 => (format!("-{seconds}"), means(0), Written::OddNumber),
            3 => (format!("+{seconds}"), means(0), Written::OddNumber),
            4 => (format!("'{seconds}'"), means(0), Written::OddNumber),
            5 => (format!("{seconds}.0"), means(0), Written::OddNumber),
            6 => (format!("{seconds}{}", "0".repeat(30)), means(0), Written::OddNumber),
            _ => (seconds.to_string(), means(seconds), Written::Plainly),
        };
        // Too large a number is the largest that there is, unless it is zero.
        let means_most = way == 6 && seconds > 0;
        let means = if means_most { greatest(means) } else { means };
        match way {
            7 => Said {
                text: name.to_uppercase() + "=" + &text,
                means,
                written: Written::InCapitals,
            },
            8 => spaced(format!("{name} ={text}")),
            9 => spaced(format!("{name}= {text}")),
            10 => Said { text: name.to_owned(), means: least(means), written: Written::OddNumber },
            11 => hidden(&format!("{name}={text}, no-store, private")),
            _ => Said { text: format!("{name}={text}"), means, written },
        }
    });
    select(said.collect::<Vec<_>>())
}

fn with(means: Means, seconds: u64) -> Means {
    match means {
        Means::MaxAge(_) => Means::MaxAge(seconds),
        Means::SMaxage(_) => Means::SMaxage(seconds),
        Means::StaleWhileRevalidate(_) => Means::StaleWhileRevalidate(seconds),
        Means::StaleIfError(_) => Means::StaleIfError(seconds),
        other => other,
    }
}

fn greatest(means: Means) -> Means {
    with(means, 1 << 31)
}

fn least(means: Means) -> Means {
    with(means, 0)
}

fn spaced(text: String) -> Said {
    Said { text, means: Means::Nothing, written: Written::Spaced }
}

fn hidden(text: &str) -> Said {
    Said { text: format!("x=\"{text}\""), means: Means::Nothing, written: Written::Hidden }
}

/// A directive without a number, one time in ten in capitals.
fn flag(means: Means) -> impl Strategy<Value = Said> {
    let plain = Said::plainly(means);
    let text = plain.text.to_uppercase();
    let mut ways = vec![plain; 9];
    ways.push(Said { text, means, written: Written::InCapitals });
    select(ways)
}

fn plain(means: fn(u64) -> Means) -> impl Strategy<Value = Said> {
    select(Vec::from_iter(SECONDS.map(|seconds| Said::plainly(means(seconds)))))
}

fn of_response() -> impl Strategy<Value = Said> {
    prop_oneof![
        8 => numbered("max-age", Means::MaxAge),
        4 => numbered("s-maxage", Means::SMaxage),
        1 => flag(Means::NoStore),
        1 => flag(Means::NoCache),
        1 => flag(Means::NoCacheField),
        1 => flag(Means::Private),
        1 => flag(Means::PrivateField),
        3 => flag(Means::Public),
        2 => flag(Means::MustRevalidate),
        1 => flag(Means::ProxyRevalidate),
        1 => flag(Means::MustUnderstand),
        2 => flag(Means::Immutable),
        2 => numbered("stale-while-revalidate", Means::StaleWhileRevalidate),
        1 => numbered("stale-if-error", Means::StaleIfError),
        1 => flag(Means::Nothing),
    ]
}

fn of_targeted() -> impl Strategy<Value = Said> {
    prop_oneof![
        4 => plain(Means::MaxAge),
        1 => plain(Means::SMaxage),
        1 => Just(Said::plainly(Means::NoStore)),
        1 => Just(Said::plainly(Means::Private)),
        1 => Just(Said::plainly(Means::Public)),
        1 => Just(Said::plainly(Means::Nothing)),
    ]
}

/// Demands of requests: a number that cannot be read is no demand, but for `max-age`.
fn of_request() -> impl Strategy<Value = Said> {
    let odd = |name: &'static str| {
        let text = format!("{name}=1.5");
        Just(Said { text, means: Means::Nothing, written: Written::OddNumber })
    };
    prop_oneof![
        6 => numbered("max-age", Means::MaxAge),
        6 => plain(Means::MaxStale),
        2 => flag(Means::AnyStale),
        1 => odd("max-stale"),
        4 => plain(Means::MinFresh),
        1 => odd("min-fresh"),
        1 => flag(Means::NoCache),
        1 => flag(Means::Nothing),
    ]
}

const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A date this many seconds from the answer on, in some format.
fn stamp(offsets: &'static [i64]) -> impl Strategy<Value = Stamp> {
    let ways = offsets.iter().flat_map(|offset| (0..16).map(move |way| (*offset, way)));
    let stamps = ways.map(|(offset, way)| {
        let distance = std::time::Duration::from_secs(offset.unsigned_abs());
        let time = if offset < 0 { moment(0) - distance } else { moment(0) + distance };
        let fixdate = render_date(time);
        let (day, date, month) = (&fixdate[..3], &fixdate[5..7], &fixdate[8..11]);
        let (year, clock) = (&fixdate[12..16], &fixdate[17..25]);
        let long = DAYS.into_iter().find(|name| name.starts_with(day)).unwrap();
        let short = date.trim_start_matches('0');
        let (text, means) = match way {
            0 => (format!("{long}, {date}-{month}-{} {clock} GMT", &year[2..]), Some(offset)),
            1 => (format!("{day} {month} {short:>2} {clock} {year}"), Some(offset)),
            2 => (fixdate.to_uppercase(), Some(offset)),
            3 => (fixdate.replace("GMT", "+0000"), None),
            4 => (format!("{day}, {date} {month} {} {clock} GMT", &year[2..]), None),
            5 => ("0".to_owned(), None),
            _ => (fixdate, Some(offset)),
        };
        Stamp { text, means }
    });
    select(stamps.collect::<Vec<_>>())
}

const DATES: [i64; 6] = [0, 0, 0, -60, -4_000, 100];
const EXPIRIES: [i64; 7] = [-100, 0, 1, 60, 3_600, 100_000, 400_000_000];
/// Multiples of ten, whose tenths are whole seconds.
const MODIFICATIONS: [i64; 6] = [10, 0, -100, -1_000, -1_000_000, -100_000_000];

const AGES: [(&[&str], u64); 9] = [
    (&["0"], 0),
    (&["30"], 30),
    (&["4000"], 4_000),
    (&["30, 4000"], 30),
    (&["30", "4000"], 30),
    (&["4000, x"], 4_000),
    (&["+30"], 0),
    (&["30.5"], 0),
    (&["99999999999999999999999"], 1 << 31),
];

const OTHERS: [(&str, &str); 11] = [
    ("etag", "\"a\""),
    ("etag", "W/\"a\""),
    ("set-cookie", "a=b"),
    ("pragma", "no-cache"),
    ("vary", "*"),
    ("vary", "accept"),
    ("vary", "accept, *"),
    ("content-location", PATH),
    ("content-type", "text/event-stream"),
    ("x-a", "1"),
    ("connection", "x-b"),
];

const STATUSES: [u16; 15] =
    [203, 204, 206, 299, 301, 302, 304, 404, 410, 412, 416, 500, 501, 503, 599];

fn later() -> impl Strategy<Value = Later> {
    let after = select(&[0, 1, 29, 30, 59, 60, 61, 70, 99, 100, 1_000, 3_600, 100_000][..]);
    let control = prop_oneof![1 => Just(Vec::new()), 2 => vec(of_request(), 1..3)];
    (after, control, prop::bool::weighted(0.05)).prop_map(|(after, control, has_pragma)| Later {
        after,
        control,
        has_pragma,
    })
}

pub(super) fn cases() -> impl Strategy<Value = Case> {
    let request = (
        prop_oneof![20 => Just("GET"), 1 => Just("HEAD"), 2 => Just("POST"), 1 => Just("PUT")],
        prop::bool::weighted(0.15),
        weighted(0.05, Just(Said::plainly(Means::NoStore))),
        prop_oneof![4 => Just(0_u64), 1 => Just(5)],
    );
    let control = (
        prop_oneof![4 => Just(200), 1 => select(&STATUSES[..])],
        vec(of_response(), 0..4),
        any::<bool>(),
        prop_oneof![9 => Just(Vec::new()), 1 => vec(of_targeted(), 1..3)],
    );
    let several = |offsets| {
        prop_oneof![
            3 => vec(stamp(offsets), 0..=1),
            1 => Just(Vec::new()),
            1 => vec(stamp(offsets), 1..=2),
        ]
    };
    let rest = (
        several(&DATES),
        prop_oneof![1 => several(&EXPIRIES), 1 => Just(Vec::new())],
        weighted(0.3, stamp(&MODIFICATIONS)),
        prop_oneof![3 => Just((&[][..], 0)), 1 => select(&AGES[..])],
        prop_oneof![1 => Just(Vec::new()), 1 => vec(select(&OTHERS[..]), 0..3)],
        vec(later(), 1..4),
    );
    (request, control, rest).prop_map(|(request, control, rest)| Case {
        method: request.0,
        is_authorized: request.1,
        request: Vec::from_iter(request.2),
        delay: request.3,
        status: control.0,
        control: control.1,
        is_in_lines: control.2,
        targeted: control.3,
        date: rest.0,
        expires: rest.1,
        modified: rest.2,
        age: (rest.3.0.iter().map(ToString::to_string).collect(), rest.3.1),
        others: rest.4,
        later: rest.5,
    })
}
