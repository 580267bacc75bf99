//! The probe that a container runs inside itself.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long the server may take to answer; container runtimes kill a slower probe.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// The start of an answer that says all is well.
const ALIVE: &[u8; 12] = b"HTTP/1.1 200";

/// Why the server does not count as alive.
#[derive(Debug)]
#[non_exhaustive]
pub enum HealthcheckError {
    /// It was not reached or did not answer in time.
    Unreachable {
        /// What was asked.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// It answered something else than 200.
    Unhealthy {
        /// The first bytes of its answer.
        answer: String,
    },
}

impl fmt::Display for HealthcheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { address, .. } => write!(f, "no answer from {address}"),
            Self::Unhealthy { answer } => write!(f, "the server answered {answer:?}"),
        }
    }
}

impl std::error::Error for HealthcheckError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreachable { source, .. } => Some(source),
            Self::Unhealthy { .. } => None,
        }
    }
}

/// Asks for `/live` on the address that the server listens on.
///
/// # Errors
///
/// The server does not answer 200 within `timeout`.
pub fn healthcheck(listen: SocketAddr, timeout: Duration) -> Result<(), HealthcheckError> {
    let address = reachable(listen);
    let answer = ask(address, timeout)
        .map_err(|source| HealthcheckError::Unreachable { address, source })?;
    if answer == *ALIVE {
        Ok(())
    } else {
        let answer = String::from_utf8_lossy(&answer).into_owned();
        Err(HealthcheckError::Unhealthy { answer })
    }
}

fn ask(address: SocketAddr, timeout: Duration) -> io::Result<[u8; ALIVE.len()]> {
    let deadline = Instant::now() + timeout;
    // Zero is refused by the sockets' timeouts, where it would mean none.
    let left = || deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));

    let mut stream = TcpStream::connect_timeout(&address, left())?;
    stream.set_write_timeout(Some(left()))?;
    write!(stream, "GET /live HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;

    let mut answer = [0; ALIVE.len()];
    stream.set_read_timeout(Some(left()))?;
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

/// The address under which a listener on all interfaces is reached from inside.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
