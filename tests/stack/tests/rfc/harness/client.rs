use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::moment;
use super::step::Step;
use super::wire::{Message, Role, Wire};

/// After which a response will not come any more.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends a step's request on a connection of its own and reads the final response.
pub(super) async fn send(proxy: SocketAddr, path: &str, step: &Step) -> Option<Message> {
    let role = if step.method == "HEAD" { Role::ResponseToHead } else { Role::Response };
    let exchange = async {
        let stream = TcpStream::connect(proxy).await.ok()?;
        let mut wire = Wire::new(stream);
        wire.write(&head(proxy, path, step)).await;
        loop {
            let message = wire.read(role).await?;
            if !(100..200).contains(&message.status()) {
                return Some(message);
            }
        }
    };
    timeout(PATIENCE, exchange).await.ok().flatten()
}

fn head(proxy: SocketAddr, path: &str, step: &Step) -> String {
    let host = proxy.to_string();
    let fields = moment::fill(&step.fields, path, &host);
    let mut head = format!("{} {path}{} HTTP/1.1\r\n", step.method, step.suffix);
    if !fields.lines().any(|line| line.starts_with("Host:")) {
        write!(head, "Host: {host}\r\n").unwrap();
    }
    for line in fields.lines() {
        write!(head, "{line}\r\n").unwrap();
    }
    if let Some(body) = &step.body {
        write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
    }
    head + "\r\n" + step.body.as_deref().unwrap_or_default()
}
