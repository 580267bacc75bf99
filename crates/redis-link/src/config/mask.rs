/// What stands in the place of a secret.
pub(super) const MASK: &str = "***";

/// Returns a URL, or what was meant to be one, without its secrets.
pub(super) fn url(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    // The last `@`: a password that was not percent-encoded may have one.
    let rest = match rest.rsplit_once('@') {
        Some((credentials, rest)) => match credentials.split_once(':') {
            Some((user, _)) => format!("{user}:{MASK}@{rest}"),
            None => format!("{MASK}@{rest}"),
        },
        None => rest.to_owned(),
    };
    scheme + &query(&rest)
}

/// Masks the values of parameters that are passwords.
fn query(rest: &str) -> String {
    let Some((before, query)) = rest.split_once('?') else { return rest.to_owned() };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if name.to_ascii_lowercase().contains("password") => {
            format!("{name}={MASK}")
        }
        _ => pair.to_owned(),
    });
    format!("{before}?{}", pairs.collect::<Vec<_>>().join("&"))
}
