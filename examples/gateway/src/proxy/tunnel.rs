//! What an upgrade leaves: bytes both ways.

use std::error::Error;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::task::JoinSet;

use crate::telemetry::TARGET;

/// The tunnels that are open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tunnels(Arc<Mutex<JoinSet<()>>>);

impl Tunnels {
    /// Copies bytes until both sides have ended. Where one ends its half, the other's is ended too
    /// and may still answer.
    pub(super) fn open(&self, client: OnUpgrade, upstream: OnUpgrade) {
        let mut tunnels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tunnels.try_join_next().is_some() {}
        tunnels.spawn(async move {
            let copying = async {
                let (client, upstream) = tokio::try_join!(client, upstream)?;
                let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
                copy_bidirectional(&mut client, &mut upstream).await?;
                Ok::<_, Box<dyn Error + Send + Sync>>(())
            };
            if let Err(error) = copying.await {
                let error = error.as_ref() as &dyn Error;
                tracing::debug!(target: TARGET, error, "a tunnel broke off");
            }
        });
    }

    /// Waits until none is open.
    pub(crate) async fn ended(&self) {
        while poll_fn(|cx| self.0.lock().unwrap_or_else(PoisonError::into_inner).poll_join_next(cx))
            .await
            .is_some()
        {}
    }

    /// Closes those that are open, and tells how many.
    pub(crate) fn cut(&self) -> usize {
        let mut tunnels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tunnels.try_join_next().is_some() {}
        let open = tunnels.len();
        tunnels.abort_all();
        open
    }
}
