use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use fred::clients::Client;
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike;
use fred::types::config::{ConnectionConfig, PerformanceConfig, TcpConfig};
use fred::types::{ConnectHandle, RespVersion};
use tokio::time::timeout;

use crate::Config;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Commands,
    Subscriptions,
}

/// A connection that stands: one client, used once and never again after it broke.
///
/// The client could reconnect by itself, but it keeps commands meanwhile and sends them afterwards.
/// So it is given no policy to reconnect: its task ends when the connection breaks, having failed
/// every command that was in flight or waiting.
pub(crate) struct Connection {
    client: Client,
    task: Task,
}

/// The task that reads and writes; it ends with its value.
struct Task(ConnectHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Connection {
    /// How many messages may wait between the client's task and ours.
    const MESSAGES: usize = 1024;

    /// How often a command may follow a redirection of the cluster.
    const REDIRECTIONS: u32 = 5;

    /// Makes a connection, within the configured time.
    pub(crate) async fn open(config: &Config, role: Role) -> Result<Self, Error> {
        let client = Self::client(config, role);
        let mut up = pin!(client.wait_for_connect());
        // Polled before the task begins, since it hears of nothing that happened earlier.
        let early = poll_fn(|cx| Poll::Ready(up.as_mut().poll(cx))).await;
        debug_assert!(early.is_pending(), "connected before connecting");
        let task = Task(client.connect());
        match timeout(config.connect_timeout, up).await {
            Ok(Ok(())) => Ok(Self { client: client.clone(), task }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::new(ErrorKind::Timeout, "no connection in time")),
        }
    }

    pub(crate) const fn as_client(&self) -> &Client {
        &self.client
    }

    /// Waits until the connection breaks.
    pub(crate) async fn lost(&mut self) -> Option<Error> {
        match (&mut self.task.0).await {
            Ok(Err(error)) => Some(error),
            Ok(Ok(())) | Err(_) => None,
        }
    }

    fn client(config: &Config, role: Role) -> Client {
        let mut server = config.server.clone();
        server.fail_fast = true;
        server.version = RespVersion::RESP3;
        let redirections = if server.server.is_clustered() { Self::REDIRECTIONS } else { 0 };
        let connection = ConnectionConfig {
            connection_timeout: config.connect_timeout,
            internal_command_timeout: config.connect_timeout,
            // A redirected command was not executed where it was sent first.
            max_command_attempts: 1 + redirections,
            max_redirections: redirections,
            tcp: TcpConfig { nodelay: Some(true), ..TcpConfig::default() },
            ..ConnectionConfig::default()
        };
        let performance = PerformanceConfig {
            // The one timeout of a command. The client heeds it for every raw command, where it
            // ignores the options of single scripts, and does not write a command that has run out.
            default_command_timeout: match role {
                Role::Commands => config.command_timeout,
                Role::Subscriptions => config.connect_timeout,
            },
            broadcast_channel_capacity: Self::MESSAGES,
            ..PerformanceConfig::default()
        };
        Client::new(server, Some(performance), Some(connection), None)
    }
}
