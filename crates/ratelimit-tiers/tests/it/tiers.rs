//! Tiers: which one a caller is of, how they are replaced, and how they are configured.

use std::num::NonZeroU32;
use std::time::Duration;

use bartizan_ratelimit_tiers::{
    Algorithm, Class, ConfigError, Delay, Limits, MemoryStore, Penalty, Quota, RateLimitLayer,
    Tier, TierChange, TierName, Tiers, TrustedProxies,
};
use http::Extensions;
use serde_json::json;

use crate::asking::{
    ByAccount, Hand, Mood, Moody, api, ask, by_account, free, now, of, of_tier, quota, statuses,
    store, tiers, waits,
};

fn layer(limits: Limits) -> RateLimitLayer<MemoryStore<Hand>, ByAccount> {
    RateLimitLayer::new(store().0, limits).unwrap().with_resolver(by_account as ByAccount)
}

fn free_and_pro(free: u32, pro: u32) -> Tiers {
    tiers([
        Tier::new("free").with_quota("api", quota(free, 60)),
        Tier::new("pro").with_quota("api", quota(pro, 60)),
    ])
}

#[tokio::test]
async fn a_caller_without_a_tier_or_of_an_unknown_one_is_of_the_default_tier() {
    let layer = layer(api(free_and_pro(1, 3)));
    let heard = ask(&layer, of("ada")).await;
    assert_eq!((heard.status, heard.header("x-ratelimit-tier")), (200, "free"));
    let heard = ask(&layer, of_tier("bob", "platinum")).await;
    assert_eq!((heard.status, heard.header("x-ratelimit-tier")), (200, "free"));
    statuses(&layer, || of_tier("bob", "platinum"), &[429]).await;
    statuses(&layer, || of_tier("eve", "pro"), &[200, 200, 200, 429]).await;

    let layer = self::layer(api(free_and_pro(1, 3).with_default("pro").unwrap()));
    assert_eq!(ask(&layer, of("ada")).await.header("x-ratelimit-tier"), "pro");
}

#[tokio::test]
async fn another_tier_keeps_what_was_consumed() {
    let layer = layer(api(free_and_pro(2, 5)));
    statuses(&layer, || of("ada"), &[200, 200, 429]).await;
    // 2 of 2 becomes 2 of 5, and 5 of 5 becomes 2 of 2.
    statuses(&layer, || of_tier("ada", "pro"), &[200, 200, 200, 429]).await;
    statuses(&layer, || of("ada"), &[429]).await;
}

#[tokio::test]
async fn tiers_are_replaced_while_running_and_consumption_stays() {
    for (change, left) in
        [(TierChange::Keep, "3"), (TierChange::Reset, "5"), (TierChange::Proportional, "1")]
    {
        let class = Class::new("api").with_tier_change(change);
        let layer = layer(Limits::new(free(3, 60)).with_class(class));
        statuses(&layer, || of("ada"), &[200, 200]).await;
        layer.tiers().replace(&free(6, 60)).unwrap();
        // 2 of 3 become 2, none or 4 of 6; this request takes one.
        let heard = ask(&layer, of("ada")).await;
        assert_eq!(heard.header("x-ratelimit-limit"), "6", "{change:?}");
        assert_eq!(heard.header("x-ratelimit-remaining"), left, "{change:?}");
    }
}

#[tokio::test]
async fn tiers_that_do_not_fit_are_refused_and_the_old_ones_stay() {
    let class = Class::new("api").with_cost(2);
    let layer = layer(Limits::new(free(4, 60)).with_class(class));
    let handle = layer.clone().tiers();
    for bad in [
        tiers([Tier::new("free").with_quota("apii", quota(4, 60))]),
        tiers([Tier::new("free").with_quota("api", quota(1, 60))]),
    ] {
        assert!(handle.replace(&bad).is_err());
        let heard = ask(&layer, of("ada")).await;
        assert_eq!((heard.status, heard.header("x-ratelimit-limit")), (200, "4"));
    }
    statuses(&layer, || of("ada"), &[429]).await;
}

#[tokio::test]
async fn a_tier_that_vanishes_leaves_its_callers_to_the_default_one() {
    let layer = layer(api(free_and_pro(1, 3)));
    statuses(&layer, || of_tier("ada", "pro"), &[200, 200]).await;
    layer.tiers().replace(&free(2, 60)).unwrap();
    let heard = ask(&layer, of_tier("ada", "pro")).await;
    assert_eq!((heard.status, heard.header("x-ratelimit-tier")), (429, "free"));
}

#[test]
fn a_request_keeps_the_tiers_it_began_with() {
    let quotas = || tiers([Tier::new("free").with_quota("api", quota(1, 60)), Tier::new("pro")]);
    for (before, status) in [(0, 200), (1, 429)] {
        let (store, _) = Moody::new(Mood::Prompt);
        let layer = RateLimitLayer::new(store.clone(), api(quotas())).unwrap();
        for _ in 0..before {
            now(ask(&layer, of("ada")));
        }
        store.is_now(Mood::Slow);
        let mut call = Box::pin(ask(&layer, of("ada")));
        waits(call.as_mut());
        layer.tiers().replace(&tiers([Tier::new("pro")])).unwrap();
        let heard = now(call);
        assert_eq!((heard.status, heard.header("x-ratelimit-tier")), (status, "free"));
        assert_eq!(heard.header("retry-after"), if before == 0 { "" } else { "60" });
        // The next one finds the new tiers, in which nothing is limited.
        store.is_now(Mood::Prompt);
        assert_eq!(now(ask(&layer, of("ada"))).header("x-ratelimit-tier"), "");
    }
}

const TOML: &str = r#"
default = "pro"
upgrade_url = "/upgrade"

[[tiers]]
name = "free"
title = "Gratis"
upgrade = "pro"
divided_in_fallback = true
quotas = [
    { class = "api", limit = 20, period = 60, algorithm = "strict" },
    { class = "upload", limit = 3, period = 3600, algorithm = "fixed-window" },
]

[[tiers]]
name = "pro"
quotas = [
    { class = "api", limit = 100, period = 60, burst = 30, most_at_once = 8 },
    { class = "upload", limit = 9, period = 3600, algorithm = "sliding-window" },
]

[[tiers]]
name = "staff"
"#;

/// The same as [`TOML`].
fn configured() -> Tiers {
    let eight = NonZeroU32::new(8).unwrap();
    tiers([
        Tier::new("free")
            .with_title("Gratis")
            .with_upgrade("pro")
            .divided_in_fallback()
            .with_quota("api", quota(20, 60).strict())
            .with_quota("upload", quota(3, 3_600).counted_by(Algorithm::FixedWindow)),
        Tier::new("pro")
            .with_quota("api", quota(100, 60).with_burst(30).unwrap())
            .with_concurrency("api", eight)
            .with_quota("upload", quota(9, 3_600).counted_by(Algorithm::SlidingWindow)),
        Tier::new("staff"),
    ])
    .with_default("pro")
    .unwrap()
    .with_upgrade_url("/upgrade")
}

#[test]
fn toml_and_json_say_what_the_builder_says() {
    let from_toml: Tiers = toml::from_str(TOML).unwrap();
    assert_eq!(format!("{from_toml:?}"), format!("{:?}", configured()));
    let value: serde_json::Value = toml::from_str(TOML).unwrap();
    let from_json: Tiers = serde_json::from_str(&value.to_string()).unwrap();
    assert_eq!(format!("{from_json:?}"), format!("{:?}", configured()));
    assert_eq!(from_json.tiers().len(), 3);
    assert!(from_json.find(&TierName::from("staff")).is_some());
    assert!(from_json.find(&TierName::from("Staff")).is_none());
}

#[test]
fn a_configuration_that_cannot_be_used_says_where_and_why() {
    let tier =
        |quota: serde_json::Value| json!({ "tiers": [{ "name": "free", "quotas": [quota] }] });
    let names = "1 to 64 visible ASCII characters without quotes and backslashes";
    let long = "x".repeat(65);
    for (config, said) in [
        (json!({ "tiers": [] }), "tiers is 0, expected at least one tier".to_owned()),
        (json!({}), "missing field `tiers`".to_owned()),
        (
            json!({ "tiers": [], "teirs": [] }),
            "unknown field `teirs`, expected one of `default`, `upgrade_url`, `tiers`".to_owned(),
        ),
        (
            json!({ "default": "pro", "tiers": [{ "name": "free" }] }),
            "default tier is \"pro\", expected the name of one of the tiers".to_owned(),
        ),
        (json!({ "tiers": [{}] }), "missing field `name`".to_owned()),
        (json!({ "tiers": [{ "name": "" }] }), format!("tier is \"\", expected {names}")),
        (json!({ "tiers": [{ "name": "a\"b" }] }), format!("tier is \"a\\\"b\", expected {names}")),
        (json!({ "tiers": [{ "name": "a b" }] }), format!("tier is \"a b\", expected {names}")),
        (json!({ "tiers": [{ "name": "é" }] }), format!("tier is \"é\", expected {names}")),
        (json!({ "tiers": [{ "name": &long }] }), format!("tier is {long:?}, expected {names}")),
        (
            json!({ "tiers": [{ "name": "free" }, { "name": "free" }] }),
            "tier is \"free\", expected each name once".to_owned(),
        ),
        (
            json!({ "tiers": [{ "name": "free", "upgrade": "pro" }] }),
            "upgrade is \"pro\", expected the name of another tier".to_owned(),
        ),
        (
            json!({ "tiers": [{ "name": "free", "upgrade": "free" }] }),
            "upgrade is \"free\", expected the name of another tier".to_owned(),
        ),
        (
            json!({ "tiers": [{ "name": "free", "quotas": [
                { "class": "api", "limit": 1, "period": 1 },
                { "class": "api", "limit": 2, "period": 1 },
            ] }] }),
            "quota of a tier is \"api\", expected each class once".to_owned(),
        ),
        (tier(json!({ "limit": 1, "period": 1 })), "missing field `class`".to_owned()),
        (tier(json!({ "class": "api", "period": 1 })), "missing field `limit`".to_owned()),
        (tier(json!({ "class": "api", "limit": 1 })), "missing field `period`".to_owned()),
        (
            tier(json!({ "class": "api", "limit": 0, "period": 60 })),
            "limit is 0, expected at least 1".to_owned(),
        ),
        (
            tier(json!({ "class": "api", "limit": 1, "period": 0 })),
            "period is 0ns, expected more than 0 and at most 100 years".to_owned(),
        ),
        (
            tier(json!({ "class": "api", "limit": 1, "period": 3_162_240_001_u64 })),
            "period is 3162240001s, expected more than 0 and at most 100 years".to_owned(),
        ),
        (
            tier(json!({ "class": "api", "limit": 2_000_000_000, "period": 1 })),
            "limit is 2000000000, expected at most one a nanosecond".to_owned(),
        ),
        (
            tier(json!({ "class": "api", "limit": 9, "period": 60, "burst": 0 })),
            "burst is 0, expected at least 1".to_owned(),
        ),
        (
            tier(json!({ "class": "api", "limit": 1, "period": 86_400, "burst": 36_601 })),
            "burst is 36601, expected few enough to be refilled within 100 years".to_owned(),
        ),
        (
            tier(
                json!({ "class": "api", "limit": 9, "period": 60, "burst": 3, "algorithm": "strict" }),
            ),
            "burst is 3, expected no burst, since only gcra has one".to_owned(),
        ),
        (
            tier(json!({ "class": "api", "limit": 9, "period": 60, "algorithm": "leaky" })),
            "unknown variant `leaky`, expected one of `gcra`, `strict`, `fixed-window`, \
             `sliding-window`"
                .to_owned(),
        ),
        (
            tier(json!({ "class": "api", "limit": -1, "period": 60 })),
            "invalid value: integer `-1`, expected u32".to_owned(),
        ),
        (
            tier(json!({ "class": "api", "limit": 1, "period": 60, "most_at_once": 0 })),
            "invalid value: integer `0`, expected a nonzero u32".to_owned(),
        ),
    ] {
        let error = serde_json::from_value::<Tiers>(config.clone()).unwrap_err().to_string();
        assert_eq!(error, said, "{config}");
        // TOML says the same, and where.
        let text = toml::to_string(&config);
        if let Ok(text) = text {
            let error = toml::from_str::<Tiers>(&text).unwrap_err().to_string();
            assert!(error.contains(&said), "{error}");
        }
    }
    // A quota for 100 years is the longest.
    let config = tier(json!({ "class": "api", "limit": 1, "period": 3_162_240_000_u64 }));
    assert!(serde_json::from_value::<Tiers>(config).is_ok());
}

fn build(limits: Limits) -> String {
    RateLimitLayer::new(store().0, limits).unwrap_err().to_string()
}

fn nowhere(_: &Extensions) -> Option<&str> {
    None
}

#[test]
fn a_layer_that_cannot_be_built_says_why() {
    let one = || free(10, 60);
    let names = "1 to 64 visible ASCII characters without quotes and backslashes";
    let hour = Duration::from_secs(3_600);
    let managed = "`RateLimitLayer::managed`, since this class refunds or penalises";
    for (said, limits) in [
        ("classes is 0, expected at least one class".to_owned(), Limits::new(one())),
        (
            "class is \"api\", expected each name once".to_owned(),
            api(one()).with_class(Class::new("api")),
        ),
        (format!("class is \"\", expected {names}"), api(one()).with_class(Class::new(""))),
        (format!("class is \"a b\", expected {names}"), api(one()).with_class(Class::new("a b"))),
        (
            "class is \"leads\", expected `with_route_of`, since this class names routes"
                .to_owned(),
            api(one()).with_class(Class::new("leads").with_route("/leads")),
        ),
        (
            "class of a quota is \"api\", expected the name of one of the classes".to_owned(),
            Limits::new(one()).with_class(Class::new("leads")),
        ),
        (
            "cost is 11, expected at most the burst of each tier".to_owned(),
            Limits::new(one()).with_class(Class::new("api").with_cost(11)),
        ),
        (
            format!("class is \"login\", expected {managed}"),
            api(one()).with_class(Class::new("login").counting_failures()),
        ),
        (
            format!("class is \"login\", expected {managed}"),
            api(one())
                .with_class(Class::new("login").with_penalty(Penalty::doubling(hour, hour, hour))),
        ),
        // Two names with the same FNV-1a hash, found by search.
        (
            "class is \"liquid\", expected a name whose hash no other class has: choose another"
                .to_owned(),
            api(one()).with_class(Class::new("costarring")).with_class(Class::new("liquid")),
        ),
    ] {
        assert_eq!(build(limits), said);
    }
    // What was missing, given.
    let routed = api(one()).with_class(Class::new("leads").with_route("/leads"));
    assert!(RateLimitLayer::new(store().0, routed.with_route_of(nowhere)).is_ok());
    let login = api(one()).with_class(Class::new("login").counting_failures());
    assert!(RateLimitLayer::managed(store().0, login).is_ok());
}

#[test]
fn a_value_that_cannot_be_used_says_why() {
    let waiters = std::num::NonZeroUsize::MIN;
    let (short, long) = (Duration::from_millis(10), Duration::from_secs(1));
    let delay = |free, first, longest| Delay::doubling(free, first, longest, waiters).unwrap_err();
    let concurrent = |name: &str| {
        Tiers::new([Tier::new("free")
            .with_concurrency(name, NonZeroU32::MIN)
            .with_concurrency("api", NonZeroU32::MIN)])
    };
    let errors: [(ConfigError, &str); 8] = [
        (delay(1.0, short, long), "delay is \"1\", expected a share from 0 to below 1"),
        (delay(-0.1, short, long), "delay is \"-0.1\", expected a share from 0 to below 1"),
        (delay(f64::NAN, short, long), "delay is \"NaN\", expected a share from 0 to below 1"),
        (delay(0.5, long, short), "delay is 10ms, expected no less than the first"),
        (
            MemoryStore::with_capacity(65_535).unwrap_err(),
            "capacity is 65535, expected at least 65536 bytes",
        ),
        (
            concurrent("api").unwrap_err(),
            "concurrency of a tier is \"api\", expected each class once",
        ),
        (
            Quota::new(1, Duration::from_nanos(0)).unwrap_err(),
            "period is 0ns, expected more than 0 and at most 100 years",
        ),
        (
            TrustedProxies::parse(["0.0.0.0/0"]).unwrap_err(),
            "trusted proxy is \"0.0.0.0/0\", expected only the networks of your own proxies, not \
             every address",
        ),
    ];
    for (error, said) in errors {
        assert_eq!(error.to_string(), said);
    }
    assert!(concurrent("upload").is_ok());
}
