//! What `config` shows of addresses with a password in them.

use bartizan_server::cli::Invocation;

use crate::configuration::lookup;

fn shown(variable: &str, url: &str) -> String {
    let variables = [(variable, url)];
    let invocation = Invocation::parse(["bartizan-server", "config"], lookup(&variables)).unwrap();
    let value = invocation.values.iter().find(|value| value.name == variable).unwrap();
    value.shown.clone().unwrap()
}

#[test]
fn a_password_is_masked_wherever_it_stands() {
    for (url, expected) in [
        ("redis://u:hunter2@h:6379/1", "redis://u:********@h:6379/1"),
        ("redis://:hunter2@h:6379", "redis://:********@h:6379"),
        // The password, where its colon was forgotten.
        ("redis://hunter2@h:6379", "redis://********@h:6379"),
        (
            "redis-sentinel://h:26379?sentinelServiceName=s&sentinelPassword=hunter2",
            "redis-sentinel://h:26379?sentinelServiceName=s&sentinelPassword=********",
        ),
        ("redis://h:6379?PASSWORD=hunter2", "redis://h:6379?PASSWORD=********"),
        ("redis://h:6379?pass%77ord=hunter2", "redis://h:6379?password=********"),
        // Characters that should have been escaped.
        ("redis://u:1/hunter2@h:6379", "********"),
        ("redis://u:1?hunter2@h:6379", "********"),
        ("redis://u:1#hunter2@h:6379", "********"),
        ("hunter2", "********"),
    ] {
        assert_eq!(shown("REDIS_URL", url), expected, "{url}");
    }
}

#[test]
fn what_is_no_password_is_shown() {
    for (variable, url) in [
        ("REDIS_URL", "redis://h:6379/1"),
        ("REDIS_URL", "redis-cluster://h:6379?node=i:6379"),
        ("DATABASE_URL", "postgres://app@db/app"),
        ("DATABASE_URL", "sqlite:data/a@b.sqlite"),
    ] {
        assert_eq!(shown(variable, url).replace("%3A", ":"), url);
    }
}
