use std::net::{IpAddr, SocketAddr};

use ::axum::extract::ConnectInfo;
use http::Extensions;

/// Reads what axum's `into_make_service_with_connect_info::<SocketAddr>` leaves: a
/// [`PeerOf`](crate::PeerOf).
#[must_use]
pub fn connect_info(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip())
}
