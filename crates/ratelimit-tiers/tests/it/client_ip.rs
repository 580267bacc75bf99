//! The client is the first address, from the peer on, that no trusted proxy has.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use bartizan_contract::{Describe, Description, Operation};
use bartizan_probe::strict_fn;
use bartizan_ratelimit_tiers::{
    ClientIp, ClientIpLayer, ForwardedBy, PeerAddr, PrefixLength, SetClientIp, TrustedProxies,
    resolve,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use proptest::collection::vec;
use proptest::prelude::*;
use tower::{Layer, ServiceExt};

const PROXIES: [&str; 4] = ["10.0.0.0/8", "192.0.2.60", "fd00::/8", "2001:db8:cafe::/48"];
const PEER: &str = "10.0.0.1";

use ForwardedBy::{Forwarded, XForwardedFor};

#[test]
fn x_forwarded_for_is_read_from_the_right() {
    for (lines, client) in [
        // One hop.
        (&["203.0.113.7"][..], "203.0.113.7"),
        (&["2001:db8::7"], "2001:db8::7"),
        // The client forges what stands left of the truth.
        (&["127.0.0.1, 203.0.113.7"], "203.0.113.7"),
        (&["10.9.9.9, 203.0.113.7"], "203.0.113.7"),
        (&["unknown, , \"', 203.0.113.7"], "203.0.113.7"),
        (&["203.0.113.7, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        // Chains of proxies.
        (&["203.0.113.7, 10.0.0.3, 192.0.2.60, fd00::1"], "203.0.113.7"),
        (&["203.0.113.7,10.0.0.3,10.0.0.2"], "203.0.113.7"),
        (&["10.0.0.4, 10.0.0.3"], "10.0.0.4"),
        (&["10.0.0.4"], "10.0.0.4"),
        // Lines are one list.
        (&["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
        (&["198.51.100.1, 203.0.113.7", "10.0.0.3", "10.0.0.2"], "203.0.113.7"),
        (&["198.51.100.1", "garbage", "203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        (&["203.0.113.7", ""], PEER),
        // White space.
        (&["198.51.100.1 \t,\t 203.0.113.7\t"], "203.0.113.7"),
        // Ports, brackets and zones.
        (&["203.0.113.7:4711"], "203.0.113.7"),
        (&["[2001:db8::7]"], "2001:db8::7"),
        (&["[2001:db8::7]:4711"], "2001:db8::7"),
        (&["fe80::1%eth0"], "fe80::1"),
        (&["[fe80::1%eth0]:80"], "fe80::1"),
        (&["203.0.113.7:1, 10.0.0.2:2"], "203.0.113.7"),
        // IPv4 in IPv6 clothes.
        (&["203.0.113.7, ::ffff:10.0.0.2"], "203.0.113.7"),
        (&["203.0.113.7, [::FFFF:0a00:2]:80"], "203.0.113.7"),
        (&["::ffff:203.0.113.7"], "203.0.113.7"),
        // What names no address ends the walk with the last that vouched.
        (&[""], PEER),
        (&[","], PEER),
        (&["203.0.113.7,"], PEER),
        (&["203.0.113.7, unknown"], PEER),
        (&["203.0.113.7, _hidden, 10.0.0.2"], "10.0.0.2"),
        (&["203.0.113.7, , 10.0.0.2"], "10.0.0.2"),
        (&["203.0.113.7, 10.0.0.256, 10.0.0.2"], "10.0.0.2"),
        (&["203.0.113.7, 010.0.0.3, 10.0.0.2"], "10.0.0.2"),
        (&["203.0.113.7, 10.0.3, 10.0.0.2"], "10.0.0.2"),
        (&["203.0.113.7, 167772163, 10.0.0.2"], "10.0.0.2"),
        (&["203.0.113.7, 0x0a.0.0.3"], PEER),
        (&["203.0.113.7, 10.0.0.3 10.0.0.2"], PEER),
        (&["203.0.113.7; 10.0.0.3"], PEER),
        (&["\"203.0.113.7\""], PEER),
        (&["203.0.113.7:"], PEER),
        (&["203.0.113.7:65536"], PEER),
        (&["203.0.113.7:+80"], PEER),
        (&["[203.0.113.7]"], PEER),
        (&["[2001:db8::7"], PEER),
        (&["2001:db8::7]"], PEER),
        (&["[2001:db8::7]80"], PEER),
        (&["[2001:db8::7]:"], PEER),
        (&["[2001:db8::7]:x"], PEER),
        (&["fe80::1%"], PEER),
        (&["fe80::1%eth 0"], PEER),
        (&["203.0.113.7%eth0"], PEER),
        (&["for=203.0.113.7"], PEER),
    ] {
        assert_client(XForwardedFor, lines, client);
    }
}

#[test]
fn forwarded_is_read_from_the_right() {
    for (lines, client) in [
        // RFC 7239, section 4.
        (&["for=\"_gazonk\""][..], PEER),
        (&["For=\"[2001:db8:f00d::17]:4711\""], "2001:db8:f00d::17"),
        (&["for=203.0.113.43;proto=http;by=203.0.113.44"], "203.0.113.43"),
        (&["for=198.51.100.1, for=203.0.113.43"], "203.0.113.43"),
        (&["for=203.0.113.43, for=192.0.2.60"], "203.0.113.43"),
        // Sections 6.3 and 7.1.
        (&["for=_hidden, for=_SEVKISEK"], PEER),
        (&["for=192.0.2.43, for=unknown"], PEER),
        (&["for=192.0.2.43, for=\"[2001:db8:cafe::17]\", for=unknown"], PEER),
        (&["for=192.0.2.43", "for=\"[2001:db8:cafe::17]\""], "192.0.2.43"),
        // Section 7.4: ports, and parts in any order.
        (&["for=\"203.0.113.7:4711\""], "203.0.113.7"),
        (&["for=\"203.0.113.7:_port\""], "203.0.113.7"),
        (&["proto=https;host=a.example;for=203.0.113.7"], "203.0.113.7"),
        (&["PROTO=https;FOR=203.0.113.7"], "203.0.113.7"),
        (&["for=203.0.113.7;secret=\"a, for=10.0.0.9;\\\" b\""], "203.0.113.7"),
        (&["for=203.0.113.7;;proto=https;"], "203.0.113.7"),
        (&["for=203.0.113.7 ; proto=https"], "203.0.113.7"),
        (&[" \tfor=198.51.100.1 ,\tfor=203.0.113.7\t"], "203.0.113.7"),
        // Escapes.
        (&["for=\"203\\.0.113.\\7\""], "203.0.113.7"),
        (&["for=\"\\[2001:db8::7\\]\""], "2001:db8::7"),
        // Quotes that proxies forget.
        (&["for=203.0.113.7:4711"], "203.0.113.7"),
        (&["for=[2001:db8::7]:4711"], "2001:db8::7"),
        (&["for=2001:db8::7"], "2001:db8::7"),
        // IPv4 in IPv6 clothes.
        (&["for=203.0.113.7, for=\"[::ffff:10.0.0.2]\""], "203.0.113.7"),
        // The client opens a quote, escapes the comma, forges the left.
        (&["for=\", for=203.0.113.7"], "203.0.113.7"),
        (&["for=\"x, for=\"[2001:db8::7]\""], "2001:db8::7"),
        (&["for=\"x\\, for=\"[2001:db8::7]\""], "2001:db8::7"),
        (&["for=\"x\\\", for=\"[2001:db8::7]\""], "2001:db8::7"),
        (&["for=127.0.0.1;x=\\, for=203.0.113.7"], "203.0.113.7"),
        (&["for=198.51.100.1", "for=203.0.113.7, for=10.0.0.2"], "203.0.113.7"),
        (&["for=198.51.100.1;x=\"", "for=203.0.113.7"], "203.0.113.7"),
        // What names no address ends the walk with the last that vouched.
        (&[""], PEER),
        (&["for=203.0.113.7,"], PEER),
        (&["for=203.0.113.7, by=10.0.0.2"], PEER),
        (&["for=203.0.113.7, for=10.0.0.2;for=10.0.0.3"], PEER),
        (&["for=203.0.113.7;For=203.0.113.7"], PEER),
        (&["for=203.0.113.7, for=_x, for=10.0.0.2"], "10.0.0.2"),
        (&["for=203.0.113.7, for=\"10.0.0.3, for=10.0.0.2"], "10.0.0.2"),
        (&["for=203.0.113.7, 10.0.0.3, for=10.0.0.2"], "10.0.0.2"),
        (&["for=203.0.113.7;garbage"], PEER),
        (&["for=203.0.113.7 proto=https"], PEER),
        (&["for =203.0.113.7"], PEER),
        (&["for= 203.0.113.7"], PEER),
        (&["=203.0.113.7"], PEER),
        (&["for="], PEER),
        (&["for=\"\""], PEER),
        (&["for=\"203.0.113.7"], PEER),
        (&["for=203.0.113.7\""], PEER),
        (&["for=\"203.0.113.7\"x"], PEER),
        (&["for=\"203.0.113.7\\"], PEER),
        (&["for=\"203.0.113.7 \""], PEER),
        (&["203.0.113.7"], PEER),
        (&["xfor=203.0.113.7"], PEER),
    ] {
        assert_client(Forwarded, lines, client);
    }
}

#[test]
fn bytes_that_are_not_text_name_no_address() {
    for by in [XForwardedFor, Forwarded] {
        for line in [&b"\xff\xfe"[..], b"for=\"\xff\"", b"203.0.113.7\xa0", b"\x80, \xbf"] {
            let mut headers = HeaderMap::new();
            headers.append(header(by), HeaderValue::from_bytes(line).unwrap());
            assert_eq!(resolve(ip(PEER), &headers, &proxies(), by), client(PEER), "{line:?}");
        }
    }
    let mut headers = HeaderMap::new();
    let line = HeaderValue::from_bytes(b"\xff\xff, 203.0.113.7").unwrap();
    headers.append("x-forwarded-for", line);
    let found = resolve(ip(PEER), &headers, &proxies(), XForwardedFor);
    assert_eq!(found, client("203.0.113.7"));
}

#[test]
fn only_the_chosen_header_is_read() {
    let mut headers = HeaderMap::new();
    headers.append("x-forwarded-for", HeaderValue::from_static("203.0.113.7"));
    headers.append("forwarded", HeaderValue::from_static("for=198.51.100.1"));
    headers.append("x-real-ip", HeaderValue::from_static("198.51.100.2"));
    for (by, found) in [(XForwardedFor, "203.0.113.7"), (Forwarded, "198.51.100.1")] {
        assert_eq!(resolve(ip(PEER), &headers, &proxies(), by), client(found));
        let mut only_other = headers.clone();
        only_other.remove(header(by));
        assert_eq!(resolve(ip(PEER), &only_other, &proxies(), by), client(PEER));
    }
}

#[test]
fn an_untrusted_peer_is_the_client_whatever_it_says() {
    for (peer, trusted) in [
        ("203.0.113.7", proxies()),
        ("11.0.0.1", proxies()),
        ("192.0.2.61", proxies()),
        ("fe80::1", proxies()),
        (PEER, TrustedProxies::none()),
        (PEER, TrustedProxies::default()),
    ] {
        for (by, line) in [(XForwardedFor, "198.51.100.1"), (Forwarded, "for=198.51.100.1")] {
            let headers = headers(by, &[line]);
            assert_eq!(resolve(ip(peer), &headers, &trusted, by), client(peer));
        }
    }
}

#[test]
fn a_peer_in_ipv6_clothes_is_trusted_as_its_ipv4_address() {
    let headers = headers(XForwardedFor, &["203.0.113.7"]);
    let found = resolve(ip("::ffff:10.0.0.1"), &headers, &proxies(), XForwardedFor);
    assert_eq!(found, client("203.0.113.7"));
    let found = resolve(ip("::ffff:11.0.0.1"), &headers, &proxies(), XForwardedFor);
    assert_eq!(found.to_string(), "11.0.0.1");
    let mapped = TrustedProxies::parse(["::ffff:10.0.0.0/104", "::ffff:192.0.2.1"]).unwrap();
    for trusted in ["10.200.0.1", "::ffff:10.0.0.1", "192.0.2.1"] {
        assert!(mapped.contains(ip(trusted)), "{trusted}");
    }
    assert!(!mapped.contains(ip("11.0.0.0")) && !mapped.contains(ip("192.0.2.2")));
}

#[test]
fn at_most_64_hops_are_walked() {
    for (hops, client) in [(62, "203.0.113.7"), (63, "203.0.113.7"), (64, "10.0.0.2")] {
        let line = format!("203.0.113.7{}", ", 10.0.0.2".repeat(hops));
        assert_client(XForwardedFor, &[&line], client);
        let mut lines = vec!["203.0.113.7"];
        lines.resize(hops + 1, "10.0.0.2");
        assert_client(XForwardedFor, &lines, client);
        let line = format!("for=203.0.113.7{}", ", for=10.0.0.2".repeat(hops));
        assert_client(Forwarded, &[&line], client);
    }
}

#[test]
fn at_most_8_kib_are_read() {
    let room = 8192 - "203.0.113.7, 10.0.0.2".len();
    for (spaces, client) in [(room, "203.0.113.7"), (room + 1, "10.0.0.2"), (9000, PEER)] {
        let line = format!("203.0.113.7,{} 10.0.0.2", " ".repeat(spaces));
        assert_client(XForwardedFor, &[&line], client);
        let last = format!(" {}10.0.0.2", " ".repeat(spaces + 1));
        assert_client(XForwardedFor, &["203.0.113.7", &last], client);
    }
    // A cut address must not be taken for a whole one: 3.0.113.7 is another client.
    let line = format!("203.0.113.7,{}10.0.0.2", " ".repeat(8192 - "3.0.113.7,10.0.0.2".len()));
    assert_client(XForwardedFor, &[&line], "10.0.0.2");
}

#[test]
fn networks_and_addresses_are_trusted_as_written() {
    let networks = [" 10.1.2.3/16 ", "192.0.2.1", "192.0.2.0/31", "2001:db8::/32", "::1"];
    let trusted = TrustedProxies::parse(networks).unwrap();
    for addr in ["10.1.0.0", "10.1.255.255", "192.0.2.0", "192.0.2.1", "2001:db8:1::", "::1"] {
        assert!(trusted.contains(ip(addr)), "{addr}");
    }
    for addr in ["10.0.255.255", "10.2.0.0", "192.0.2.2", "2001:db7::", "2001:db9::", "::", "::2"] {
        assert!(!trusted.contains(ip(addr)), "{addr}");
    }
    let none = TrustedProxies::parse(<[&str; 0]>::default()).unwrap();
    assert!(!none.contains(ip("0.0.0.0")) && !none.contains(ip("::")));
}

#[test]
fn what_cannot_be_a_proxy_is_refused_and_named() {
    for text in ["", "10.0.0.0/33", "fd00::/129", "10.0.0/8", "example.com", "10.0.0.1:80", "*"] {
        let error = TrustedProxies::parse(["10.0.0.0/8", text]).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "trusted proxy is {text:?}, expected a network such as 10.0.0.0/8 or fd00::/8, or \
                 one address"
            )
        );
    }
}

#[test]
fn nobody_can_trust_everybody() {
    let expected = "expected only the networks of your own proxies, not every address";
    for networks in [
        &["0.0.0.0/0"][..],
        &["::/0"],
        &["10.0.0.0/8", "1.2.3.4/0"],
        &["::ffff:0:0/96"],
        &["::ffff:10.0.0.1/90"],
        &["::/64"],
        &["0.0.0.0/1", "128.0.0.0/1"],
        &["::/1", "8000::/1"],
        &["128.0.0.0/1", "64.0.0.0/2", "0.0.0.0/2"],
        &["8000::/1", "4000::/2", "2000::/3", "1000::/4", "800::/5", "400::/6", "::/6"],
    ] {
        let error = TrustedProxies::parse(networks).unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}");
    }
    assert!(TrustedProxies::parse(["0.0.0.0/1", "128.0.0.0/2"]).is_ok());
}

#[test]
fn ipv6_is_grouped_by_prefix_and_ipv4_is_not() {
    for (addr, prefix) in [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::"),
    ] {
        assert_eq!(client(addr).prefix(), ip(prefix));
    }
    for (bits, prefix) in [
        (1, "8000::"),
        (48, "ffff:ffff:ffff::"),
        (56, "ffff:ffff:ffff:ff00::"),
        (128, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ] {
        let length = PrefixLength::new(bits).unwrap();
        let addr = client("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
        assert_eq!(addr.prefix_of(length), ip(prefix));
        assert_eq!(client("203.0.113.7").prefix_of(length), ip("203.0.113.7"));
    }
    assert_eq!((PrefixLength::new(0), PrefixLength::new(129)), (None, None));
    assert_eq!(PrefixLength::new(48), Some(PrefixLength::SITE));
    assert_eq!(PrefixLength::default(), PrefixLength::SUBNET);
}

#[tokio::test]
async fn the_layer_puts_the_client_into_the_extensions() {
    let peer = PeerAddr(SocketAddr::new(ip(PEER), 4711));
    let trusting = ClientIpLayer::new().with_trusted_proxies(proxies(), XForwardedFor);
    for (layer, peer, found) in [
        (ClientIpLayer::new(), Some(peer), Some(PEER)),
        (trusting.clone(), Some(peer), Some("203.0.113.7")),
        (trusting.clone(), None, None),
        (trusting.with_peer_of(|_| Some(IpAddr::from([192, 0, 2, 1]))), None, Some("192.0.2.1")),
    ] {
        let mut request = Request::new(());
        request.headers_mut().append("x-forwarded-for", HeaderValue::from_static("203.0.113.7"));
        request.extensions_mut().extend(peer.map(extensions).unwrap_or_default());
        assert_eq!(told(layer, request).await, found.map(client));
    }
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn the_layer_reads_the_peer_that_axum_knows() {
    let mut request = Request::new(());
    request
        .extensions_mut()
        .insert(axum::extract::ConnectInfo(SocketAddr::new(ip("203.0.113.7"), 4711)));
    let layer = ClientIpLayer::new().with_peer_of(bartizan_ratelimit_tiers::connect_info);
    assert_eq!(told(layer, request).await, Some(client("203.0.113.7")));
}

#[tokio::test]
async fn readiness_and_errors_are_those_of_the_inner_service() {
    let service = ClientIpLayer::new()
        .layer(strict_fn(async |_: Request<()>| Err::<Response<()>, _>("inner")));
    assert_eq!(service.oneshot(Request::new(())).await.err(), Some("inner"));
}

#[test]
fn the_inner_service_can_be_reached() {
    let mut service: SetClientIp<u8> = ClientIpLayer::default().layer(1);
    *service.get_mut() = 2;
    assert_eq!((*service.get_ref(), service.into_inner()), (2, 2));
}

#[test]
fn the_layer_adds_nothing_to_the_description() {
    let mut description = Description::default();
    ClientIpLayer::new().describe(&Operation::new(&Method::GET, "/", false), &mut description);
    assert_eq!(description, Description::default());
    assert!(ClientIpLayer::new().own_operations().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    /// With an untrusted peer the headers do not matter.
    #[test]
    fn no_bytes_move_an_untrusted_peer(
        peer in any::<IpAddr>(),
        lines in vec(vec(any::<u8>(), 0..200), 0..8),
        by in by(),
    ) {
        prop_assume!(!proxies().contains(peer));
        let headers = raw(by, &lines);
        prop_assert_eq!(resolve(peer, &headers, &proxies(), by), ClientIp::new(peer));
    }

    /// What stands before the first address that is no proxy does not matter.
    #[test]
    fn nothing_before_the_client_matters(
        lines in vec(forged(), 0..8),
        before in vec(forged(), 1..8),
        by in by(),
    ) {
        let found = resolve(ip(PEER), &raw(by, &lines), &proxies(), by);
        if !proxies().contains(found.addr()) {
            let longer = [before, lines].concat();
            prop_assert_eq!(resolve(ip(PEER), &raw(by, &longer), &proxies(), by), found);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// What the client sent stands before what the proxies append, in their own line or in its.
    #[test]
    fn no_forged_header_hides_the_true_client(
        forged in vec(forged(), 0..4),
        truth in any::<IpAddr>().prop_filter("a proxy", |addr| !proxies().contains(*addr)),
        chain in vec(prop::sample::select(vec!["10.7.7.7", "fd00::7", "192.0.2.60"]), 0..4),
        own_line in any::<bool>(),
        form in 0..3_usize,
        by in by(),
    ) {
        let appended: Vec<_> = std::iter::once(truth)
            .chain(chain.iter().map(|addr| ip(addr)))
            .map(|addr| entry(by, addr, form))
            .collect();
        let appended = appended.join(", ").into_bytes();
        let mut lines: Vec<_> = forged.iter().map(|line| visible(line)).collect();
        match lines.last_mut() {
            Some(last) if !own_line => {
                last.extend_from_slice(b", ");
                last.extend_from_slice(&appended);
            }
            _ => lines.push(appended),
        }
        let headers = raw(by, &lines);
        prop_assert_eq!(
            resolve(ip(PEER), &headers, &proxies(), by),
            ClientIp::new(truth),
            "{:?}", headers
        );
    }
}

/// Bytes that look like what the parsers look for.
fn forged() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec![
        "for=",
        "For=",
        "by=",
        "proto=https",
        "\"",
        "\\",
        "\\\"",
        ",",
        ", ",
        ";",
        "=",
        " ",
        "\t",
        "10.0.0.9",
        "6.6.6.6",
        "[fd00::9]",
        "[2001:db8::6]:80",
        "2001:db8::6",
        "::ffff:10.0.0.9",
        "unknown",
        "_hidden",
        "%eth0",
        ":80",
        "[",
        "]",
        "for=\"6.6.6.6\"",
        "for=\"[::1]",
        "x",
    ];
    let piece = prop_oneof![
        8 => prop::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..8),
    ];
    vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

fn by() -> impl Strategy<Value = ForwardedBy> {
    prop::sample::select(vec![XForwardedFor, Forwarded])
}

/// How a proxy writes an address.
fn entry(by: ForwardedBy, addr: IpAddr, form: usize) -> String {
    match (by, addr, form) {
        (XForwardedFor, _, 0) => addr.to_string(),
        (XForwardedFor, IpAddr::V4(_), _) => format!("{addr}:4711"),
        (XForwardedFor, IpAddr::V6(_), _) => format!("[{addr}]:4711"),
        (_, IpAddr::V4(_), 0) => format!("for={addr}"),
        (_, IpAddr::V4(_), 1) => format!("for=\"{addr}:4711\";proto=https"),
        (_, IpAddr::V4(_), _) => format!("by=_a;secret=\"x, \\\" y\";FOR={addr};"),
        (_, IpAddr::V6(_), 0) => format!("for=\"[{addr}]\""),
        (_, IpAddr::V6(_), 1) => format!("proto=https;For=\"[{addr}]:4711\";host=\"a\""),
        (_, IpAddr::V6(_), _) => format!("for=\"\\[{addr}]\""),
    }
}

/// What of these bytes may stand in a header.
fn visible(line: &[u8]) -> Vec<u8> {
    let allowed = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    line.iter().copied().filter(allowed).collect()
}

fn raw(by: ForwardedBy, lines: &[Vec<u8>]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(header(by), HeaderValue::from_bytes(&visible(line)).unwrap());
    }
    headers
}

fn headers(by: ForwardedBy, lines: &[&str]) -> HeaderMap {
    let lines: Vec<_> = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
    raw(by, &lines)
}

fn header(by: ForwardedBy) -> &'static str {
    if by == Forwarded { "forwarded" } else { "x-forwarded-for" }
}

fn assert_client(by: ForwardedBy, lines: &[&str], expected: &str) {
    let found = resolve(ip(PEER), &headers(by, lines), &proxies(), by);
    assert_eq!(found.to_string(), expected, "{lines:?}");
}

async fn told(layer: ClientIpLayer, request: Request<()>) -> Option<ClientIp> {
    let service = layer.layer(strict_fn(async |request: Request<()>| {
        Ok::<_, Infallible>(Response::new(request.extensions().get::<ClientIp>().copied()))
    }));
    let Ok(response) = service.oneshot(request).await;
    response.into_body()
}

fn extensions(peer: PeerAddr) -> http::Extensions {
    let mut extensions = http::Extensions::new();
    extensions.insert(peer);
    extensions
}

fn proxies() -> TrustedProxies {
    TrustedProxies::parse(PROXIES).unwrap()
}

fn client(text: &str) -> ClientIp {
    ClientIp::new(ip(text))
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}
