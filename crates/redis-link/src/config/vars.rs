use std::str::FromStr;

use fred::types::config::{Config as ServerConfig, ServerConfig as Server};

use super::{mask, url};
use crate::ConfigError;

const HOST: &str = "REDIS_HOST";
const PORT: &str = "REDIS_PORT";
const USERNAME: &str = "REDIS_USERNAME";
const PASSWORD: &str = "REDIS_PASSWORD";
const DB: &str = "REDIS_DB";
const TLS: &str = "REDIS_TLS";

const DEFAULT_HOST: &str = "localhost";
const DEFAULT_PORT: u16 = 6379;

pub(super) fn read(
    vars: impl Fn(&str) -> Option<String>,
) -> Result<Option<ServerConfig>, ConfigError> {
    let var = |name| vars(name).filter(|value| !value.trim().is_empty());
    if let Some(value) = var("REDIS_URL") {
        return url::parse("REDIS_URL", &value).map(Some);
    }
    let split = [HOST, PORT, USERNAME, PASSWORD, DB, TLS].map(var);
    if split.iter().all(Option::is_none) {
        return Ok(None);
    }
    let [host, port, username, password, database, tls] = split;
    let host = host.map_or_else(|| DEFAULT_HOST.to_owned(), |host| host.trim().to_owned());
    if host.contains(['/', '@']) || host.contains(char::is_whitespace) {
        return Err(ConfigError::new(HOST, mask::url(&host), "a host name or an address"));
    }
    let port = number(PORT, port, "a port from 1 to 65535")?.unwrap_or(DEFAULT_PORT);
    if port == 0 {
        return Err(ConfigError::new(PORT, "0", "a port from 1 to 65535"));
    }
    Ok(Some(ServerConfig {
        server: Server::new_centralized(host, port),
        username,
        password,
        database: number(DB, database, "a number from 0 to 255")?,
        ..with_tls(tls)?
    }))
}

fn number<T: FromStr>(
    setting: &'static str,
    value: Option<String>,
    expected: &'static str,
) -> Result<Option<T>, ConfigError> {
    let Some(value) = value else { return Ok(None) };
    let number = value.trim().parse();
    number.map(Some).map_err(|_| ConfigError::new(setting, value, expected))
}

/// Returns a configuration that has only the TLS of this variable.
fn with_tls(value: Option<String>) -> Result<ServerConfig, ConfigError> {
    let value = value.unwrap_or_default();
    match value.trim().to_ascii_lowercase().as_str() {
        "" | "false" | "0" => Ok(ServerConfig::default()),
        "true" | "1" => encrypted(&value),
        _ => Err(ConfigError::new(TLS, value, "true or false")),
    }
}

#[cfg(feature = "tls")]
fn encrypted(value: &str) -> Result<ServerConfig, ConfigError> {
    let connector = fred::types::config::TlsConnector::default_rustls()
        .map_err(|_| ConfigError::new(TLS, value, "false, since no root certificate was found"))?;
    Ok(ServerConfig { tls: Some(connector.into()), ..ServerConfig::default() })
}

#[cfg(not(feature = "tls"))]
fn encrypted(value: &str) -> Result<ServerConfig, ConfigError> {
    Err(ConfigError::new(TLS, value, "false, since the feature `tls` is off"))
}
