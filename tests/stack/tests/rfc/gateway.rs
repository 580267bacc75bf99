//! The gateway, in this process.

use std::net::SocketAddr;

use bartizan_gateway::config::Overrides;
use bartizan_gateway::{Config, Gateway, StopHandle, StopSignal};

use crate::harness::Origin;

/// A gateway that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: StopHandle,
}

/// Starts a gateway whose upstream is the origin.
pub(crate) async fn start(profile: &str, origin: &Origin) -> Running {
    let text = format!(
        "listen = \"127.0.0.1:0\"\nupstream.url = \"http://127.0.0.1:{}\"\ncache.profile = \"{profile}\"\n",
        origin.port()
    );
    let config = Config::parse(&text, Overrides::default()).unwrap();
    let gateway = Gateway::bind(config).await.unwrap();
    let address = gateway.local_addr().unwrap();
    let (stop, signal) = StopSignal::new();
    tokio::spawn(gateway.run(signal));
    Running { address, stop }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.stop();
    }
}
