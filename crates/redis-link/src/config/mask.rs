/// What stands in the place of a secret.
pub(super) const MASK: &str = "***";

/// Returns a URL, or what was meant to be one, without its secrets.
///
/// What was not understood may be a password in any of its parts, so a part is only shown where it
/// plainly is something else.
pub(super) fn url(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (format!("{scheme}://"), rest),
        Some(_) => return MASK.to_owned(),
        None => (String::new(), url),
    };
    // The last `@`: a password that was not percent-encoded may have one.
    let rest = match rest.rsplit_once('@') {
        Some((credentials, rest)) => at(credentials, rest),
        None => place(rest, if scheme.is_empty() { Port::Required } else { Port::Optional }),
    };
    scheme + &rest
}

/// Whether a lone word may be a host.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Port {
    Optional,
    Required,
}

/// Masks the password before the last `@`.
fn at(credentials: &str, rest: &str) -> String {
    // The `@` is part of a password in the path or query.
    if credentials.contains(['/', '?']) {
        return MASK.to_owned();
    }
    let (server, query) = split_query(rest);
    // After credentials a wrong port or database may be shown.
    let server = if server.split([':', '/']).all(is_word) { server } else { MASK };
    match credentials.split_once(':') {
        Some((user, _)) if is_word(user) => format!("{user}:{MASK}@{server}{query}"),
        _ => format!("{MASK}@{server}{query}"),
    }
}

/// Masks all but `host[:port][/database]` and its parameters.
fn place(text: &str, port: Port) -> String {
    let (server, query) = split_query(text);
    if is_place(server, port) { format!("{server}{query}") } else { MASK.to_owned() }
}

/// Returns what stands before the query, and the query with only the values that are no secrets.
fn split_query(text: &str) -> (&str, String) {
    let Some((before, query)) = text.split_once('?') else { return (text, String::new()) };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some(("node", value)) if is_place(value, Port::Optional) => pair.to_owned(),
        Some(("sentinelServiceName" | "sentinelUsername", value)) if is_word(value) => {
            pair.to_owned()
        }
        Some((
            name @ ("node" | "sentinelServiceName" | "sentinelUsername" | "sentinelPassword"),
            _,
        )) => format!("{name}={MASK}"),
        _ => MASK.to_owned(),
    });
    (before, format!("?{}", pairs.collect::<Vec<_>>().join("&")))
}

fn is_place(text: &str, needed: Port) -> bool {
    let (server, database) = text.split_once('/').unwrap_or((text, ""));
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !server.ends_with(']') => (host, Some(port)),
        _ => (server, None),
    };
    let has_port = match port {
        Some(port) => port.parse::<u16>().is_ok(),
        None => needed == Port::Optional,
    };
    let has_database = database.is_empty() || database.parse::<u8>().is_ok();
    has_port && has_database && is_host(host)
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.chars().all(|it| it.is_ascii_hexdigit() || ":.".contains(it)),
        None => !host.is_empty() && is_word(host),
    }
}

fn is_scheme(scheme: &str) -> bool {
    !scheme.is_empty() && scheme.chars().all(|it| it.is_ascii_alphabetic() || "+-".contains(it))
}

fn is_word(word: &str) -> bool {
    word.chars().all(|it| it.is_ascii_alphanumeric() || "-._".contains(it))
}

#[cfg(test)]
mod tests {
    use super::url;

    #[test]
    fn shows_only_what_plainly_is_no_password() {
        let cases = [
            // As they are.
            ("redis://h", "redis://h"),
            ("http://h:6379/0", "http://h:6379/0"),
            ("redis://[::1]:6379/15", "redis://[::1]:6379/15"),
            ("10.0.0.1:6379", "10.0.0.1:6379"),
            ("h_1.example:6379/3", "h_1.example:6379/3"),
            ("redis-cluster://a:1?node=b:2&node=c", "redis-cluster://a:1?node=b:2&node=c"),
            (
                "redis-sentinel://h?sentinelServiceName=m",
                "redis-sentinel://h?sentinelServiceName=m",
            ),
            // A password before the last `@`.
            ("redis://u:hunter2@h:x", "redis://u:***@h:x"),
            ("redis://:hunter2@h/db", "redis://:***@h/db"),
            ("redis://hunter2@h", "redis://***@h"),
            ("redis://u:hun@ter2@h", "redis://u:***@h"),
            ("redis://u:hun:ter2@h", "redis://u:***@h"),
            ("redis://hun+ter2:x@h", "redis://***@h"),
            ("u:hunter2@h", "u:***@h"),
            ("redis://u:pw@hunter2!", "redis://u:***@***"),
            // No `@`.
            ("hunter2", "***"),
            (":hunter2", "***"),
            ("u:hunter2", "***"),
            ("hunter2/0", "***"),
            ("redis://:hunter2", "redis://***"),
            ("redis://u:hunter2", "redis://***"),
            ("redis://:6379", "redis://***"),
            ("redis://h:70000", "redis://***"),
            ("redis://h/hunter2", "redis://***"),
            ("redis://h/256", "redis://***"),
            ("redis://hunter2#", "redis://***"),
            ("redis://h ter2", "redis://***"),
            ("redis+unix:///hunter2", "redis+unix://***"),
            ("u:hun://ter2", "***"),
            ("u:hun://te:r2@h", "***"),
            ("://hunter2", "***"),
            // In the query, or cut by it.
            ("redis://h?sentinelPassword=hunter2", "redis://h?sentinelPassword=***"),
            ("redis://h?sentinelPassword=hun@ter2", "redis://***"),
            ("redis://h?sentinelPassword=hun:t@er2", "redis://***"),
            ("redis://h?auth=hunter2&node=b:1", "redis://h?***&node=b:1"),
            ("redis://h?hunter2", "redis://h?***"),
            ("redis://h?node=u:hunter2", "redis://h?node=***"),
            ("redis://:hun?ter2", "redis://***"),
            ("redis://u:hun/ter2@h", "redis://***"),
            ("", "***"),
        ];
        for (given, shown) in cases {
            assert_eq!(url(given), shown, "{given}");
        }
    }
}
