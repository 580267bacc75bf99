use std::collections::HashMap;

use bartizan_redis_link::Config;

type Vars<'a> = &'a [(&'a str, &'a str)];

fn from_vars(vars: Vars<'_>) -> Result<Option<String>, String> {
    let vars: HashMap<_, _> =
        vars.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let config = Config::from_vars(|name| vars.get(name).cloned());
    match config {
        Ok(config) => Ok(config.map(|config| format!("{config:?}"))),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn no_variable_is_no_redis() {
    assert_eq!(from_vars(&[]), Ok(None));
    assert_eq!(from_vars(&[("REDIS_URL", ""), ("REDIS_HOST", " "), ("REDIS", "x")]), Ok(None));
}

#[test]
fn variables_are_read_with_their_defaults() {
    let cases: [(Vars<'_>, &[&str]); 9] = [
        (&[("REDIS_HOST", "cache")], &["address: \"cache:6379\"", "password: None", "tls: false"]),
        (&[("REDIS_PORT", "7000")], &["address: \"localhost:7000\"", "database: None"]),
        (&[("REDIS_DB", "3")], &["localhost:6379", "database: Some(3)"]),
        (&[("REDIS_PASSWORD", "s3cr3t")], &["localhost:6379", "password: Some(\"***\")"]),
        (&[("REDIS_USERNAME", "app")], &["username: Some(\"app\")"]),
        (&[("REDIS_TLS", "false"), ("REDIS_HOST", "h")], &["h:6379", "tls: false"]),
        (&[("REDIS_URL", "redis://u:s3cr3t@h:1/2")], &["h:1", "Some(\"u\")", "Some(2)"]),
        (&[("REDIS_URL", "redis://h"), ("REDIS_HOST", "other")], &["address: \"h:6379\""]),
        (&[("REDIS_URL", "redis-cluster://a:1?node=b:2")], &["b:2", "a:1"]),
    ];
    for (vars, expected) in cases {
        let config = from_vars(vars).unwrap().unwrap();
        for part in expected {
            assert!(config.contains(part), "{vars:?}: {part} is not in {config}");
        }
        assert!(!config.contains("s3cr3t"), "{config}");
    }
}

#[test]
fn a_wrong_value_is_named_with_what_was_expected_and_without_its_password() {
    let cases = [
        ("REDIS_URL", "http://h", "REDIS_URL is \"http://h\", expected a URL such as redis://"),
        ("REDIS_URL", "h:6379", "REDIS_URL is \"h:6379\", expected a URL"),
        ("REDIS_URL", "redis://u:s3cr3t@h:x", "REDIS_URL is \"redis://u:***@h:x\", expected a URL"),
        ("REDIS_URL", "redis://:s3cr3t@h/db", "REDIS_URL is \"redis://:***@h/db\", expected a URL"),
        ("REDIS_URL", "u:s3cr3t@h", "REDIS_URL is \"u:***@h\", expected a URL"),
        ("REDIS_URL", "redis://u:s3@cr3t@h:x", "\"redis://u:***@h:x\""),
        ("REDIS_URL", "redis-sentinel://h?sentinelPassword=s3cr3t", "?sentinelPassword=***\""),
        ("REDIS_URL", "redis+unix:///socket", "expected a URL"),
        ("REDIS_URL", "redis://:s3cr3t", "REDIS_URL is \"redis://***\", expected a URL"),
        ("REDIS_URL", "s3cr3t", "REDIS_URL is \"***\", expected a URL"),
        ("REDIS_HOST", "my s3cr3t", "REDIS_HOST is \"***\", expected a host"),
        ("REDIS_PORT", "70000", "REDIS_PORT is \"70000\", expected a port from 1 to 65535"),
        ("REDIS_PORT", "0", "REDIS_PORT is \"0\", expected a port from 1 to 65535"),
        ("REDIS_DB", "-1", "REDIS_DB is \"-1\", expected a number from 0 to 255"),
        ("REDIS_TLS", "maybe", "REDIS_TLS is \"maybe\", expected true or false"),
        ("REDIS_HOST", "redis://u:s3cr3t@h", "REDIS_HOST is \"redis://u:***@h\", expected a host"),
    ];
    for (name, value, expected) in cases {
        let error = from_vars(&[(name, value)]).unwrap_err();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("s3cr3t") && !error.contains("cr3t"), "{error}");
    }
    let error = Config::from_url("redis://h:x").unwrap_err();
    assert_eq!(error.setting(), "url");
}

#[cfg(feature = "tls")]
#[test]
fn tls_is_by_url_or_variable() {
    for vars in [("REDIS_URL", "rediss://h"), ("REDIS_TLS", "true"), ("REDIS_TLS", "1")] {
        assert!(from_vars(&[vars]).unwrap().unwrap().contains("tls: true"), "{vars:?}");
    }
}

#[cfg(not(feature = "tls"))]
#[test]
fn tls_without_its_feature_is_an_error() {
    for vars in [("REDIS_URL", "rediss://h"), ("REDIS_TLS", "true")] {
        assert!(from_vars(&[vars]).unwrap_err().contains("feature `tls` is off"), "{vars:?}");
    }
}
