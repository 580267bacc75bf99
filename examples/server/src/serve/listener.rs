//! Binding and accepting.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time;

use crate::telemetry::TARGET;

/// How many connections wait in the operating system for being accepted.
const BACKLOG: u32 = 1024;

/// How long to wait where accepting fails for the process, as for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Why an address is not listened on.
#[derive(Debug)]
pub struct BindError {
    address: SocketAddr,
    source: io::Error,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, source } = self;
        match source.kind() {
            ErrorKind::AddrInUse => write!(
                f,
                "cannot listen on {address}: another process does; set PORT to a free one"
            ),
            ErrorKind::PermissionDenied => {
                write!(f, "cannot listen on {address}: this user may not; set PORT above 1023")
            }
            ErrorKind::AddrNotAvailable => {
                write!(f, "cannot listen on {address}: no address of this host; set HOST")
            }
            _ => write!(f, "cannot listen on {address}"),
        }
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Listens on `address`, also right after another process did.
///
/// # Errors
///
/// The address is taken, forbidden or not of this host.
pub fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    let listen = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|source| BindError { address, source })
}

/// Accepts the next connection; failures are logged and waited out.
pub(super) async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_the_peer(&error) => {}
            Err(error) => {
                tracing::error!(target: TARGET, %error, "accepting a connection failed");
                time::sleep(PAUSE).await;
            }
        }
    }
}

fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    )
}
