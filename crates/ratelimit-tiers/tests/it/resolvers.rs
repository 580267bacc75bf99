//! Who is asking: headers, extensions, keys, look-ups, and the address of those who are unknown.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use bartizan_ratelimit_tiers::{
    Answer, BoxResolve, ByClientIp, Caller, DynResolveTier, Head, MemoryStore, RateLimitLayer,
    ResolveTier, Tier, TierName, by_api_key, by_extension, by_header, either, resolve_later,
};
use http::{HeaderName, Request};

use crate::asking::{Hand, api, ask, free, from, now, quota, request, statuses, store, tiers};

const KEY: HeaderName = HeaderName::from_static("x-api-key");
const GATEWAY: HeaderName = HeaderName::from_static("x-consumer");

/// Free 2, pro 4 a minute.
fn layer<R: ResolveTier>(resolver: R) -> RateLimitLayer<MemoryStore<Hand>, R> {
    let tiers = tiers([
        Tier::new("free").with_quota("api", quota(2, 60)),
        Tier::new("pro").with_quota("api", quota(4, 60)),
    ]);
    RateLimitLayer::new(store().0, api(tiers)).unwrap().with_resolver(resolver)
}

fn get(name: &str, value: &str) -> Request<()> {
    request("GET", "/", &[(name, value)])
}

fn keyed(addr: &str, key: &str) -> Request<()> {
    let mut request = from(addr);
    request.headers_mut().insert(KEY, key.parse().unwrap());
    request
}

fn tier_of(key: &[u8]) -> Option<&'static str> {
    match key {
        b"pro key" => Some("pro"),
        b"free key" => Some("free"),
        _ => None,
    }
}

#[tokio::test]
async fn a_header_of_a_gateway_names_the_caller() {
    let layer = layer(by_header(GATEWAY));
    statuses(&layer, || get("x-consumer", "ada"), &[200, 200, 429]).await;
    statuses(&layer, || get("x-consumer", "bob"), &[200]).await;
}

#[tokio::test]
async fn an_extension_of_another_layer_names_the_caller_and_its_tier() {
    #[derive(Clone)]
    struct Account {
        id: u64,
        tier: &'static str,
    }
    let layer = layer(by_extension(|account: &Account, head: &Head<'_>| {
        Some(Caller::of_tier(head.subject("account", account.id.to_be_bytes()), account.tier))
    }));
    let of = |id, tier| {
        let mut request = get("x-none", "1");
        request.extensions_mut().insert(Account { id, tier });
        request
    };
    statuses(&layer, || of(1, "pro"), &[200, 200, 200, 200, 429]).await;
    statuses(&layer, || of(2, "free"), &[200, 200, 429]).await;
    // Without it, the address.
    statuses(&layer, || from("192.0.2.1"), &[200, 200, 429]).await;
}

#[tokio::test]
async fn a_guessed_key_counts_against_the_address() {
    let layer = layer(by_api_key(KEY, tier_of));
    statuses(&layer, || keyed("192.0.2.1", "pro key"), &[200, 200, 200, 200, 429]).await;
    // Each guess another key, all one address.
    let mut guesses = 0;
    for expected in [200, 200, 429, 429] {
        guesses += 1;
        let heard = ask(&layer, keyed("192.0.2.9", &format!("guess {guesses}"))).await;
        assert_eq!(heard.status, expected);
        assert_eq!(heard.header("x-ratelimit-tier"), "free");
    }
    // Who has a key is not held to account for who guesses beside.
    statuses(&layer, || keyed("192.0.2.9", "free key"), &[200, 200, 429]).await;
    statuses(&layer, || from("192.0.2.9"), &[429]).await;
}

#[tokio::test]
async fn the_same_name_is_another_caller_in_another_kind() {
    let layer = layer(either(by_header(GATEWAY), by_api_key(KEY, |_| Some("free"))));
    statuses(&layer, || get("x-consumer", "ada"), &[200, 200, 429]).await;
    statuses(&layer, || get("x-api-key", "ada"), &[200, 200, 429]).await;
}

#[tokio::test]
async fn addresses_of_ipv6_are_one_caller_by_their_64_bits() {
    let layer = layer(ByClientIp);
    statuses(&layer, || from("2001:db8:1:2::1"), &[200]).await;
    statuses(&layer, || from("2001:db8:1:2:ffff::9"), &[200, 429]).await;
    statuses(&layer, || from("2001:db8:1:3::1"), &[200, 200, 429]).await;
    // IPv4 in IPv6 clothes is IPv4, whole.
    statuses(&layer, || from("192.0.2.1"), &[200]).await;
    statuses(&layer, || from("::ffff:192.0.2.1"), &[200, 429]).await;
    statuses(&layer, || from("::ffff:192.0.2.2"), &[200]).await;
}

#[tokio::test]
async fn requests_without_a_known_address_are_one_caller() {
    let layer = layer(ByClientIp);
    statuses(&layer, || get("x-forwarded-for", "192.0.2.1"), &[200]).await;
    statuses(&layer, || get("x-forwarded-for", "192.0.2.2"), &[200]).await;
    statuses(&layer, || get("x-other", "1"), &[429]).await;
    statuses(&layer, || from("192.0.2.1"), &[200]).await;
}

#[tokio::test]
async fn a_caller_may_be_looked_up() {
    let layer = layer(resolve_later(|head: &Head<'_>| {
        let subject = head.headers().get(KEY).map(|key| head.subject("key", key));
        async move {
            tokio::task::yield_now().await;
            Some(Caller::of_tier(subject?, "pro"))
        }
    }));
    let pro = || keyed("192.0.2.1", "any");
    statuses(&layer, pro, &[200, 200, 200, 200, 429]).await;
    assert_eq!(ask(&layer, pro()).await.header("x-ratelimit-tier"), "pro");
    // Nobody is found: the address, as it was when the request came.
    statuses(&layer, || from("192.0.2.1"), &[200, 200, 429]).await;
}

/// A resolver that knows nobody or somebody of a tier, at once or later.
#[derive(Clone, Copy, Debug)]
struct Knows {
    tier: Option<&'static str>,
    later: bool,
}

impl ResolveTier for Knows {
    type Future = BoxResolve;

    fn resolve(&self, head: &Head<'_>) -> Answer<BoxResolve> {
        let caller = self.tier.map(|tier| Caller::of_tier(head.subject("test", tier), tier));
        if !self.later {
            return Answer::Now(caller);
        }
        Answer::Later(Box::pin(async {
            tokio::task::yield_now().await;
            caller
        }))
    }
}

#[tokio::test]
async fn the_first_that_knows_the_caller_wins_however_long_it_takes() {
    let all = |name| {
        [(None, false), (None, true), (Some(name), false), (Some(name), true)]
            .map(|(tier, later)| Knows { tier, later })
    };
    for first in all("one") {
        for second in all("two") {
            let resolver = either(first, second);
            let request = get("x", "1");
            let store = store().0;
            let hasher = bartizan_ratelimit_tiers::Store::hasher(&store);
            let head = Head::new(&request, hasher);
            let answer = resolver.resolve(&head);
            // At once where it can be known at once: a second that waits is not waited for.
            let knows_now = match (first.later, first.tier) {
                (true, _) => false,
                (false, Some(_)) => true,
                (false, None) => !second.later,
            };
            let caller = match answer {
                Answer::Now(caller) => {
                    assert!(knows_now, "{first:?} {second:?}");
                    caller
                }
                Answer::Later(future) => {
                    assert!(!knows_now, "{first:?} {second:?}");
                    future.await
                }
            };
            let expected = first.tier.or(second.tier);
            let found = caller.as_ref().and_then(Caller::tier).map(TierName::as_str);
            assert_eq!(found, expected, "{first:?} {second:?}");
        }
    }
}

#[tokio::test]
async fn the_second_is_not_polled_when_the_first_knows() {
    let first = Knows { tier: Some("pro"), later: true };
    let never = resolve_later(|_: &Head<'_>| async {
        panic!("nobody asks the second");
    });
    let layer = layer(either(first, never));
    assert_eq!(ask(&layer, get("x", "1")).await.header("x-ratelimit-tier"), "pro");
}

#[tokio::test]
async fn resolvers_may_be_chosen_at_run_time() {
    for later in [false, true] {
        let chosen: Arc<dyn DynResolveTier + Send + Sync> =
            Arc::new(Knows { tier: Some("pro"), later });
        let layer = layer(chosen);
        statuses(&layer, || get("x", "1"), &[200, 200, 200, 200, 429]).await;
    }
    let nobody: Arc<dyn DynResolveTier + Send + Sync> = Arc::new(ByClientIp);
    let layer = layer(either(nobody, Knows { tier: Some("pro"), later: false }));
    assert_eq!(ask(&layer, get("x", "1")).await.header("x-ratelimit-tier"), "pro");
}

#[test]
fn a_resolver_may_stay_on_its_thread_and_borrow() {
    let asked = Rc::new(Cell::new(0));
    let words = String::from("ada");
    let name = &words;
    let store = store().0;
    let layer = RateLimitLayer::new(store, api(free(1, 60))).unwrap().with_resolver({
        let asked = Rc::clone(&asked);
        move |head: &Head<'_>| {
            asked.set(asked.get() + 1);
            Some(Caller::new(head.subject("name", name)))
        }
    });
    for expected in [200, 429] {
        assert_eq!(now(ask(&layer, get("x", "1"))).status, expected);
    }
    assert_eq!(asked.get(), 2);
}

#[tokio::test]
async fn a_name_of_eight_kilobytes_is_limited_like_any_other_and_takes_no_more_room() {
    let (store, _) = store();
    let layer = RateLimitLayer::new(store.clone(), api(free(1, 60)))
        .unwrap()
        .with_resolver(by_header(HeaderName::from_static("x-account")));
    let room = |length| {
        let (name, store) = ("a".repeat(length), store.clone());
        let layer = layer.clone();
        async move {
            let before = store.stats().bytes;
            statuses(&layer, || request("GET", "/", &[("x-account", &name)]), &[200, 429]).await;
            store.stats().bytes - before
        }
    };
    let short = room(8).await;
    assert!(room(8_192).await <= short.max(1_024));
    assert_eq!(store.stats().subjects, 2);
}
