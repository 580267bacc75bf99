//! Every setting is read once, and a wrong one is named.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use bartizan_server::config::{
    Config, DemoData, Environment, LatencyFactor, LogFilter, Origin, markdown,
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
        ("DRAIN_DELAY_MS", "1s", milliseconds),
        ("DRAIN_TIMEOUT_MS", "86400001", milliseconds),
    ] {
        let message = refusal(&[(variable, value)]);
        assert_eq!(message, format!("{variable}: expected {expected}, got {value:?}"));
    }
}

#[test]
fn a_wrong_secret_is_not_repeated() {
    let message = refusal(&[("DATABASE_URL", "hunter2")]);
    assert!(message.starts_with("DATABASE_URL: expected sqlite:PATH"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");

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
