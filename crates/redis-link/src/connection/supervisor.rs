use std::sync::Arc;

use tokio::time::{Instant, sleep};

use super::{Backoff, Connection, Outage, Role};
use crate::shared::Shared;

/// Keeps a connection for commands, for ever.
pub(crate) async fn supervise(shared: Arc<Shared>) {
    let mut backoff = Backoff::new(shared.config.reconnect_delay);
    loop {
        match Connection::open(&shared.config, Role::Commands).await {
            Ok(mut connection) => {
                let begin = Instant::now();
                let epoch = shared.came_up(connection.as_client());
                let error = tokio::select! {
                    error = connection.lost() => error,
                    () = shared.condemned(epoch) => None,
                };
                shared.went_down(Outage::Lost, error);
                backoff.lasted(begin.elapsed());
            }
            Err(error) => shared.went_down(Outage::of(&error), Some(error)),
        }
        sleep(backoff.next()).await;
    }
}
