//! Any two requests: what one gets is what the origin says to it, unless they are the same in all
//! that tells responses apart.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const METHODS: [&str; 5] = ["GET", "GET", "GET", "HEAD", "POST"];
const HOSTS: [&str; 8] =
    ["example.com", "EXAMPLE.com", "example.com:80", "example.com:81", "a:80", "a", "", "[::80]"];
const TARGETS: [&str; 10] = [
    "/",
    "/a",
    "/a?",
    "/a?b",
    "/A",
    "/a%2fb",
    "/a/b",
    "http://example.com/a",
    "https://example.com/a",
    "http://example.com:81/a?b",
];
const VALUES: [&str; 6] = ["a", "b", "", "a, b", "1=a", "A"];
/// Of users, of the key, of `Vary`, of all of them, and of none.
const FIELDS: [&str; 12] = [
    "host",
    "cookie",
    "authorization",
    "x-api-key",
    "x-user",
    "x-kind",
    "accept",
    "x-forwarded-host",
    "x-original-url",
    "cache-control",
    "if-none-match",
    "connection",
];
const CONTROLS: [&str; 6] =
    ["no-cache", "max-stale", "no-store", "only-if-cached", "stale-if-error=99", "min-fresh=1"];
const ANSWERS: [&str; 8] = [
    "max-age=60",
    "public, max-age=60",
    "s-maxage=60",
    "max-age=1, stale-while-revalidate=60, stale-if-error=60",
    "private, max-age=60",
    "max-age=0",
    "no-cache=\"set-cookie\", max-age=60",
    "",
];
const VARIES: [&str; 6] = ["", "accept", "x-kind", "accept, x-kind", "cookie, x-user", "*"];

fn requests() -> impl Strategy<Value = Ask> {
    let field = select(&FIELDS[..]).prop_flat_map(|name| match name {
        "host" => (Just(name), select(&HOSTS[..])).boxed(),
        "cache-control" => (Just(name), select(&CONTROLS[..])).boxed(),
        "connection" => (Just(name), select(&["close", "accept", "x-kind"][..])).boxed(),
        "if-none-match" => (Just(name), select(&["\"e\"", "*"][..])).boxed(),
        _ => (Just(name), select(&VALUES[..])).boxed(),
    });
    let host = proptest::option::weighted(0.9, select(&HOSTS[..]));
    (select(&METHODS[..]), select(&TARGETS[..]), host, vec(field, 0..4), any::<u8>()).prop_map(
        |(method, target, host, fields, body)| {
            let mut ask = Ask::new(method, target);
            for (name, value) in host.map(|host| ("host", host)).into_iter().chain(fields) {
                ask = ask.with(name, value);
            }
            if body < 10 { ask.with_body("body") } else { ask }
        },
    )
}

/// What the origin says to anyone: an answer and what it depends on.
#[derive(Clone, Debug)]
struct Manner {
    control: &'static str,
    vary: &'static str,
    cookie: bool,
    tag: bool,
    status: u16,
}

fn manners() -> impl Strategy<Value = Manner> {
    let status = select(&[200, 200, 200, 301, 404, 400, 503][..]);
    (select(&ANSWERS[..]), select(&VARIES[..]), 0..6_u8, any::<bool>(), status).prop_map(
        |(control, vary, cookie, tag, status)| Manner {
            control,
            vary,
            cookie: cookie == 0,
            tag,
            status,
        },
    )
}

fn origin(manner: &Manner) -> Origin {
    let manner = manner.clone();
    Origin::new(move |parts| {
        let Manner { control, vary, cookie, tag, status } = manner.clone();
        let fields =
            [("cache-control", control), ("vary", vary), ("set-cookie", "a"), ("etag", "\"e\"")];
        let is_said = |name: &str| match name {
            "set-cookie" => cookie,
            "etag" => tag,
            _ => true,
        };
        states(status, &told(parts), fields.into_iter().filter(|(name, _)| is_said(name)))
    })
}

/// A request in all that may tell its response from others: nothing, if it is never shared.
/// Written from the rules of the profile, and not from how keys are made.
fn class(ask: &Ask, vary: &str, parted: bool) -> Option<Vec<String>> {
    let lines = |name: &str| -> Vec<String> {
        ask.fields
            .iter()
            .filter(|(other, _)| other == name)
            .map(|(_, value)| String::from_utf8(value.clone()).unwrap().trim().to_owned())
            .collect()
    };
    let joined = |name: &str| match lines(name) {
        none if none.is_empty() => "absent".to_owned(),
        lines => format!("= {}", lines.join(", ")),
    };
    let (scheme, rest) = match ask.uri.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None => ("http", ""),
    };
    let hosts = lines("host");
    let (of_uri, path) = match rest.find('/') {
        Some(at) => (Some(&rest[..at]), &rest[at..]),
        None => (None, ask.uri.as_str()),
    };
    let plain = |host: &str| {
        let port = if scheme == "https" { ":443" } else { ":80" };
        let host = host.to_ascii_lowercase();
        host.strip_suffix(port).map_or(host.clone(), str::to_owned)
    };
    let host = match (of_uri, &hosts[..]) {
        (Some(host), []) => plain(host),
        (None, []) => "none".into(),
        (None, [host]) if !host.is_empty() => format!("= {}", plain(host)),
        (Some(of_uri), [host]) if plain(of_uri) == plain(host) => plain(host),
        _ => return None,
    };
    let host = host.trim_start_matches("= ").to_owned();
    let goes_by = ["x-forwarded-host", "x-original-url"].iter().any(|name| !lines(name).is_empty())
        || lines("connection").iter().any(|value| value != "close")
        || ask.method == "POST"
        || !ask.body.is_empty();
    let user = parted.then(|| lines("x-user").first().cloned()).flatten();
    let is_somebody = ["cookie", "authorization"].iter().any(|name| !lines(name).is_empty());
    if goes_by || vary == "*" || is_somebody && user.is_none() {
        return None;
    }
    let mut class = vec![scheme.into(), host, path.into(), joined("x-api-key")];
    class.push(user.map_or("shared".into(), |user| format!("= {user}")));
    let names = vary.split(',').map(str::trim).filter(|name| !name.is_empty());
    class.extend(names.map(joined));
    Some(class)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_a_user_gets_is_what_the_origin_says_to_it(
        asks in vec(requests(), 2..7),
        order in vec((any::<prop::sample::Index>(), 0..3_u64), 2..12),
        manner in manners(),
        is_parted in any::<bool>(),
        is_at_once in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let layer = layer().with_key_headers([name("x-api-key")]);
            let layer = if is_parted { parted(layer) } else { layer };
            let origin = origin(&manner);
            if is_at_once {
                origin.take(Duration::from_millis(100));
            }
            let mut under_way = Vec::new();
            for (index, seconds) in &order {
                let asked = index.get(&asks).clone();
                tokio::time::sleep(Duration::from_secs(*seconds)).await;
                let (layer, origin, request) = (layer.clone(), origin.clone(), asked.clone());
                let asking = tokio::spawn(async move { ask(&layer, &origin, &request).await });
                under_way.push((asked, asking));
                if !is_at_once {
                    let (_, asking) = under_way.last_mut().unwrap();
                    while !asking.is_finished() {
                        tokio::task::yield_now().await;
                    }
                }
            }
            for (asked, asking) in under_way {
                let got = asking.await.unwrap();
                // It says that it is not there, or that it is as before, and nothing else.
                let own = class(&asked, manner.vary, is_parted);
                if got.text.is_empty() && matches!(got.status.as_u16(), 304 | 504) {
                    let is_asked = class(&asked, "", is_parted).is_some();
                    assert!(is_asked, "{asked:?} is answered from the cache");
                    continue;
                }
                if asked.method == "HEAD" && got.text.is_empty() {
                    continue;
                }
                if got.text == asked.told() {
                    continue;
                }
                assert!(own.is_some(), "{asked:?} is never shared and got {:?}", got.text);
                // What a HEAD finds stale is fetched anew with GET.
                let same = asks.iter().any(|other| {
                    other.told().replacen("HEAD", "GET", 1) == got.text
                        && class(other, manner.vary, is_parted) == own
                });
                assert!(same, "{asked:?} got {:?}", got.text);
                let is_for_all = !manner.cookie || manner.control.contains("set-cookie");
                assert!(is_for_all && !manner.control.contains("private"));
                assert!(![400, 503].contains(&manner.status), "{manner:?}");
            }
        });
    }
}
