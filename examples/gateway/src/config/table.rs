//! The settings one by one: for `--print-config`, and for the table in the README.

use std::fmt::Write;
use std::time::Duration;

use bartizan_ratelimit_tiers::ForwardedBy;
use toml::Value;

use super::{
    CacheProfile, CacheSettings, ClientSettings, Config, DrainTimes, HostRule, LimitSettings,
    LogSettings, Retry, Secret, Timeouts, UpstreamErrors, UpstreamSettings, UpstreamUrl,
};

/// One field with its effective value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Setting {
    /// Its dotted name.
    pub name: &'static str,
    /// Its value as TOML; `None` where it has none.
    pub value: Option<String>,
    /// What it does.
    pub about: &'static str,
}

impl Config {
    /// Every field with its effective value; the fields of sections that are absent have none.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        let Self { listen, upstream, timeouts, client, limits, cache, drain, log } = self;
        let about = "the address that is listened on";
        let mut all = vec![some("listen", text(listen), about)];
        all.extend(of_upstream(upstream));
        all.extend(of_timeouts(timeouts));
        all.extend(of_client(client));
        all.extend(of_limits(limits.as_ref()));
        all.extend(of_cache(cache.as_ref()));
        all.extend(of_drain(drain));
        all.extend(of_log(log));
        all
    }

    /// The effective values in TOML, secrets masked; what has no value is a comment.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        for Setting { name, value, .. } in self.settings() {
            // Writing into a string does not fail.
            let _ = match value {
                Some(value) if value.contains(Secret::MASK) => writeln!(out, "# {name} = {value}"),
                Some(value) => writeln!(out, "{name} = {value}"),
                None => writeln!(out, "# {name} ="),
            };
        }
        out
    }
}

/// The table of the README.
#[must_use]
pub fn markdown() -> String {
    let mut out = "| Field | Default | What it does |\n|---|---|---|\n".to_owned();
    let Some(url) = UpstreamUrl::parse("http://127.0.0.1:8080") else { return out };
    let mut config = Config::new(url);
    config.cache = Some(CacheSettings::default());
    for Setting { name, value, about } in config.settings() {
        let default = match (name, value) {
            ("upstream.url", _) => "required".to_owned(),
            (_, Some(value)) => format!("`{value}`"),
            (_, None) => "none".to_owned(),
        };
        // Writing into a string does not fail.
        let _ = writeln!(out, "| `{name}` | {default} | {about} |");
    }
    out
}

const fn some(name: &'static str, value: String, about: &'static str) -> Setting {
    Setting { name, value: Some(value), about }
}

const fn perhaps(name: &'static str, value: Option<String>, about: &'static str) -> Setting {
    Setting { name, value, about }
}

fn text(value: impl std::fmt::Display) -> String {
    format!("{:?}", value.to_string())
}

fn ms(value: Duration) -> String {
    value.as_millis().to_string()
}

fn texts<T: std::fmt::Display>(values: &[T]) -> String {
    let values: Vec<_> = values.iter().map(text).collect();
    format!("[{}]", values.join(", "))
}

fn of_upstream(upstream: &UpstreamSettings) -> [Setting; 7] {
    let UpstreamSettings { url, host, via, errors, retry, idle_connections, idle } = upstream;
    let host = match host {
        HostRule::Preserve => "preserve",
        HostRule::Upstream => "upstream",
    };
    let errors = match errors {
        UpstreamErrors::Pass => "pass",
        UpstreamErrors::Envelope => "envelope",
    };
    let retry = match retry {
        Retry::Once => "once",
        Retry::Never => "never",
    };
    [
        some("upstream.url", text(url), "where requests are sent: `http://HOST[:PORT]`"),
        some(
            "upstream.host",
            text(host),
            "the `Host` that the upstream sees: `preserve` the client's, or that of the `upstream`'s URL",
        ),
        some("upstream.via", text(via.as_str()), "the name of this gateway in `Via`"),
        some(
            "upstream.errors",
            text(errors),
            "`pass` the upstream's own errors on as they are, or put bare and plain-text ones into the `envelope`",
        ),
        some(
            "upstream.retry",
            text(retry),
            "whether a request that died on a kept connection is sent again: `once` or `never`",
        ),
        some(
            "upstream.idle_connections",
            idle_connections.to_string(),
            "how many connections are kept for the next request",
        ),
        some("upstream.idle_ms", ms(*idle), "for how long they are kept"),
    ]
}

fn of_timeouts(timeouts: &Timeouts) -> [Setting; 4] {
    let Timeouts { connect, response, body, total } = *timeouts;
    [
        some("timeouts.connect_ms", ms(connect), "from the attempt to connect to the connection"),
        some(
            "timeouts.response_ms",
            ms(response),
            "from the last piece of the request to the head of the response",
        ),
        some("timeouts.body_ms", ms(body), "from one piece of the response's body to the next"),
        perhaps(
            "timeouts.total_ms",
            total.map(ms),
            "from the request to the last byte of the response",
        ),
    ]
}

fn of_client(client: &ClientSettings) -> [Setting; 5] {
    let ClientSettings { max_body_bytes, first_request, idle, trusted } = client;
    let by = match trusted.by {
        ForwardedBy::Forwarded => "forwarded",
        // The enum may grow; this is its default.
        _ => "x-forwarded-for",
    };
    let max = max_body_bytes.map(|bytes| bytes.to_string());
    [
        perhaps(
            "client.max_body_bytes",
            max,
            "the largest body of a request; a larger one is answered with 413",
        ),
        some(
            "client.first_request_ms",
            ms(*first_request),
            "how long a new connection may take until its first request has a complete head",
        ),
        some(
            "client.idle_ms",
            ms(*idle),
            "how long a connection may take from one answer to the next complete head",
        ),
        some(
            "client.trusted_proxies",
            texts(&trusted.networks),
            "networks of the proxies in front, whose word about the client is believed",
        ),
        some(
            "client.forwarded_by",
            text(by),
            "the one header that they write: `x-forwarded-for` or `forwarded`",
        ),
    ]
}

fn of_limits(limits: Option<&LimitSettings>) -> [Setting; 6] {
    let header = limits.map(|limits| text(limits.api_key_header()));
    let keys = limits
        .map(|limits| format!("[{}]", vec![text(Secret::MASK); limits.keys.len()].join(", ")));
    let keys = keys.filter(|keys| keys != "[]");
    let classes: Option<Vec<_>> =
        limits.map(|limits| limits.classes.iter().map(|class| class.name.clone()).collect());
    let classes = classes.map(|names| {
        let names: Vec<_> =
            names.iter().map(|name| format!("{{ name = {} }}", text(name))).collect();
        format!("[{}]", names.join(", "))
    });
    let written = |name: &str| limits.and_then(|limits| limits.written.get(name));
    let tiers = written("tiers").and_then(Value::as_array).map(|tiers| {
        let names = tiers.iter().filter_map(|tier| tier.get("name")?.as_str());
        let names: Vec<_> = names.map(|name| format!("{{ name = {} }}", text(name))).collect();
        format!("[{}]", names.join(", "))
    });
    let default = written("default").and_then(Value::as_str).map(text);
    let upgrade_url = written("upgrade_url").and_then(Value::as_str).map(text);
    [
        perhaps(
            "limits.api_key_header",
            header,
            "the header that carries a caller's key; `x-api-key` unless told",
        ),
        perhaps(
            "limits.keys",
            keys,
            "the keys, each `{ key, tier }`; whoever has none is limited by address, in the default tier",
        ),
        perhaps(
            "limits.classes",
            classes,
            "what is counted apart, each `{ name, methods, path }`; one named `api` for all requests unless told",
        ),
        perhaps(
            "limits.tiers",
            tiers,
            "the tiers, each `{ name, quotas = [{ class, limit, period, algorithm }] }`; without any nothing is limited",
        ),
        perhaps(
            "limits.default",
            default,
            "the tier of callers without a key; the first unless told",
        ),
        perhaps("limits.upgrade_url", upgrade_url, "where a refused caller may upgrade"),
    ]
}

fn of_cache(cache: Option<&CacheSettings>) -> [Setting; 11] {
    let profile = cache.map(|cache| match cache.profile {
        CacheProfile::Secure => text("secure"),
        CacheProfile::Rfc => text("rfc"),
    });
    let secret = |_: &Secret| text(Secret::MASK);
    let redis = cache.and_then(|cache| cache.redis_url.as_ref()).map(secret);
    let purge = cache.and_then(|cache| cache.purge_token.as_ref()).map(secret);
    let stale = cache.map(|cache| cache.stale_if_error.as_secs().to_string());
    [
        perhaps(
            "cache.profile",
            profile,
            "which responses are shared: `secure`, none that a cookie or a credential may have had a part in, or `rfc`, what RFC 9111 allows",
        ),
        perhaps(
            "cache.max_bytes",
            cache.map(|cache| cache.max_bytes.to_string()),
            "how much memory the stored responses may take",
        ),
        perhaps(
            "cache.max_entry_bytes",
            cache.map(|cache| cache.max_entry_bytes.to_string()),
            "the largest body that is stored",
        ),
        perhaps("cache.redis_url", redis, "the Redis that several gateways share"),
        perhaps(
            "cache.redis_namespace",
            cache.map(|cache| text(&cache.redis_namespace)),
            "what the keys in Redis begin with",
        ),
        perhaps(
            "cache.stale_if_error_s",
            stale,
            "how long a stale response may stand in for an error, where the response does not say; a day under `rfc` unless told",
        ),
        perhaps(
            "cache.heuristics",
            cache.map(|cache| cache.heuristics.to_string()),
            "whether a response without a lifetime gets one (RFC 9111, section 4.2.2); `true` under `rfc` unless told",
        ),
        perhaps(
            "cache.normalise",
            cache.map(|cache| cache.normalise.to_string()),
            "whether requests that say the same in other words select the same variant: languages in another order, white space in lists (RFC 9111, section 4.1); `true` under `rfc` unless told",
        ),
        perhaps(
            "cache.key_headers",
            cache.map(|cache| texts(&cache.key_headers)),
            "headers of the request that are part of the key; a credential among them is shared by whoever sends the same",
        ),
        perhaps(
            "cache.targeted",
            cache.map(|cache| texts(&cache.targeted)),
            "targeted fields, of which the first that is there decides (RFC 9213)",
        ),
        perhaps(
            "cache.purge_token",
            purge,
            "the token that opens `POST /.bartizan/purge`, at least 16 characters; without it the endpoint is the upstream's",
        ),
    ]
}

fn of_drain(drain: &DrainTimes) -> [Setting; 2] {
    let DrainTimes { delay, timeout } = *drain;
    [
        some(
            "drain.delay_ms",
            ms(delay),
            "how long connections are still accepted after a signal to stop",
        ),
        some(
            "drain.timeout_ms",
            ms(timeout),
            "how long requests in flight are waited for after that",
        ),
    ]
}

fn of_log(log: &LogSettings) -> [Setting; 2] {
    let LogSettings { level, access } = *log;
    [
        some(
            "log.level",
            text(level.as_str().to_ascii_lowercase()),
            "events from this level on: `error`, `warn`, `info`, `debug` or `trace`",
        ),
        some("log.access", access.to_string(), "whether each request is logged"),
    ]
}
