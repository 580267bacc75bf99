//! Where Redis is.

use bartizan_redis_link as redis_link;

use super::settings::Settings;
use super::{ConfigError, Expected};

/// Where Redis is, as far as it was told.
#[derive(Debug, Clone, Default)]
pub enum Redis {
    /// Nobody told.
    #[default]
    Absent,
    /// There.
    At(Box<redis_link::Config>),
    /// `REDIS_URL` leads nowhere, for this reason; the server starts without Redis.
    Unusable(String),
}

impl Redis {
    pub(super) fn of(settings: &Settings) -> Result<Self, ConfigError> {
        let read = redis_link::Config::from_vars(|name| match name {
            "REDIS_URL" => settings.redis_url.as_ref().map(|url| url.expose().to_owned()),
            "REDIS_HOST" => settings.redis_host.clone(),
            "REDIS_PORT" => settings.redis_port.map(|port| port.to_string()),
            "REDIS_USERNAME" => settings.redis_username.clone(),
            "REDIS_PASSWORD" => {
                settings.redis_password.as_ref().map(|password| password.expose().to_owned())
            }
            "REDIS_DB" => settings.redis_db.map(|database| database.to_string()),
            "REDIS_TLS" => settings.redis_tls.map(|tls| tls.to_string()),
            _ => None,
        });
        match read {
            Ok(None) => Ok(Self::Absent),
            Ok(Some(config)) => Ok(Self::At(config.into())),
            Err(error) if error.setting() == "REDIS_URL" => Ok(Self::Unusable(error.to_string())),
            // What is left is the host's form, and TLS in a program without it.
            Err(error) => Err(ConfigError::arguments(error.to_string())),
        }
    }
}

pub(super) fn port(text: &str) -> Result<u16, Expected> {
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(Expected("a port from 1 to 65535")),
    }
}

pub(super) fn database(text: &str) -> Result<u8, Expected> {
    text.parse().map_err(|_| Expected("a number from 0 to 255"))
}
