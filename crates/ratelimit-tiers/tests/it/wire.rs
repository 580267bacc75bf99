//! The headers say what the drafts and the field's customs say, and are read back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bartizan_ratelimit_tiers::wire::{
    DraftVersion, HeaderForms, PolicyStatus, PreparedHeaders, QuotaPolicy, RateLimits, ResetFormat,
    Standing, parse, retry_after,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::collection::vec;
use proptest::prelude::*;

/// 2025-11-20 12:24:11 GMT.
const NOW: u64 = 1_763_641_451;
const FREE: Standing = Standing { remaining: 17, reset_after: Duration::from_secs(42) };

#[test]
fn both_families_are_written_by_default() {
    let headers = PreparedHeaders::new(HeaderForms::default(), &api()).with_tier("free").unwrap();
    assert_eq!(
        lines(&written(&headers, FREE)),
        [
            r#"ratelimit-policy: "api";q=20;w=60"#,
            r#"ratelimit: "api";r=17;t=42"#,
            "x-ratelimit-limit: 20",
            "x-ratelimit-remaining: 17",
            "x-ratelimit-reset: 1763641493",
            "x-ratelimit-tier: free",
            "x-ratelimit-window: 60",
        ]
    );
}

#[test]
fn each_form_is_written_alone() {
    let x = |reset| HeaderForms::none().with_x_rate_limit(reset);
    let draft = |version| HeaderForms::none().with_draft(version);
    let x_lines = |reset: &str| {
        vec![
            "x-ratelimit-limit: 20".to_owned(),
            "x-ratelimit-remaining: 17".to_owned(),
            format!("x-ratelimit-reset: {reset}"),
            "x-ratelimit-window: 60".to_owned(),
        ]
    };
    for (forms, expected) in [
        (HeaderForms::none(), vec![]),
        (x(ResetFormat::EpochSeconds), x_lines("1763641493")),
        (x(ResetFormat::EpochMillis), x_lines("1763641493000")),
        (x(ResetFormat::DeltaSeconds), x_lines("42")),
        (
            draft(DraftVersion::Draft07),
            vec![
                "ratelimit-policy: 20;w=60".to_owned(),
                "ratelimit: limit=20, remaining=17, reset=42".to_owned(),
            ],
        ),
        (
            draft(DraftVersion::Draft08To11),
            vec![
                r#"ratelimit-policy: "api";q=20;w=60"#.to_owned(),
                r#"ratelimit: "api";r=17;t=42"#.to_owned(),
            ],
        ),
    ] {
        assert_eq!(lines(&written(&PreparedHeaders::new(forms, &api()), FREE)), expected);
    }
}

#[test]
fn all_policies_are_listed_and_one_is_shown() {
    let daily = limit("a day", 1000, 86_400);
    for (draft, expected) in [
        (DraftVersion::Draft08To11, r#""api";q=20;w=60, "a day";q=1000;w=86400"#),
        (DraftVersion::Draft07, "20;w=60, 1000;w=86400"),
    ] {
        let forms = HeaderForms::none().with_draft(draft);
        let headers = PreparedHeaders::new(forms, &daily).with_policies(&[api(), daily.clone()]);
        let headers = written(&headers, FREE);
        assert_eq!(headers["ratelimit-policy"], expected);
        let shown = headers["ratelimit"].to_str().unwrap();
        assert!(
            shown.starts_with(r#""a day";r=17"#) || shown.starts_with("limit=1000,"),
            "{shown}"
        );
    }
}

#[test]
fn times_are_rounded_up() {
    let headers = PreparedHeaders::new(HeaderForms::default(), &limit("a", 1, 1));
    let now = UNIX_EPOCH + Duration::new(NOW, 600_000_000);
    for (reset_after, delta, epoch) in [
        (Duration::ZERO, "0", "1763641452"),
        (Duration::from_nanos(1), "1", "1763641452"),
        (Duration::from_millis(400), "1", "1763641452"),
        (Duration::from_millis(401), "1", "1763641453"),
        (Duration::from_secs(1), "1", "1763641453"),
        (Duration::from_millis(1001), "2", "1763641453"),
    ] {
        let mut map = HeaderMap::new();
        headers.write_into(&mut map, Standing { remaining: 0, reset_after }, now);
        assert_eq!(map["ratelimit"], format!("\"a\";r=0;t={delta}"));
        assert_eq!(map["x-ratelimit-reset"], epoch);
    }
    let forms = HeaderForms::none().with_x_rate_limit(ResetFormat::EpochMillis);
    let mut map = HeaderMap::new();
    let standing = Standing { remaining: 0, reset_after: Duration::from_nanos(1_000_001) };
    PreparedHeaders::new(forms, &api()).write_into(&mut map, standing, now);
    assert_eq!(map["x-ratelimit-reset"], "1763641451602");

    let short = QuotaPolicy::new("short", 1, Duration::from_millis(1500)).unwrap();
    let headers = written(&PreparedHeaders::new(HeaderForms::default(), &short), FREE);
    assert_eq!(headers["ratelimit-policy"], r#""short";q=1;w=2"#);
    assert_eq!(headers["x-ratelimit-window"], "2");
}

#[test]
fn retry_after_is_at_least_one_second() {
    for (wait, expected) in [
        (Duration::ZERO, "1"),
        (Duration::from_nanos(1), "1"),
        (Duration::from_secs(1), "1"),
        (Duration::new(1, 1), "2"),
        (Duration::from_secs(999), "999"),
        (Duration::from_secs(1000), "1000"),
        (Duration::MAX, "999999999999999"),
    ] {
        assert_eq!(retry_after(wait), expected);
    }
}

#[test]
fn integers_have_15_digits_at_most() {
    let most = Standing { remaining: u32::MAX, reset_after: Duration::MAX };
    let name = "\"".repeat(64);
    let longest = QuotaPolicy::new(&name, u32::MAX, Duration::MAX).unwrap();
    let quoted = format!("\"{}\"", "\\\"".repeat(64));
    let headers = written(&PreparedHeaders::new(HeaderForms::default(), &longest), most);
    assert_eq!(headers["ratelimit"], format!("{quoted};r=4294967295;t=999999999999999"));
    assert_eq!(headers["ratelimit-policy"], format!("{quoted};q=4294967295;w=999999999999999"));
    assert_eq!(headers["x-ratelimit-reset"], "999999999999999");
    let millis = HeaderForms::none().with_x_rate_limit(ResetFormat::EpochMillis);
    let headers = written(&PreparedHeaders::new(millis, &longest), most);
    assert_eq!(headers["x-ratelimit-reset"], "999999999999999");
}

#[test]
fn small_integers_have_no_leading_zeros() {
    let headers = PreparedHeaders::new(HeaderForms::default(), &api());
    for remaining in 0..=1100 {
        let headers = written(&headers, Standing { remaining, ..FREE });
        assert_eq!(headers["x-ratelimit-remaining"], remaining.to_string());
    }
}

#[test]
fn names_are_strings_of_structured_fields() {
    let odd = limit(r#"a "b" \c"#, 1, 1);
    let headers = written(&PreparedHeaders::new(HeaderForms::default(), &odd), FREE);
    assert_eq!(headers["ratelimit"], r#""a \"b\" \\c";r=17;t=42"#);
    assert_eq!(parse(&headers, now()).policies()[0].name(), Some(r#"a "b" \c"#));
    let long = "x".repeat(65);
    for name in ["", "caf\u{e9}", "a\nb", "\u{7f}", &long] {
        let error = QuotaPolicy::new(name, 1, Duration::from_secs(1)).unwrap_err().to_string();
        let expected =
            format!("policy name is {name:?}, expected 1 to 64 printable ASCII characters");
        assert_eq!(error, expected);
    }
    assert!(QuotaPolicy::new("a", 1, Duration::ZERO).is_err());
    for tier in ["", "a\nb", "caf\u{e9}"] {
        let prepared = PreparedHeaders::new(HeaderForms::default(), &api());
        assert!(prepared.with_tier(tier).is_err(), "{tier:?}");
    }
}

#[test]
fn headers_of_the_response_stay_and_ours_replace_their_namesakes() {
    let prepared = PreparedHeaders::new(HeaderForms::default(), &api()).with_tier("free").unwrap();
    let ours = lines(&written(&prepared, FREE));
    for others in 0..20 {
        let mut headers = HeaderMap::new();
        headers.append("x-ratelimit-reset", HeaderValue::from_static("theirs"));
        headers.append("x-ratelimit-reset", HeaderValue::from_static("theirs too"));
        headers.append("set-cookie", HeaderValue::from_static("a=1"));
        headers.append("ratelimit", HeaderValue::from_static("theirs"));
        headers.append("set-cookie", HeaderValue::from_static("b=2"));
        headers.append("set-cookie", HeaderValue::from_static("c=3"));
        for other in 0..others {
            let name = HeaderName::try_from(format!("x-other-{other}")).unwrap();
            headers.append(&name, HeaderValue::from_static("1"));
            headers.append(&name, HeaderValue::from_static("2"));
        }
        prepared.write_into(&mut headers, FREE, now());

        let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1", "b=2", "c=3"]);
        for other in 0..others {
            let values: Vec<_> = headers.get_all(format!("x-other-{other}")).iter().collect();
            assert_eq!(values, ["1", "2"]);
        }
        let told: Vec<_> =
            lines(&headers).into_iter().filter(|line| line.contains("ratelimit")).collect();
        assert_eq!(told, ours);
        assert_eq!(headers.len(), 7 + 3 + 2 * others);
    }
}

#[test]
fn the_examples_of_the_drafts_08_to_11_are_read() {
    let found = read(&[
        ("ratelimit-policy", r#""burst";q=100;w=60,"daily";q=1000;w=86400"#),
        ("ratelimit", r#""daily";r=1;t=36400"#),
    ]);
    assert_eq!(told(&found), ["burst 100/60 -@-", "daily 1000/86400 1@36400"]);

    let found = read(&[
        ("ratelimit-policy", r#""peruser";q=65535;qu="content-bytes";w=10;pk=:sdfjLJUOUH==:"#),
        ("ratelimit", r#""default";r=999;pk=:dHJpYWwxMjEzMjM=:"#),
    ]);
    assert_eq!(told(&found), ["peruser 65535/10 -@-", "default -/- 999@-"]);
    assert_eq!(found.policies()[0].unit(), Some("content-bytes"));
    assert_eq!(found.policies()[1].partition_key(), Some(&b"trial121323"[..]));

    // Lines are one list; partitions are told apart; comments are passed over.
    let found = read(&[
        ("ratelimit-policy", r#""a";q=5;w=1;acme-burst=9;pk=:AQ==:"#),
        ("ratelimit-policy", r#""a";q=5;w=1;pk=:Ag==:"#),
        ("ratelimit", r#""a";pk=:Ag==:;r=2;t=1;comment="x, y""#),
        ("ratelimit", r#""a";pk=:AQ==:;r=1;t=1"#),
    ]);
    assert_eq!(told(&found), ["a 5/1 1@1", "a 5/1 2@1"]);
}

#[test]
fn the_examples_of_the_drafts_03_to_07_are_read() {
    for (headers, expected) in [
        (
            &[
                ("ratelimit", "limit=100, remaining=50, reset=5"),
                ("ratelimit-policy", "10;w=1;burst=1000, 100;w=60"),
            ][..],
            &["- 10/1 -@-", "- 100/60 50@5"][..],
        ),
        (
            &[("ratelimit", "limit=0, remaining=0, reset=20"), ("ratelimit-policy", "15;w=20")],
            &["- 0/- 0@20", "- 15/20 -@-"],
        ),
        (&[("ratelimit", "limit=10, reset=1")], &["- 10/- -@1"]),
        (
            &[
                ("ratelimit-limit", "10000"),
                ("ratelimit-policy", "10000;w=1000"),
                ("ratelimit-remaining", "10000"),
                ("ratelimit-reset", "10"),
            ],
            &["- 10000/1000 10000@10"],
        ),
        (
            &[
                ("ratelimit-limit", "10, 10;w=1, 50;w=60"),
                ("ratelimit-remaining", "1"),
                ("ratelimit-reset", "7"),
            ],
            &["- 10/1 1@7", "- 50/60 -@-"],
        ),
        (&[("ratelimit-policy", "10;w=1, 10;w=60")], &["- 10/1 -@-", "- 10/60 -@-"]),
    ] {
        assert_eq!(told(&read(headers)), expected);
    }
}

#[test]
fn what_a_reset_counts_is_guessed_from_its_size() {
    let date = "Thu, 20 Nov 2025 12:24:53 GMT";
    for (reset, after) in [
        ("42", 42.0),
        ("1763641493", 42.0),
        ("1763641493.5", 42.5),
        ("1763641493000", 42.0),
        (" 42 ", 42.0),
        ("0.25", 0.25),
        ("999999999", 999_999_999.0),
        ("1000000000", 0.0),
        ("1763641400", 0.0),
        (date, 42.0),
    ] {
        for name in ["x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset"] {
            let found = read(&[(name, reset)]);
            let expected = Duration::from_secs_f64(after);
            assert_eq!(found.policies()[0].reset_after(), Some(expected), "{reset}");
        }
    }
    for reset in ["", "-1", "1e3", "1.", ".5", "soon", "1763641493Z", "\u{661}"] {
        assert_eq!(read(&[("x-ratelimit-reset", reset)]), RateLimits::default(), "{reset}");
    }
}

#[test]
fn retry_after_is_read_as_delay_and_as_date() {
    for (value, after) in [
        ("120", Some(120)),
        ("0", Some(0)),
        ("99999999999999999999", Some(u64::MAX)),
        ("Thu, 20 Nov 2025 12:24:53 GMT", Some(42)),
        ("Thursday, 20-Nov-25 12:24:53 GMT", Some(42)),
        ("Thu Nov 20 12:24:53 2025", Some(42)),
        ("Thu, 20 Nov 2025 12:00:00 GMT", Some(0)),
        ("1.5", None),
        ("-1", None),
        ("", None),
    ] {
        let found = read(&[("retry-after", value)]);
        assert_eq!(found.retry_after(), after.map(Duration::from_secs), "{value}");
    }
    // The server's clock, not ours.
    let found = read(&[
        ("date", "Thu, 20 Nov 2025 10:00:00 GMT"),
        ("retry-after", "Thu, 20 Nov 2025 10:00:07 GMT"),
        ("x-ratelimit-reset", "1763632808"),
    ]);
    assert_eq!(found.retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(found.policies()[0].reset_after(), Some(Duration::from_secs(8)));
}

#[test]
fn the_newest_form_is_read() {
    let all = [
        ("x-ratelimit-limit", "1"),
        ("ratelimit-limit", "2"),
        ("ratelimit", r#""a";r=3"#),
        ("x-ratelimit-tier", "pro"),
    ];
    assert_eq!(told(&read(&all)), ["a -/- 3@-"]);
    assert_eq!(told(&read(&all[..2])), ["- 2/- -@-"]);
    assert_eq!(told(&read(&all[..1])), ["- 1/- -@-"]);
    assert_eq!(read(&all).tier(), Some("pro"));
}

#[test]
fn malformed_fields_are_ignored() {
    for (name, value) in [
        ("ratelimit", r#""a";r=1,"#),
        ("ratelimit", r#""a";r=1 "b""#),
        ("ratelimit", r#""a;r=1"#),
        ("ratelimit", r#""a""#),
        ("ratelimit", r#""a";r=-1"#),
        ("ratelimit", r#""a";r=1.5"#),
        ("ratelimit", r#""a";r=1234567890123456"#),
        ("ratelimit", "a;r=1"),
        ("ratelimit", r#"("a");r=1"#),
        ("ratelimit", "remaining=1"),
        ("ratelimit", "LIMIT=1"),
        ("ratelimit-policy", r#""a";w=1"#),
        ("ratelimit-policy", "w=1"),
        ("x-ratelimit-limit", "many"),
    ] {
        assert_eq!(read(&[(name, value)]), RateLimits::default(), "{value}");
    }
    let found = read(&[("ratelimit-policy", r#""a";q=1;w=0"#)]);
    assert_eq!(told(&found), ["a 1/- -@-"]);
}

#[test]
fn a_client_reads_no_more_than_its_bounds() {
    let many = vec![r#""a";q=1"#; 100].join(", ");
    assert_eq!(read(&[("ratelimit-policy", &many)]).policies().len(), 32);
    let long = format!("\"{}\";q=1", "a".repeat(9000));
    assert_eq!(read(&[("ratelimit-policy", &long)]), RateLimits::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn what_is_written_is_read_back(
        name in "[ -~]{1,64}",
        quota: u32,
        window in (0..u64::from(u32::MAX), 1..1_000_000_000_u32),
        remaining: u32,
        reset_after in duration(),
        now_nanos in 0..1_000_000_000_u32,
        x in prop::option::of(prop::sample::select(vec![
            ResetFormat::EpochSeconds, ResetFormat::EpochMillis, ResetFormat::DeltaSeconds,
        ])),
        draft in prop::option::of(prop::sample::select(vec![
            DraftVersion::Draft07, DraftVersion::Draft08To11,
        ])),
    ) {
        let now = UNIX_EPOCH + Duration::new(NOW, now_nanos);
        let window = Duration::new(window.0, window.1);
        let limit = QuotaPolicy::new(&name, quota, window).unwrap();
        let mut forms = HeaderForms::none();
        if let Some(reset) = x { forms = forms.with_x_rate_limit(reset) }
        if let Some(version) = draft { forms = forms.with_draft(version) }
        let mut headers = HeaderMap::new();
        let standing = Standing { remaining, reset_after };
        PreparedHeaders::new(forms, &limit).write_into(&mut headers, standing, now);
        let found = parse(&headers, now);

        if x.is_none() && draft.is_none() {
            prop_assert_eq!(found, RateLimits::default());
            return Ok(());
        }
        let [policy] = found.policies() else { panic!("not one policy: {found:?}") };
        let named = draft == Some(DraftVersion::Draft08To11);
        prop_assert_eq!(policy.name(), named.then_some(&*name));
        prop_assert_eq!(policy.quota(), Some(u64::from(quota)));
        prop_assert_eq!(policy.remaining(), Some(u64::from(remaining)));
        prop_assert_eq!(policy.window(), Some(ceil(window)));
        let since_epoch = Duration::new(NOW, now_nanos);
        let expected = match (draft, x) {
            (Some(_), _) | (_, Some(ResetFormat::DeltaSeconds)) => ceil(reset_after),
            (None, Some(ResetFormat::EpochSeconds)) => ceil(since_epoch + reset_after).saturating_sub(since_epoch),
            _ => {
                let more = (since_epoch + reset_after).subsec_nanos() % 1_000_000;
                let missing = if more == 0 { 0 } else { 1_000_000 - more };
                reset_after + Duration::from_nanos(missing.into())
            }
        };
        prop_assert_eq!(policy.reset_after(), Some(expected));
    }

    #[test]
    fn any_bytes_are_survived(fields in vec((0..12_usize, field()), 0..8)) {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let value: Vec<_> =
                value.into_iter().filter(|byte| *byte >= b' ' && *byte != 0x7f).collect();
            headers.append(NAMES[name], HeaderValue::from_bytes(&value).unwrap());
        }
        let found = parse(&headers, now());
        prop_assert!(found.policies().len() <= 65);
        prop_assert!(!found.policies().contains(&PolicyStatus::default()));
    }
}

const NAMES: [&str; 12] = [
    "ratelimit",
    "ratelimit-policy",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-ratelimit-window",
    "x-ratelimit-tier",
    "retry-after",
    "date",
];

fn field() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec![
        "\"a\"",
        "\"",
        "\\",
        ";",
        ",",
        ", ",
        "=",
        "q=1",
        "r=1",
        "t=1",
        "w=1",
        "pk=:AQ==:",
        "limit=1",
        "remaining",
        "1",
        "99999999999999999999",
        ".",
        "-",
        "(",
        ")",
        "@1",
        "%\"a\"",
        "?1",
        " ",
        "Thu, 20 Nov 2025 12:24:53 GMT",
    ];
    let piece = prop_oneof![
        8 => prop::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..8),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn duration() -> impl Strategy<Value = Duration> {
    (0..100_000_000_u64, 0..1_000_000_000_u32).prop_map(|(secs, nanos)| Duration::new(secs, nanos))
}

fn ceil(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs() + u64::from(duration.subsec_nanos() > 0))
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn limit(name: &str, quota: u32, window: u64) -> QuotaPolicy {
    QuotaPolicy::new(name, quota, Duration::from_secs(window)).unwrap()
}

fn api() -> QuotaPolicy {
    limit("api", 20, 60)
}

fn written(prepared: &PreparedHeaders, standing: Standing) -> HeaderMap {
    let mut headers = HeaderMap::new();
    prepared.write_into(&mut headers, standing, now());
    headers
}

fn lines(headers: &HeaderMap) -> Vec<String> {
    let mut lines: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines
}

fn read(fields: &[(&'static str, &str)]) -> RateLimits {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    parse(&headers, now())
}

/// `name quota/window remaining@reset`
fn told(found: &RateLimits) -> Vec<String> {
    let show = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
    let seconds = |time: Option<Duration>| show(time.map(|time| time.as_secs()));
    let one = |policy: &PolicyStatus| {
        let (quota, window) = (show(policy.quota()), seconds(policy.window()));
        let (left, reset) = (show(policy.remaining()), seconds(policy.reset_after()));
        format!("{} {quota}/{window} {left}@{reset}", policy.name().unwrap_or("-"))
    };
    found.policies().iter().map(one).collect()
}
