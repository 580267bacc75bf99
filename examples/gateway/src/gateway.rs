//! A gateway from its start to its end.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use bartizan_cache::Responses;
use tokio::net::TcpListener;

use crate::cache::{self, CacheError};
use crate::config::Config;
use crate::proxy::Tunnels;
use crate::serve::{self, Drained, ServeOptions, StopSignal};
use crate::stack;

/// A gateway that listens.
#[derive(Debug)]
pub struct Gateway {
    config: Config,
    listener: TcpListener,
    responses: Option<Responses>,
}

impl Gateway {
    /// Listens on the configured address and opens the cache. Nothing is answered before [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub async fn bind(config: Config) -> Result<Self, StartError> {
        let listen = config.listen;
        let listener = serve::bind(listen).map_err(|source| StartError::Listen(listen, source))?;
        let responses = match &config.cache {
            Some(settings) => Some(cache::open(settings).await?),
            None => None,
        };
        Ok(Self { config, listener, responses })
    }

    /// The address that is listened on.
    ///
    /// # Errors
    ///
    /// When the operating system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` says otherwise, then drains.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub async fn run(self, stop: StopSignal) -> Result<Drained, StartError> {
        let tunnels = Tunnels::default();
        let service = stack::stack(&self.config, self.responses, tunnels.clone())?;
        let options = ServeOptions::new(&self.config);
        Ok(serve::serve(self.listener, service, options, tunnels, stop).await)
    }
}

/// Why the gateway does not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The address is taken, forbidden or not of this host.
    Listen(SocketAddr, io::Error),
    /// The limits contradict each other.
    Limits(bartizan_ratelimit_tiers::ConfigError),
    /// The cache cannot be made.
    Cache(bartizan_cache::ConfigError),
    /// The address of Redis is none.
    Redis(bartizan_redis_link::ConfigError),
}

impl From<CacheError> for StartError {
    fn from(error: CacheError) -> Self {
        match error {
            CacheError::Redis(source) => Self::Redis(source),
            CacheError::Cache(source) => Self::Cache(source),
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(address, _) => write!(f, "listen: cannot listen on {address}"),
            Self::Limits(_) => f.write_str("limits: they cannot be used"),
            Self::Cache(_) => f.write_str("cache: it cannot be used"),
            Self::Redis(_) => f.write_str("cache.redis_url: it leads nowhere"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Listen(_, source) => Some(source),
            Self::Limits(source) => Some(source),
            Self::Cache(source) => Some(source),
            Self::Redis(source) => Some(source),
        }
    }
}
