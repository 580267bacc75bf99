//! Who the client is, when proxies stand in between: the only place that reads forwarding headers.

mod address;
#[cfg(feature = "axum")]
mod axum;
mod forwarded;
mod layer;
mod node;
mod peer;
mod proxies;
mod resolve;
mod service;

#[cfg(feature = "axum")]
pub use self::axum::connect_info;
pub use address::{ClientIp, PrefixLength};
pub use layer::ClientIpLayer;
pub use peer::{PeerAddr, PeerOf, peer_addr};
pub use proxies::TrustedProxies;
pub use resolve::{ForwardedBy, resolve};
pub use service::SetClientIp;
