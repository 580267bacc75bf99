//! Values that are never printed.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use url::Url;

/// What stands in the place of a secret.
pub(super) const MASK: &str = "********";

/// A value that `Debug` does not show and that has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Returns the value itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({MASK})")
    }
}

/// What of a secret setting may be shown: of an address all but its password, of others nothing.
pub(super) fn masked(setting: &str, text: &str) -> String {
    if ["database", "redis_url"].contains(&setting) {
        without_password(setting, text)
    } else {
        MASK.to_owned()
    }
}

/// Masks the password of an address, in the user part and in the query.
///
/// What is no address is masked as a whole: a mistyped one may be all password.
fn without_password(setting: &str, text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return MASK.to_owned() };
    if url.scheme() == "sqlite" {
        return text.to_owned();
    }
    // `postgres:user:password@host`, where the slashes were forgotten.
    if url.cannot_be_a_base() {
        return MASK.to_owned();
    }
    // A password that should have been escaped ends the host early, and goes on behind it.
    let behind = [Some(url.path()), url.query(), url.fragment()];
    if url.fragment().is_some() || behind.into_iter().flatten().any(|part| part.contains('@')) {
        return MASK.to_owned();
    }
    // Alone before the host of Redis stands its password, where the colon was forgotten.
    let is_lone = url.password().is_none() && !url.username().is_empty();
    let masked = if is_lone && setting == "redis_url" {
        url.set_username(MASK)
    } else if url.password().is_some() {
        url.set_password(Some(MASK))
    } else {
        Ok(())
    };
    if masked.is_err() {
        return MASK.to_owned();
    }
    if url.query().is_some() {
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let mut query = url.query_pairs_mut();
        query.clear();
        for (name, value) in &pairs {
            let is_secret = name.to_ascii_lowercase().contains("password");
            let value = if is_secret { MASK } else { value.as_str() };
            query.append_pair(name, value);
        }
        drop(query);
    }
    url.into()
}
