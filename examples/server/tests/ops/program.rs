//! Flags, subcommands and what `config` prints.

use bartizan_server::cli::{Invocation, Stop, Task};
use bartizan_server::config::{Environment, Source};

use crate::configuration::lookup;

fn parse(line: &str, variables: &[(&str, &str)]) -> Result<Invocation, Stop> {
    Invocation::parse(line.split_whitespace(), lookup(variables))
}

#[test]
fn serves_when_no_subcommand_is_given() {
    for (line, task) in [
        ("bartizan-server", Task::Serve),
        ("bartizan-server serve", Task::Serve),
        ("bartizan-server migrate", Task::Migrate),
        ("bartizan-server seed", Task::Seed),
        ("bartizan-server config", Task::Config { table: false }),
        ("bartizan-server config --table", Task::Config { table: true }),
        ("bartizan-server routes", Task::Routes),
        ("bartizan-server layers", Task::Layers),
        ("bartizan-server healthcheck", Task::Healthcheck),
    ] {
        assert_eq!(parse(line, &[]).unwrap().task, task, "{line}");
    }
}

#[test]
fn a_flag_wins_over_its_variable_on_either_side_of_the_subcommand() {
    let variables = [("PORT", "4000")];
    for (line, port) in [
        ("bartizan-server serve", 4000),
        ("bartizan-server --port 5000", 5000),
        ("bartizan-server --port 5000 serve", 5000),
        ("bartizan-server serve --port 5000", 5000),
    ] {
        assert_eq!(parse(line, &variables).unwrap().config.listen.port(), port, "{line}");
    }
}

#[test]
fn a_wrong_flag_is_named_itself() {
    let stop = parse("bartizan-server --port x", &[("PORT", "4000")]).unwrap_err();
    assert!(matches!(stop, Stop::Wrong(_)));
    assert_eq!(stop.to_string(), r#"--port: expected a port from 0 to 65535, got "x""#);
    let stop = parse("bartizan-server --seed 0", &[]).unwrap_err();
    assert_eq!(stop.to_string(), r#"--seed: expected a whole number of at least 1, got "0""#);
    let stop = parse("bartizan-server --nope", &[]).unwrap_err();
    assert!(stop.to_string().starts_with("unexpected argument '--nope' found"), "{stop}");
}

#[test]
fn demo_data_exist_in_production_on_request_only() {
    use bartizan_server::config::DemoData::{Absent, Present};
    let variables = [
        ("NODE_ENV", "production"),
        ("DATABASE_URL", "postgres://db/app"),
        ("FRONTEND_URL", "https://app.example.com"),
        ("ENCRYPTION_KEY", "e"),
        ("PAGINATION_KEY", "p"),
    ];
    for (line, demo) in [("bartizan-server", Absent), ("bartizan-server --demo", Present)] {
        let config = parse(line, &variables).unwrap().config;
        assert_eq!((config.environment, config.demo), (Environment::Production, demo));
    }
}

#[test]
fn tells_where_each_value_came_from_and_masks_secrets() {
    let invocation = parse(
        "bartizan-server config --log-level debug --demo",
        &[
            ("PORT", "4000"),
            ("APP_ENV", "test"),
            ("ENCRYPTION_KEY", "base64:hunter2"),
            ("REDIS_URL", "redis://app:hunter2@redis:6380/1"),
            ("REDIS_PASSWORD", "hunter2"),
            ("TRUSTED_PROXIES", "10.0.0.0/8"),
            ("RATE_LIMIT_TIERS", "[[tiers]]\nname = \"free\""),
            ("PAGINATION_KEY", "https://hunter2"),
            ("DATABASE_URL", "postgres://app:hunter2@db/app?sslpassword=hunter2&sslmode=require"),
        ],
    )
    .unwrap();
    let found = |name: &str| {
        let value = invocation.values.iter().find(|value| value.name == name).unwrap();
        (value.source, value.shown.as_deref())
    };
    assert_eq!(found("NODE_ENV"), (Source::Environment, Some("test")));
    assert_eq!(found("HOST"), (Source::Default, Some("127.0.0.1")));
    assert_eq!(found("PORT"), (Source::Environment, Some("4000")));
    assert_eq!(found("LOG_LEVEL"), (Source::Flag, Some("debug")));
    assert_eq!(found("--demo"), (Source::Flag, Some("true")));
    assert_eq!(found("ENCRYPTION_KEY"), (Source::Environment, Some("********")));
    assert_eq!(found("PAGINATION_KEY"), (Source::Environment, Some("********")));
    let redis = Some("redis://app:********@redis:6380/1");
    assert_eq!(found("REDIS_URL"), (Source::Environment, redis));
    assert_eq!(found("REDIS_PASSWORD"), (Source::Environment, Some("********")));
    assert_eq!(found("TRUSTED_PROXIES"), (Source::Environment, Some("10.0.0.0/8")));
    assert_eq!(found("RATE_LIMIT_STORE"), (Source::Default, Some("memory")));
    let tiers = Some("[[tiers]] name = \"free\"");
    assert_eq!(found("RATE_LIMIT_TIERS"), (Source::Environment, tiers));
    assert_eq!(
        found("DATABASE_URL"),
        (
            Source::Environment,
            Some("postgres://app:********@db/app?sslpassword=********&sslmode=require")
        )
    );
    let lines: Vec<_> = invocation.values.iter().map(ToString::to_string).collect();
    assert!(lines.contains(&"PORT                     environment  4000".to_owned()), "{lines:?}");
    assert!(!lines.concat().contains("hunter2"), "{lines:?}");
    let bare = parse("bartizan-server config", &[]).unwrap().values;
    let lines: Vec<_> = bare.iter().map(ToString::to_string).collect();
    assert!(
        lines.contains(&"PAGINATION_KEY           default      (unset)".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn the_help_names_the_variables_and_no_secret() {
    let variables = [("ENCRYPTION_KEY", "hunter2"), ("PORT", "4000")];
    let stop = parse("bartizan-server --help", &variables).unwrap_err();
    let Stop::Help(text) = stop else { panic!("{stop}") };
    assert!(text.contains("[env: ENCRYPTION_KEY]"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}
