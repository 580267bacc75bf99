use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The address of the client, in the extensions of a request.
///
/// An IPv4 address that arrived in IPv6 clothes (`::ffff:192.0.2.1`) is an IPv4 address here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientIp(IpAddr);

impl ClientIp {
    /// Takes an address for the client's.
    #[must_use]
    pub const fn new(addr: IpAddr) -> Self {
        Self(addr.to_canonical())
    }

    /// The whole address.
    #[must_use]
    pub const fn addr(self) -> IpAddr {
        self.0
    }

    /// The address by which to limit: IPv4 whole, IPv6 cut to 64 bits.
    ///
    /// One IPv6 subscriber owns at least a /64 (RFC 6177) and takes a new address when it likes.
    #[must_use]
    pub const fn prefix(self) -> IpAddr {
        self.prefix_of(PrefixLength::SUBNET)
    }

    /// The address by which to limit: IPv4 whole, IPv6 cut to `length`.
    #[must_use]
    pub const fn prefix_of(self, length: PrefixLength) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(addr) => IpAddr::V6(Ipv6Addr::from_bits(addr.to_bits() & length.mask())),
        }
    }
}

impl fmt::Display for ClientIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for ClientIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// How many leading bits of an IPv6 address name one client: 1 to 128.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrefixLength(u8);

impl PrefixLength {
    /// A subnet, 64 bits.
    pub const SUBNET: Self = Self(64);
    /// A site, 48 bits: the most that one subscriber commonly gets.
    pub const SITE: Self = Self(48);

    /// Accepts 1 to 128.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        if matches!(bits, 1..=128) { Some(Self(bits)) } else { None }
    }

    const fn mask(self) -> u128 {
        u128::MAX << (128 - self.0)
    }
}

impl Default for PrefixLength {
    fn default() -> Self {
        Self::SUBNET
    }
}
