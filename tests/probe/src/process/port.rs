use std::net::{Ipv4Addr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that Linux gives to outgoing connections (from 32768 on), so that none of them
/// takes the port of a server which is down until its restart.
const FIRST: u16 = 20_000;
const SPAN: u16 = 12_000;

/// Returns a TCP port of 127.0.0.1 on which nothing listens, a different one each time.
///
/// Another process may take it before the caller does, so a server that cannot bind it should be
/// tried on another one.
///
/// # Panics
///
/// When every port of the range is taken.
#[must_use]
pub fn free_port() -> u16 {
    // Each process begins elsewhere, and none gives the same port to two of its own tests.
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| AtomicU16::new(fastrand::u16(..)));

    (0..SPAN)
        .map(|_| FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % SPAN)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("no port from 20000 to 31999 is free on 127.0.0.1")
}
