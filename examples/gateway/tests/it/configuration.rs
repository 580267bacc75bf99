//! A wrong value stops the start and is named with what was expected.

use bartizan_gateway::Config;
use bartizan_gateway::config::{CacheProfile, Overrides, markdown};

const UPSTREAM: &str = "upstream.url = \"http://127.0.0.1:8080\"\n";

fn parse(settings: &str) -> Result<Config, String> {
    let text = format!("{UPSTREAM}{settings}");
    Config::parse(&text, Overrides::default()).map_err(|error| error.to_string())
}

#[test]
fn whatever_is_wrong_is_named_with_what_was_expected() {
    let wrong = [
        ("listen = 1", "listen is 1, expected an address with a port, such as 127.0.0.1:8081"),
        (
            "timeouts.connect_ms = 0",
            "timeouts.connect_ms is 0, expected milliseconds from 1 to 86400000",
        ),
        (
            "timeouts.total_ms = \"1s\"",
            "timeouts.total_ms is \"1s\", expected milliseconds from 1 to 86400000",
        ),
        (
            "client.max_body_bytes = -1",
            "client.max_body_bytes is -1, expected bytes from 1 to 1125899906842624",
        ),
        ("timeouts = 3", "timeouts is 3, expected a table"),
        (
            "timeouts.conect_ms = 1",
            "timeouts.conect_ms is unknown, expected one of connect_ms, response_ms, body_ms, \
             total_ms",
        ),
        (
            "upstreams = 1",
            "upstreams is unknown, expected one of upstream, listen, timeouts, client, limits, \
             cache, drain, log",
        ),
        (
            "upstream.host = \"client\"",
            "upstream.host is \"client\", expected \"preserve\" or \"upstream\"",
        ),
        (
            "upstream.via = \"a b\"",
            "upstream.via is \"a b\", expected a token of letters, digits and `-._~`",
        ),
        (
            "client.trusted_proxies = [\"0.0.0.0/0\"]",
            "client.trusted_proxies is [\"0.0.0.0/0\"], expected a list of the networks of your \
             own proxies, such as [\"10.0.0.0/8\"]",
        ),
        ("log.level = \"5\"", "log.level is \"5\", expected error, warn, info, debug or trace"),
        ("log.access = \"yes\"", "log.access is \"yes\", expected true or false"),
        ("cache.profile = \"fast\"", "cache.profile is \"fast\", expected \"secure\" or \"rfc\""),
        (
            "cache.max_bytes = 10\ncache.max_entry_bytes = 11",
            "cache.max_entry_bytes is 11, expected bytes from 1 to 10",
        ),
        (
            "cache.key_headers = [\"a b\"]",
            "cache.key_headers is [\"a b\"], expected a list of names of headers",
        ),
        (
            "cache.purge_token = \"short\"",
            "cache.purge_token is not what was expected: at least 16 visible ASCII characters",
        ),
        (
            "cache.redis_url = \"http://x\"",
            "cache.redis_url is not what was expected: redis://HOST:PORT/DB",
        ),
        (
            "limits.keys = [{ key = \"k\", tier = \"gold\" }]\nlimits.tiers = [{ name = \"free\" }]",
            "limits.keys[0].tier is not what was expected: the name of one of the tiers",
        ),
        (
            "limits.keys = [{ key = \"\", tier = \"free\" }]\nlimits.tiers = [{ name = \"free\" }]",
            "limits.keys[0].key is not what was expected: a key of visible ASCII characters",
        ),
        (
            "limits.tiers = [{ name = \"free\" }]\nlimits.classes = [{ name = \"a\", path = \"x\" }]",
            "limits.classes[0].path is \"x\", expected the beginning of a path, from its slash on",
        ),
    ];
    for (settings, expected) in wrong {
        assert_eq!(parse(settings).unwrap_err(), expected, "{settings}");
    }
}

#[test]
fn wrong_tiers_are_named() {
    for (settings, expected) in [
        ("limits.tiers = [{ nam = \"free\" }]", "unknown field `nam`"),
        ("limits.teirs = []", "unknown field `teirs`"),
        (
            "limits.tiers = [{ name = \"a\", quotas = [{ class = \"b\", limit = 1, period = 1 }] }]",
            "\"b\"",
        ),
        (
            "limits.tiers = [{ name = \"a\", quotas = [{ class = \"api\", limit = 0, period = 1 }] }]",
            "is 0",
        ),
    ] {
        let error = parse(settings).unwrap_err();
        assert!(error.starts_with("limits.tiers is not what was expected: "), "{error}");
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn an_upstream_is_required_and_is_one() {
    let parse = |text: &str| Config::parse(text, Overrides::default()).unwrap_err().to_string();
    let expected = "expected http://HOST or http://HOST:PORT, without a path";
    assert_eq!(parse(""), format!("upstream.url is missing, {expected}"));
    for url in [
        "https://a",
        "http://a/p",
        "http://a?q",
        "a:80",
        "/",
        "",
        "http://u@a",
        "http://a:0",
        "http://a:99999",
        "http://a:",
        "http://",
    ] {
        let error = parse(&format!("upstream.url = {url:?}"));
        let shown = if url.contains('@') { "***" } else { url };
        assert_eq!(error, format!("upstream.url is {shown:?}, {expected}"));
    }
    for (url, host, port) in [
        ("http://a", "a", 80),
        ("http://127.0.0.1:8080/", "127.0.0.1", 8080),
        ("http://[::1]:81", "::1", 81),
    ] {
        let text = format!("upstream.url = {url:?}");
        let config = Config::parse(&text, Overrides::default()).unwrap();
        assert_eq!((config.upstream.url.host(), config.upstream.url.port()), (host, port));
    }
}

#[test]
fn no_error_shows_what_may_be_a_secret() {
    for settings in [
        "limits.keys = [\"s3cret\"]",
        "limits.keys = \"s3cret\"",
        "limits.keys = [{ key = [\"s3cret\"], tier = \"free\" }]",
        "limits.keys = { s3cret = \"free\" }",
        "limits.keys = [{ key = \"free\", tier = \"s3cret\" }]\nlimits.tiers = [{ name = \"free\" }]",
        "cache.purge_token = [\"s3cret\"]",
        "cache = \"redis://:s3cret@host\"",
        "cache.redis_url = \"s3cret\"",
        "cache.purge_token = \"s3cret",
    ] {
        let error = parse(settings).unwrap_err();
        assert!(!error.contains("s3cret"), "{error}");
    }
    let text = "upstream.url = \"http://user:s3cret@a\"";
    let error = Config::parse(text, Overrides::default()).unwrap_err().to_string();
    assert!(!error.contains("s3cret"), "{error}");
}

#[test]
fn what_is_no_toml_is_named_by_its_line() {
    let error = parse("listen = \"127.0.0.1:1\"\nlisten = 2").unwrap_err();
    assert!(error.starts_with("line 3, expected TOML: "), "{error}");
}

#[test]
fn flags_stand_in_the_place_of_the_file() {
    let mut overrides = Overrides::default();
    overrides.upstream = Some("http://b:1".to_owned());
    overrides.listen = Some("127.0.0.1:2".to_owned());
    overrides.log = Some("debug".to_owned());
    overrides.purge_token = Some("0123456789abcdef".to_owned());
    let config = Config::parse(UPSTREAM, overrides.clone()).unwrap();
    assert_eq!(config.upstream.url.to_string(), "http://b:1");
    assert_eq!(config.listen.port(), 2);
    assert_eq!(config.log.level, tracing::Level::DEBUG);
    // A secret by itself turns no cache on.
    assert!(config.cache.is_none());
    let config = Config::parse("[cache]", overrides).unwrap();
    assert!(config.cache.unwrap().purge_token.is_some());
}

#[test]
fn a_cache_is_there_if_it_is_named() {
    assert!(parse("").unwrap().cache.is_none());
    let cache = parse("[cache]").unwrap().cache.unwrap();
    assert_eq!(cache.profile, CacheProfile::Secure);
    assert!(cache.purge_token.is_none());
    let cache = parse("cache.max_bytes = 10").unwrap().cache.unwrap();
    assert_eq!((cache.max_bytes, cache.max_entry_bytes), (10, 10));
}

#[test]
fn the_printed_values_are_a_configuration_with_the_same_values() {
    let settings = "cache.profile = \"rfc\"\ncache.stale_if_error_s = 7\n\
        cache.key_headers = [\"accept-language\"]\ntimeouts.total_ms = 9\n\
        client.trusted_proxies = [\"10.0.0.0/8\"]\nclient.forwarded_by = \"forwarded\"\n\
        upstream.host = \"upstream\"\nupstream.errors = \"envelope\"\nupstream.retry = \"never\"\n\
        drain.delay_ms = 3\nlog.access = true\nlog.level = \"warn\"\nlisten = \"[::1]:5\"\n";
    let printed = parse(settings).unwrap().to_toml();
    for line in settings.lines() {
        assert!(printed.lines().any(|other| other == line), "{line} in {printed}");
    }
    let again = Config::parse(&printed, Overrides::default()).unwrap();
    assert_eq!(again.to_toml(), printed);
}

#[test]
fn no_secret_is_printed() {
    let secret = "0123456789abcdef-secret";
    let settings = format!(
        "cache.purge_token = \"{secret}\"\ncache.redis_url = \"redis://:{secret}@h:1\"\n\
         limits.keys = [{{ key = \"{secret}\", tier = \"a\" }}]\nlimits.tiers = [{{ name = \"a\" }}]"
    );
    let config = parse(&settings).unwrap();
    for text in [config.to_toml(), format!("{config:?}")] {
        assert!(!text.contains("secret"), "{text}");
    }
    assert!(config.to_toml().contains("# cache.purge_token = \"***\""));
}

#[test]
fn the_table_of_the_readme_is_that_of_the_program() {
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&markdown()), "put this into the README:\n{}", markdown());
}

#[test]
fn every_field_that_is_read_is_in_the_table_and_the_other_way_round() {
    let table = markdown();
    let config = parse("[cache]").unwrap();
    for setting in config.settings() {
        assert!(table.contains(&format!("| `{}` |", setting.name)), "{}", setting.name);
    }
    // What is unknown is told with all that is known.
    for section in ["", "upstream", "timeouts", "client", "cache", "drain", "log"] {
        let text =
            if section.is_empty() { "zzz = 1".to_owned() } else { format!("{section}.zzz = 1") };
        let error = parse(&text).unwrap_err();
        let (_, known) = error.split_once("expected one of ").unwrap();
        for name in known.split(", ") {
            let field =
                if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
            assert!(
                table.contains(&format!("| `{field}` |"))
                    || table.contains(&format!("| `{field}.")),
                "{field} is not in the table"
            );
        }
    }
}

#[test]
fn the_example_is_a_configuration() {
    let config = Config::parse(include_str!("../../gateway.toml"), Overrides::default()).unwrap();
    assert!(config.cache.is_some() && config.limits.is_some());
}
