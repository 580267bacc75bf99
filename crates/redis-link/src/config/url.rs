use fred::types::config::Config as ServerConfig;

use super::mask;
use crate::ConfigError;

/// What may stand before `://`; each also with `rediss`, for TLS.
const SCHEMES: [&str; 3] = ["", "-cluster", "-sentinel"];

const EXPECTED: &str = "a URL such as redis://user:password@host:6379/0, with redis, rediss, \
    redis-cluster, rediss-cluster, redis-sentinel or rediss-sentinel";

/// Reads where Redis is from a URL; `setting` is what an error calls it.
pub(super) fn parse(setting: &'static str, url: &str) -> Result<ServerConfig, ConfigError> {
    let url = url.trim();
    let wrong = |expected| ConfigError::new(setting, mask::url(url), expected);
    let scheme = url.split_once("://").map(|(scheme, _)| scheme).unwrap_or_default();
    let (tls, kind) = match (scheme.strip_prefix("rediss"), scheme.strip_prefix("redis")) {
        (Some(kind), _) => (true, kind),
        (None, Some(kind)) => (false, kind),
        (None, None) => return Err(wrong(EXPECTED)),
    };
    if !SCHEMES.contains(&kind) {
        return Err(wrong(EXPECTED));
    }
    if tls && !cfg!(feature = "tls") {
        return Err(wrong("a URL without TLS, since the feature `tls` is off"));
    }
    ServerConfig::from_url(url).map_err(|_| wrong(EXPECTED))
}
