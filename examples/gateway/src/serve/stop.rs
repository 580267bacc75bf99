//! Asking the gateway to stop, and asking again.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::telemetry::TARGET;

/// Asks the gateway to stop.
#[derive(Debug, Clone)]
pub struct StopHandle(watch::Sender<u32>);

impl StopHandle {
    /// Begins a drain; when called again, ends it.
    pub fn stop(&self) {
        self.0.send_modify(|asked| *asked = asked.saturating_add(1));
    }
}

/// Hears what a [`StopHandle`] asks.
#[derive(Debug, Clone)]
pub struct StopSignal(watch::Receiver<u32>);

impl StopSignal {
    /// Makes a connected pair; without its handles the signal stays silent.
    #[must_use]
    pub fn new() -> (StopHandle, Self) {
        let (sender, receiver) = watch::channel(0);
        (StopHandle(sender), Self(receiver))
    }

    /// Waits until the drain is asked for.
    pub async fn requested(&mut self) {
        self.asked(1).await;
    }

    /// Waits until the drain is to be cut short.
    pub async fn forced(&mut self) {
        self.asked(2).await;
    }

    async fn asked(&mut self, times: u32) {
        if self.0.wait_for(|asked| *asked >= times).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Stops the gateway on SIGTERM and SIGINT, from this call on.
///
/// # Errors
///
/// The operating system refuses the handlers.
pub fn stop_on_signals(handle: StopHandle) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            tracing::info!(target: TARGET, signal = name, "asked to stop");
            handle.stop();
        }
    });
    Ok(())
}
