use std::net::IpAddr;

use http::header::{FORWARDED, HeaderMap, HeaderName};

use super::forwarded::Cut;
use super::{ClientIp, TrustedProxies, forwarded, node};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// How many hops are walked at most.
const MAX_HOPS: usize = 64;
/// How many bytes are read at most, over all lines.
const MAX_BYTES: usize = 8 * 1024;

/// The one header in which the trusted proxies tell whom they forward for.
///
/// Only the header that the proxies overwrite or append to may be believed: the other one comes
/// from the client as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ForwardedBy {
    /// `X-Forwarded-For: 192.0.2.1, 10.0.0.1`.
    XForwardedFor,
    /// `Forwarded: for=192.0.2.1, for="[2001:db8::1]:4711"` (RFC 7239).
    Forwarded,
}

/// Tells who the client is: the first address, from the peer towards the client, that is not a
/// trusted proxy.
///
/// Walks the entries of all lines from the last to the first. Where an entry names no address
/// (`unknown`, `_hidden`, garbage, nothing) the walk ends with the proxy that handed it on: nobody
/// vouches for what stands before. If all are trusted, the client is the first of them.
///
/// Looks at 64 entries and 8 KiB at most, from the end; what lies beyond is as if absent.
#[must_use]
pub fn resolve(
    peer: IpAddr,
    headers: &HeaderMap,
    proxies: &TrustedProxies,
    by: ForwardedBy,
) -> ClientIp {
    let mut client = ClientIp::new(peer);
    if !proxies.contains(client.addr()) {
        return client;
    }
    let name = match by {
        ForwardedBy::XForwardedFor => X_FORWARDED_FOR,
        ForwardedBy::Forwarded => FORWARDED,
    };
    let mut bytes = MAX_BYTES;
    let hops = headers.get_all(name).iter().rev().flat_map(|line| {
        let hops = Hops::of(line.as_bytes(), bytes, by);
        bytes = bytes.saturating_sub(line.len());
        hops
    });
    for hop in hops.take(MAX_HOPS) {
        let Some(addr) = hop else { return client };
        client = ClientIp::new(addr);
        if !proxies.contains(addr) {
            return client;
        }
    }
    client
}

/// The entries of one line from the last to the first; `None` for one that names no address.
struct Hops<'a> {
    by: ForwardedBy,
    rest: Option<&'a [u8]>,
    /// The line begins before `rest` does, so the first entry is not whole.
    is_cut: bool,
}

impl<'a> Hops<'a> {
    fn of(line: &'a [u8], bytes: usize, by: ForwardedBy) -> Self {
        let beyond = line.len().saturating_sub(bytes);
        Self { by, rest: line.get(beyond..), is_cut: beyond > 0 }
    }
}

impl Iterator for Hops<'_> {
    type Item = Option<IpAddr>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.rest.take()?;
        let cut = match self.by {
            ForwardedBy::XForwardedFor => {
                line.iter().rposition(|byte| *byte == b',').map_or(Cut::Whole, Cut::Comma)
            }
            ForwardedBy::Forwarded => forwarded::last_cut(line),
        };
        let entry = match cut {
            Cut::Unclosed => return Some(None),
            Cut::Whole if self.is_cut => return Some(None),
            Cut::Whole => line,
            Cut::Comma(comma) => {
                self.rest = line.get(..comma);
                line.get(comma.saturating_add(1)..)?
            }
        };
        Some(match self.by {
            ForwardedBy::XForwardedFor => node::address(entry.trim_ascii()),
            ForwardedBy::Forwarded => forwarded::address(entry),
        })
    }
}
