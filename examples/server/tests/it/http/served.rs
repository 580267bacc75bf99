//! The application behind a real socket, asked from addresses of its own host.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use bartizan_server::domain::Tier;
use bartizan_server::serve::StopHandle;
use serde_json::Value;

use super::Answer;
use super::client::Client;
use super::wire::{Connection, serving};
use crate::world::World;

pub(super) struct Served {
    client: Client,
    address: SocketAddr,
    _stop: StopHandle,
}

impl Served {
    /// With the table of the contract.
    pub(super) async fn new(world: &World) -> Self {
        Self::with(world, &[]).await
    }

    /// With the table of the contract, unless these variables replace it.
    pub(super) async fn with(world: &World, variables: &[(&str, &str)]) -> Self {
        let variables = [variables, &[("RATE_LIMIT_TIERS", "")]].concat();
        Self::over(Client::with(world, &variables).await)
    }

    pub(super) fn over(client: Client) -> Self {
        let (address, stop) = serving(client.router());
        Self { client, address, _stop: stop }
    }

    pub(super) fn key(&self, tier: Tier) -> &str {
        self.client.key(tier)
    }

    /// A connection from 127.0.0.`last`.
    pub(super) async fn from(&self, last: u8) -> Connection {
        Connection::open_from(Ipv4Addr::new(127, 0, 0, last), self.address).await.unwrap()
    }
}

pub(super) fn get(path: &str) -> Builder {
    Request::get(path)
}

pub(super) fn post(path: &str, body: &Value) -> Request<Body> {
    let head = Request::post(path).header("content-type", "application/json");
    head.body(Body::from(body.to_string())).unwrap()
}

/// Sends so many requests one after the other, and returns the status of each.
pub(super) async fn statuses(
    connection: &mut Connection,
    number: usize,
    request: impl Fn() -> Request<Body>,
) -> Vec<u16> {
    let mut statuses = Vec::with_capacity(number);
    for _ in 0..number {
        statuses.push(connection.send(request()).await.unwrap().status.as_u16());
    }
    statuses
}

/// One status so many times, then another.
pub(super) fn then(first: (usize, u16), rest: (usize, u16)) -> Vec<u16> {
    let statuses = [first, rest].map(|(times, status)| vec![status; times]);
    statuses.concat()
}

/// A limit as an answer tells it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) tier: &'static str,
    pub(super) class: &'static str,
    pub(super) limit: u32,
    pub(super) window: u64,
}

pub(super) const FREE_API: Told = Told { tier: "free", class: "api", limit: 20, window: 60 };

impl Told {
    /// Checks all headers of a limit of which so much is left.
    #[track_caller]
    pub(super) fn assert(self, answer: &Answer, remaining: u32) {
        let Self { tier, class, limit, window } = self;
        let number = |name: &str| answer.header(name).parse::<u64>().unwrap();
        assert_eq!(answer.header("x-ratelimit-tier"), tier, "{answer:?}");
        assert_eq!(number("x-ratelimit-limit"), u64::from(limit), "{answer:?}");
        assert_eq!(number("x-ratelimit-window"), window, "{answer:?}");
        assert_eq!(number("x-ratelimit-remaining"), u64::from(remaining), "{answer:?}");
        let policy = format!("\"{class}\";q={limit};w={window}");
        assert_eq!(answer.header("ratelimit-policy"), policy);
        let lead = format!("\"{class}\";r={remaining};t=");
        let reset: u64 = answer.header("ratelimit").strip_prefix(&lead).unwrap().parse().unwrap();
        assert!((1..=window).contains(&reset), "{reset}");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let epoch = number("x-ratelimit-reset");
        // Both are rounded up, and the answer took a moment.
        assert!((now + reset).abs_diff(epoch) <= 2, "{now} + {reset}, {epoch}");
        assert_eq!(answer.headers.contains_key("retry-after"), answer.status == 429);
    }

    /// Checks a refusal by this limit: the headers, and the body but for the wait that it tells.
    #[track_caller]
    pub(super) fn assert_refused(self, answer: &Answer, body: &str) {
        assert_eq!(answer.status, 429, "{answer:?}");
        self.assert(answer, 0);
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        // A unit comes back at the end of the window, if all came at once.
        assert!((1..=self.window).contains(&wait), "{wait}");
        let body = body.replace("\"retryAfter\":60", &format!("\"retryAfter\":{wait}"));
        assert_eq!(std::str::from_utf8(&answer.body).unwrap(), body);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

/// The body of the contract, literal.
pub(super) const REFUSED: &str = r#"{"success":false,"error":{"message":"Free tier rate limit exceeded. Upgrade to Pro for higher limits.","code":"RATE_LIMIT_EXCEEDED","retryAfter":60,"currentTier":"free","upgradeUrl":"/api/subscription/checkout","limits":{"current":20,"pro":100}}}"#;
