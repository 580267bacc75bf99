use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Reads the address of a node (RFC 7239, section 6) or of an `X-Forwarded-For` entry.
///
/// An address may carry a port, and one of IPv6 brackets and a zone. `unknown`, obfuscated names
/// and all else are `None`.
pub(super) fn address(node: &[u8]) -> Option<IpAddr> {
    let node = str::from_utf8(node).ok()?;
    if let Some(bracketed) = node.strip_prefix('[') {
        let (addr, after) = bracketed.split_once(']')?;
        let well_formed = after.is_empty() || after.strip_prefix(':').is_some_and(is_port);
        return well_formed.then(|| v6(addr)).flatten();
    }
    match node.split_once(':') {
        None => v4(node),
        Some((addr, port)) if !port.contains(':') => v4(addr).filter(|_| is_port(port)),
        Some(_) => v6(node),
    }
}

fn v4(text: &str) -> Option<IpAddr> {
    text.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
}

/// The zone (RFC 4007, section 11) names an interface of whoever wrote it and is dropped.
fn v6(text: &str) -> Option<IpAddr> {
    let addr = match text.split_once('%') {
        None => text,
        Some((addr, zone)) => Some(addr).filter(|_| is_name(zone))?,
    };
    addr.parse::<Ipv6Addr>().ok().map(|addr| IpAddr::V6(addr).to_canonical())
}

/// `node-port`: a number, or an obfuscated one that begins with `_`.
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(obfuscated) => is_name(obfuscated),
        None => text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok(),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-~".contains(&byte))
}
