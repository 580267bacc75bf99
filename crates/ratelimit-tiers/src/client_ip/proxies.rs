use std::net::IpAddr;
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::ConfigError;

const SETTING: &str = "trusted proxy";

/// The networks whose word about the client is believed. None by default.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Option<Arc<Networks>>);

/// Sorted, and no two of them overlap or touch.
#[derive(Debug)]
struct Networks {
    v4: Box<[Ipv4Net]>,
    v6: Box<[Ipv6Net]>,
}

impl TrustedProxies {
    /// Trusts nobody: the peer is the client, and no header is read.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// Reads networks (`10.0.0.0/8`, `fd00::/8`) and single addresses (`192.0.2.1`).
    ///
    /// Bits below the prefix are ignored, and an IPv4 network in IPv6 clothes
    /// (`::ffff:10.0.0.0/104`) is the IPv4 network.
    ///
    /// # Errors
    ///
    /// When a text is neither, or when all IPv4 or all IPv6 addresses would be trusted: then every
    /// client could name itself.
    pub fn parse<I>(networks: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for text in networks {
            let text = text.as_ref();
            match network(text).ok_or_else(|| unreadable(text))? {
                // The IPv4 addresses as IPv6 sees them, and whatever holds them all.
                IpNet::V6(net) if net.contains(&MAPPED) => return Err(trusts_all(text)),
                net if net.prefix_len() == 0 => return Err(trusts_all(text)),
                IpNet::V4(net) => v4.push(net),
                IpNet::V6(net) => v6.push(net),
            }
        }
        let (v4, v6) = (Ipv4Net::aggregate(&v4), Ipv6Net::aggregate(&v6));
        if v4.iter().any(|net| net.prefix_len() == 0) {
            return Err(trusts_all("0.0.0.0/0, all networks taken together"));
        }
        if v6.iter().any(|net| net.prefix_len() == 0) {
            return Err(trusts_all("::/0, all networks taken together"));
        }
        if v4.is_empty() && v6.is_empty() {
            return Ok(Self::none());
        }
        Ok(Self(Some(Arc::new(Networks { v4: v4.into(), v6: v6.into() }))))
    }

    /// Whether an address belongs to a trusted network; `::ffff:192.0.2.1` counts as `192.0.2.1`.
    #[must_use]
    pub fn contains(&self, addr: IpAddr) -> bool {
        let Some(networks) = self.0.as_deref() else { return false };
        match addr.to_canonical() {
            // The networks are disjoint, so only the last that begins at or below can hold it.
            IpAddr::V4(addr) => {
                let after = networks.v4.partition_point(|net| net.network() <= addr);
                let below = after.checked_sub(1).and_then(|at| networks.v4.get(at));
                below.is_some_and(|net| net.contains(&addr))
            }
            IpAddr::V6(addr) => {
                let after = networks.v6.partition_point(|net| net.network() <= addr);
                let below = after.checked_sub(1).and_then(|at| networks.v6.get(at));
                below.is_some_and(|net| net.contains(&addr))
            }
        }
    }
}

/// `::ffff:0:0/96`, the IPv4 addresses as IPv6 sees them (RFC 4291, section 2.5.5.2).
const MAPPED: Ipv6Net =
    Ipv6Net::new_assert(std::net::Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), MAPPED_BITS);
const MAPPED_BITS: u8 = 96;

fn network(text: &str) -> Option<IpNet> {
    let text = text.trim_ascii();
    let net: IpNet = match text.parse::<IpAddr>() {
        Ok(addr) => addr.into(),
        Err(_) => text.parse().ok()?,
    };
    if let IpNet::V6(mapped) = net
        && let Some(addr) = mapped.addr().to_ipv4_mapped()
        && let Some(bits) = mapped.prefix_len().checked_sub(MAPPED_BITS)
    {
        return Ipv4Net::new(addr, bits).ok().map(|net| IpNet::V4(net.trunc()));
    }
    Some(net.trunc())
}

fn unreadable(text: &str) -> ConfigError {
    ConfigError::new(SETTING, text, "a network such as 10.0.0.0/8 or fd00::/8, or one address")
}

fn trusts_all(text: &str) -> ConfigError {
    ConfigError::new(SETTING, text, "only the networks of your own proxies, not every address")
}
