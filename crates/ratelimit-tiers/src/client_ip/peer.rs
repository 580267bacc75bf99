use std::net::{IpAddr, SocketAddr};

use http::Extensions;

/// The other end of the connection, put into the extensions of each request by whoever accepts
/// connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerAddr(pub SocketAddr);

/// Reads the address of the peer from the extensions of a request. `None` means that it is unknown.
pub type PeerOf = for<'a> fn(&'a Extensions) -> Option<IpAddr>;

/// Reads [`PeerAddr`].
#[must_use]
pub fn peer_addr(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<PeerAddr>().map(|peer| peer.0.ip())
}
