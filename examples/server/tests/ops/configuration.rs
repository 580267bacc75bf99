//! Every setting is read once, and a wrong one is named.

use std::fmt::Write;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use bartizan_ratelimit_tiers::TierName;
use bartizan_server::config::{
    Config, DemoData, Environment, LatencyFactor, LimitStore, LogFilter, Origin, Redis, Sharing,
    markdown,
};
use bartizan_server::data::DatabaseUrl;

type Variables<'v> = &'v [(&'v str, &'v str)];

pub(crate) fn lookup(variables: Variables<'_>) -> impl Fn(&str) -> Option<String> {
    move |name| {
        let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
        Some((*value).to_owned())
    }
}

fn config(variables: Variables<'_>) -> Config {
    Config::from_vars(lookup(variables)).unwrap()
}

fn refusal(variables: Variables<'_>) -> String {
    Config::from_vars(lookup(variables)).unwrap_err().to_string()
}

const PRODUCTION: [(&str, &str); 5] = [
    ("NODE_ENV", "production"),
    ("DATABASE_URL", "postgres://app:hunter2@db/app"),
    ("FRONTEND_URL", "https://app.example.com"),
    ("ENCRYPTION_KEY", "an encryption key"),
    ("PAGINATION_KEY", "a pagination key"),
];

#[test]
fn starts_without_any_environment() {
    let config = config(&[]);
    assert_eq!(config.environment, Environment::Development);
    assert_eq!(config.listen, SocketAddr::from(([127, 0, 0, 1], 3000)));
    assert_eq!(config.log, "info".parse::<LogFilter>().unwrap());
    assert_eq!(config.database.to_string(), "sqlite:data/bartizan.sqlite");
    assert_eq!(config.max_request_size.as_usize(), 1_048_576);
    assert_eq!(config.origins.len(), 1);
    assert_eq!(config.origins[0].as_str(), "http://localhost:5173");
    assert!(!config.trusted_proxies.contains([127, 0, 0, 1].into()));
    let tiers = ["free", "pro", "enterprise"].map(TierName::from);
    assert!(tiers.iter().all(|tier| config.limits.tiers.find(tier).is_some()));
    assert_eq!(config.limits.instances.get(), 1);
    assert_eq!((config.limits.store, config.limits.sharing), (LimitStore::Memory, Sharing::Alone));
    assert!(matches!(config.redis, Redis::Absent));
    assert_eq!(config.cache_ttl_default, Duration::from_hours(1));
    assert_eq!(config.admin_api_key, None);
    assert_eq!(config.encryption_key, None);
    assert_eq!(config.pagination_key, None);
    assert_eq!(config.demo, DemoData::Present);
    assert_eq!(config.seed.get(), 1);
    assert_eq!(config.fake_upstream_latency, LatencyFactor::DESCRIBED);
    assert_eq!(config.drain.delay, Duration::from_millis(500));
    assert_eq!(config.drain.timeout, Duration::from_secs(10));
}

#[test]
fn reads_each_variable() {
    let config = config(&[
        ("APP_ENV", "test"),
        ("HOST", "::"),
        ("PORT", " 8080\n"),
        ("LOG_LEVEL", "warn,bartizan::cache=debug"),
        ("DATABASE_URL", "sqlite:elsewhere.sqlite"),
        ("MAX_REQUEST_SIZE", "512KB"),
        ("FRONTEND_URL", "https://a.example.com:443/, http://b.example.com:8080"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1"),
        ("RATE_LIMIT_TIERS", "tiers = [{ name = \"all\" }]"),
        ("RATE_LIMIT_WINDOW", "60000"),
        ("RATE_LIMIT_MAX_REQUESTS", "7"),
        ("RATE_LIMIT_STORE", "governor"),
        ("RATE_LIMIT_REDIS", "TRUE"),
        ("INSTANCES", "4"),
        ("REDIS_HOST", "redis.example.com"),
        ("REDIS_PORT", "6380"),
        ("REDIS_USERNAME", "u"),
        ("REDIS_PASSWORD", "hunter2"),
        ("REDIS_DB", "3"),
        ("REDIS_TLS", "false"),
        ("CACHE_TTL_DEFAULT", "120"),
        ("ADMIN_API_KEY", "operators"),
        ("ENCRYPTION_KEY", "e"),
        ("PAGINATION_KEY", "p"),
        ("FAKE_UPSTREAM_LATENCY", "0.5"),
        ("DRAIN_DELAY_MS", "0"),
        ("DRAIN_TIMEOUT_MS", "2500"),
    ]);
    assert_eq!(config.environment, Environment::Test);
    assert_eq!(config.listen, "[::]:8080".parse().unwrap());
    assert_eq!(config.log, "warn,bartizan::cache=debug".parse::<LogFilter>().unwrap());
    assert_eq!(config.database.to_string(), "sqlite:elsewhere.sqlite");
    assert_eq!(config.max_request_size.as_usize(), 524_288);
    let origins: Vec<_> = config.origins.iter().map(Origin::as_str).collect();
    assert_eq!(origins, ["https://a.example.com", "http://b.example.com:8080"]);
    assert!(config.trusted_proxies.contains([10, 1, 2, 3].into()));
    assert!(config.trusted_proxies.contains([192, 0, 2, 1].into()));
    assert!(!config.trusted_proxies.contains([192, 0, 2, 2].into()));
    let limits = &config.limits;
    assert!(limits.tiers.find(&TierName::from("all")).is_some());
    assert!(limits.tiers.find(&TierName::from("free")).is_none());
    let all = format!("{:?}", limits.tiers);
    assert!(all.contains("\"global\"") && all.contains("limit: 7"), "{all}");
    assert_eq!((limits.store, limits.sharing), (LimitStore::Governor, Sharing::ThroughRedis));
    assert_eq!(limits.instances.get(), 4);
    let redis = format!("{:?}", config.redis);
    for part in ["redis.example.com:6380", "Some(\"u\")", "Some(3)", "tls: false"] {
        assert!(redis.contains(part), "{redis}");
    }
    assert_eq!(config.cache_ttl_default, Duration::from_mins(2));
    assert_eq!(config.admin_api_key.unwrap().reveal(), "operators");
    assert_eq!(config.encryption_key.unwrap().expose(), "e");
    assert_eq!(config.pagination_key.unwrap().expose(), "p");
    let scaled = config.fake_upstream_latency.scale(Duration::from_millis(800));
    assert_eq!(scaled, Duration::from_millis(400));
    assert_eq!(config.drain.delay, Duration::ZERO);
    assert_eq!(config.drain.timeout, Duration::from_millis(2500));
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let config = config(&[("PORT", ""), ("NODE_ENV", "  "), ("APP_ENV", "test")]);
    assert_eq!(config.listen.port(), 3000);
    assert_eq!(config.environment, Environment::Test);
}

#[test]
fn a_wrong_value_is_named_with_what_was_expected() {
    let environment = "development, test or production";
    let address = "an IP address or localhost";
    let port = "a port from 0 to 65535";
    let level = "off, error, warn, info, debug or trace, alone or for a target: \
                 info,tower_http=debug";
    let database = "sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE";
    let size = "a size of at least one byte such as 1mb, 512kb or 65536";
    let origins = "origins without a path, separated by commas, such as https://app.example.com";
    let factor = "a factor of at least 0 such as 1.0";
    let milliseconds = "milliseconds from 0 to 86400000";
    let window = "whole seconds in milliseconds, from 1000 to 86400000";
    let lifetime = "seconds from 1 to 604800";
    let number = "a whole number of at least 1";
    let switch = "true or false";
    let redis_port = "a port from 1 to 65535";
    for (variable, value, expected) in [
        ("NODE_ENV", "prod", environment),
        ("APP_ENV", "Production", environment),
        ("HOST", "example.com", address),
        ("HOST", "127.0.0.1:3000", address),
        ("PORT", "65536", port),
        ("PORT", "-1", port),
        ("LOG_LEVEL", "inf", level),
        ("LOG_LEVEL", "info,=debug", level),
        ("LOG_LEVEL", "info,bartizan=loud", level),
        ("DATABASE_URL", "sqlite:", database),
        ("DATABASE_URL", "sqlite://data.sqlite?mode=ro", database),
        ("DATABASE_URL", "mysql://db/app", database),
        ("MAX_REQUEST_SIZE", "0", size),
        ("MAX_REQUEST_SIZE", "1.5mb", size),
        ("MAX_REQUEST_SIZE", "1tb", size),
        ("MAX_REQUEST_SIZE", "18446744073709551615kb", size),
        ("FRONTEND_URL", "*", origins),
        ("FRONTEND_URL", "app.example.com", origins),
        ("FRONTEND_URL", "https://app.example.com/path", origins),
        ("FRONTEND_URL", "https://app.example.com,", origins),
        ("FAKE_UPSTREAM_LATENCY", "-1", factor),
        ("FAKE_UPSTREAM_LATENCY", "inf", factor),
        ("FAKE_UPSTREAM_LATENCY", "fast", factor),
        ("RATE_LIMIT_WINDOW", "1500", window),
        ("RATE_LIMIT_WINDOW", "0", window),
        ("RATE_LIMIT_WINDOW", "15m", window),
        ("RATE_LIMIT_MAX_REQUESTS", "0", number),
        ("RATE_LIMIT_STORE", "redis", "memory or governor"),
        ("RATE_LIMIT_REDIS", "yes", switch),
        ("INSTANCES", "0", number),
        ("REDIS_PORT", "0", redis_port),
        ("REDIS_PORT", "redis", redis_port),
        ("REDIS_DB", "256", "a number from 0 to 255"),
        ("REDIS_TLS", "on", switch),
        ("CACHE_TTL_DEFAULT", "0", lifetime),
        ("CACHE_TTL_DEFAULT", "604801", lifetime),
        ("CACHE_TTL_DEFAULT", "1h", lifetime),
        ("DRAIN_DELAY_MS", "1s", milliseconds),
        ("DRAIN_TIMEOUT_MS", "86400001", milliseconds),
    ] {
        let message = refusal(&[(variable, value)]);
        assert_eq!(message, format!("{variable}: expected {expected}, got {value:?}"));
    }
}

#[test]
fn wrong_proxies_are_named_with_what_is_wrong_of_them() {
    let own = "only the networks of your own proxies, not every address";
    let all = format!("trusted proxy is \"0.0.0.0/0\", expected {own}");
    let halves = "trusted proxy is \"0.0.0.0/0, all networks taken together\"";
    let halves = format!("{halves}, expected {own}");
    let network = "trusted proxy is \"nginx\", expected a network such as 10.0.0.0/8 or fd00::/8, \
                   or one address";
    let empty = "nothing stands before or behind a comma";
    for (proxies, reason) in [
        ("0.0.0.0/0", all.as_str()),
        ("0.0.0.0/1,128.0.0.0/1", &halves),
        ("nginx", network),
        ("10.0.0.0/8,", empty),
        (",10.0.0.0/8", empty),
        ("10.0.0.0/8, ,192.0.2.1", empty),
    ] {
        assert_eq!(
            refusal(&[("TRUSTED_PROXIES", proxies)]),
            format!(
                "TRUSTED_PROXIES: expected addresses and networks of your own proxies, separated by \
                 commas, such as 10.0.0.0/8,192.0.2.1 ({reason}), got {proxies:?}"
            )
        );
    }
}

#[test]
fn a_wrong_table_of_tiers_is_named_with_what_is_wrong_in_it() {
    let missing = std::env::temp_dir().join("bartizan-no-such-file.toml");
    for (table, reason) in [
        ("tiers = []", "tiers is 0, expected at least one tier"),
        ("tiers =", ""),
        ("tears = [{ name = \"free\" }]", "unknown field `tears`"),
        (
            "tiers = [{ name = \"free\", quotas = [{ class = \"api\", limit = 0, period = 60 }] }]",
            "limit is 0, expected at least 1",
        ),
        (
            "tiers = [{ name = \"free\", quotas = [{ class = \"apis\", limit = 1, period = 60 }] }]",
            "class of a quota is \"apis\", expected the name of one of the classes",
        ),
        (missing.to_str().unwrap(), "No such file"),
    ] {
        let message = refusal(&[("RATE_LIMIT_TIERS", table)]);
        let expected =
            "RATE_LIMIT_TIERS: expected tiers in TOML, or the path of a file with them (";
        let rest = message.strip_prefix(expected).unwrap_or_else(|| panic!("{message}"));
        assert!(rest.starts_with(reason), "{message}");
        assert!(message.ends_with(&format!("), got {table:?}")), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
}

#[test]
fn an_unusable_redis_url_stops_nothing_and_all_else_of_redis_does() {
    for url in ["localhost:6379", "http://redis", "redis://host:port", "rediss-cluster"] {
        let config = config(&[("REDIS_URL", url), ("RATE_LIMIT_REDIS", "true")]);
        assert!(matches!(&config.redis, Redis::Unusable(reason) if reason.contains("REDIS_URL")));
        assert_eq!(config.limits.sharing, Sharing::Alone);
    }
    let unusable = config(&[("REDIS_URL", "http://:hunter2@redis")]);
    assert!(!format!("{unusable:?}").contains("hunter2"));
    for variables in [
        &[("REDIS_URL", "redis://:hunter2@redis:6380/1")][..],
        &[("REDIS_HOST", "redis")],
        &[("REDIS_PASSWORD", "hunter2")],
    ] {
        let config = config(variables);
        assert!(matches!(config.redis, Redis::At(_)), "{config:?}");
        assert_eq!(config.limits.sharing, Sharing::ThroughRedis);
        assert!(!format!("{config:?}").contains("hunter2"));
        let alone = [variables, &[("RATE_LIMIT_REDIS", "false")]].concat();
        assert_eq!(Config::from_vars(lookup(&alone)).unwrap().limits.sharing, Sharing::Alone);
    }
    let message = refusal(&[("REDIS_HOST", "redis://host")]);
    assert_eq!(message, "REDIS_HOST is \"redis://host\", expected a host name or an address");
    let message = refusal(&[("RATE_LIMIT_REDIS", "true")]);
    assert_eq!(message, "RATE_LIMIT_REDIS: expected REDIS_URL or REDIS_HOST beside it, got none");
}

#[test]
fn a_wrong_secret_is_not_repeated() {
    let message = refusal(&[("DATABASE_URL", "hunter2")]);
    assert!(message.starts_with("DATABASE_URL: expected sqlite:PATH"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");

    let message = refusal(&[("ADMIN_API_KEY", "hunter2 hunter2")]);
    let expected = "1 to 128 visible ASCII characters; what it got is a secret";
    assert_eq!(message, format!("ADMIN_API_KEY: expected {expected}"));

    let message = refusal(&[("DATABASE_URL", "mysql://app:hunter2@db/app")]);
    assert!(message.ends_with(r#"got "mysql://app:********@db/app""#), "{message}");
}

#[test]
fn two_names_of_one_variable_must_agree() {
    let both = config(&[("NODE_ENV", "test"), ("APP_ENV", "test")]);
    assert_eq!(both.environment, Environment::Test);
    assert_eq!(
        refusal(&[("NODE_ENV", "development"), ("APP_ENV", "production")]),
        "APP_ENV: expected the value of NODE_ENV or none, got another one"
    );
}

#[test]
fn production_needs_what_has_no_safe_default() {
    let config = config(&PRODUCTION);
    assert_eq!(config.environment, Environment::Production);
    assert_eq!(config.demo, DemoData::Absent);

    for missing in 1..PRODUCTION.len() {
        let mut variables = PRODUCTION.to_vec();
        let (name, _) = variables.remove(missing);
        assert_eq!(
            refusal(&variables),
            format!("{name}: expected a value, because NODE_ENV is production")
        );
    }
    assert_eq!(
        refusal(&PRODUCTION[..1]),
        "DATABASE_URL, FRONTEND_URL, ENCRYPTION_KEY, PAGINATION_KEY: expected a value, because \
         NODE_ENV is production"
    );
}

#[test]
fn debug_output_has_no_secret() {
    let output = format!("{:?}", config(&PRODUCTION));
    for secret in ["hunter2", "an encryption key", "a pagination key"] {
        assert!(!output.contains(secret), "{output}");
    }
    assert!(output.contains("postgres://app@db:5432/app"), "{output}");
}

#[test]
fn the_database_file_is_created_for_this_user_alone() {
    let folder = std::env::temp_dir().join(format!("bartizan-ops-{}", std::process::id()));
    let target: DatabaseUrl =
        format!("sqlite:{}", folder.join("data/a.sqlite").display()).parse().unwrap();
    target.create().unwrap();
    target.create().unwrap();
    let mode = |path: &str| std::fs::metadata(folder.join(path)).unwrap().permissions().mode();
    assert_eq!((mode("data") & 0o777, mode("data/a.sqlite") & 0o777), (0o700, 0o600));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_readme_has_the_table_of_the_settings() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("<!-- configuration -->\n").unwrap();
    let (table, _) = rest.split_once("<!-- /configuration -->").unwrap();
    assert_eq!(table, markdown(), "`bartizan-server config --table` prints the right one");
}

#[test]
fn the_example_of_an_environment_lists_each_variable_with_its_default() {
    let mut expected = String::new();
    for row in markdown().lines().skip(2) {
        // A cell may hold no bar.
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [_, variables, _, default, meaning, _] = cells[..] else { panic!("{row}") };
        if variables.is_empty() {
            continue;
        }
        write!(expected, "\n# {meaning}\n").unwrap();
        for variable in variables.split(", ") {
            let (name, value) = (variable.trim_matches('`'), default.trim_matches('`'));
            writeln!(expected, "#{name}={value}").unwrap();
        }
    }
    let example = include_str!("../../.env.example");
    let (_, list) = example.split_at(example.find("\n\n").unwrap() + 1);
    assert_eq!(list, expected);
}
