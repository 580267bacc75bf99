//! Which requests a class limits, what they cost, and who is counted.

use std::num::NonZeroU32;

use bartizan_ratelimit_tiers::{
    Caller, Class, Head, Limits, MemoryStore, RateLimitLayer, Subject, Tier, Tiers, Treatment,
};
use http::{Extensions, Request};

use crate::asking::{
    ByAccount, Hand, Seen, api, ask, by_account, free, from, method, of, quota, request, statuses,
    store, tiers,
};

/// What a router has found.
#[derive(Clone)]
struct Route(&'static str);

fn route_of(extensions: &Extensions) -> Option<&str> {
    extensions.get::<Route>().map(|route| route.0)
}

fn routed(method: &str, route: &'static str) -> Request<()> {
    let mut request = request(method, "/x", &[("x-account", "ada")]);
    request.extensions_mut().insert(Route(route));
    request
}

fn layer(limits: Limits) -> RateLimitLayer<MemoryStore<Hand>, ByAccount> {
    RateLimitLayer::new(store().0, limits).unwrap().with_resolver(by_account as ByAccount)
}

fn one(class: Class) -> RateLimitLayer<MemoryStore<Hand>, ByAccount> {
    layer(Limits::new(free(2, 60)).with_class(class).with_route_of(route_of))
}

#[tokio::test]
async fn a_class_limits_its_methods_only() {
    let layer = one(Class::new("api").with_method(method("GET")).with_method(method("POST")));
    statuses(&layer, || routed("GET", "/"), &[200]).await;
    statuses(&layer, || routed("POST", "/"), &[200, 429]).await;
    statuses(&layer, || routed("PUT", "/"), &[200, 200, 200]).await;
    let other = ask(&layer, routed("PUT", "/")).await;
    assert!(other.headers.is_empty(), "{:?}", other.headers);
}

#[tokio::test]
async fn a_class_limits_its_routes_only() {
    let layer = one(Class::new("api").with_route("/leads/{id}").with_route("/leads"));
    statuses(&layer, || routed("GET", "/leads/{id}"), &[200]).await;
    statuses(&layer, || routed("GET", "/leads"), &[200, 429]).await;
    // Neither another route nor none at all, whatever the path is.
    statuses(&layer, || routed("GET", "/lead"), &[200, 200, 200]).await;
    statuses(&layer, || request("GET", "/leads", &[("x-account", "ada")]), &[200; 3]).await;
}

#[tokio::test]
async fn a_class_limits_what_meets_all_its_conditions() {
    let class = Class::new("api")
        .with_method(method("GET"))
        .with_route("/leads")
        .when(|head| head.headers().contains_key("x-heavy"));
    let layer = one(class);
    let heavy = |method, route| {
        let mut request = routed(method, route);
        request.headers_mut().insert("x-heavy", "1".parse().unwrap());
        request
    };
    statuses(&layer, || heavy("GET", "/leads"), &[200, 200, 429]).await;
    statuses(&layer, || heavy("POST", "/leads"), &[200, 200, 200]).await;
    statuses(&layer, || heavy("GET", "/other"), &[200, 200, 200]).await;
    statuses(&layer, || routed("GET", "/leads"), &[200, 200, 200]).await;
}

fn two(api: u32, upload: u32) -> Tiers {
    tiers([Tier::new("free")
        .with_quota("api", quota(api, 60))
        .with_quota("upload", quota(upload, 3_600))])
}

#[tokio::test]
async fn a_request_counts_against_all_its_classes_or_none() {
    let layer = layer(
        Limits::new(two(4, 2))
            .with_class(Class::new("api"))
            .with_class(Class::new("upload").with_method(method("POST"))),
    );
    let get = || routed("GET", "/");
    let post = || routed("POST", "/");
    // Two uploads leave two requests; a refused upload takes nothing from `api`.
    statuses(&layer, post, &[200, 200, 429, 429, 429]).await;
    statuses(&layer, get, &[200, 200, 429]).await;
}

#[tokio::test]
async fn limits_of_several_subjects_are_kept_together_or_not_at_all() {
    // By account and by address, which are different subjects in different shards.
    for accounts in 0..16 {
        let layer = layer(
            Limits::new(two(4, 2))
                .with_class(Class::new("api"))
                .with_class(Class::new("upload").per_client_ip()),
        );
        let account = format!("account {accounts}");
        let at = |addr: &str, account: &str| {
            let mut request = from(addr);
            request.headers_mut().insert("x-account", account.parse().unwrap());
            request
        };
        statuses(&layer, || at("192.0.2.1", &account), &[200, 200, 429, 429]).await;
        // The refusals took nothing from the account.
        statuses(&layer, || at("192.0.2.2", &account), &[200, 200, 429]).await;
        // The account was refused with 2 of 2 at the second address: nothing was taken there.
        statuses(&layer, || at("192.0.2.2", "another"), &[429]).await;
        statuses(&layer, || at("192.0.2.3", "another"), &[200, 200, 429]).await;
    }
}

#[tokio::test]
async fn a_cost_may_be_fixed_or_computed_and_above_the_burst_counts_as_the_burst() {
    let limits = |class| Limits::new(free(10, 60)).with_class(class);
    let fixed = layer(limits(Class::new("api").with_cost(4)));
    statuses(&fixed, || of("ada"), &[200, 200, 429]).await;
    assert_eq!(ask(&fixed, of("ada")).await.header("x-ratelimit-remaining"), "2");

    let cost = |head: &Head<'_>| {
        let cost = head.headers().get("x-cost").map(|cost| cost.to_str().unwrap());
        cost.map_or(1, |cost| cost.parse().unwrap())
    };
    let computed = layer(limits(Class::new("api").with_cost_of(cost)));
    let costing = |cost| request("GET", "/", &[("x-account", "ada"), ("x-cost", cost)]);
    assert_eq!(ask(&computed, costing("7")).await.header("x-ratelimit-remaining"), "3");
    assert_eq!(ask(&computed, costing("4")).await.status, 429);
    // A look costs nothing and is never refused.
    assert_eq!(ask(&computed, costing("0")).await.header("x-ratelimit-remaining"), "3");
    assert_eq!(ask(&computed, costing("3")).await.header("x-ratelimit-remaining"), "0");
    assert_eq!(ask(&computed, costing("0")).await.status, 200);
    // More than ever fits is asked as all that fits: refused now, admitted by a rested caller.
    let refused = ask(&computed, costing("4000000000")).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "60"));
    let rested = request("GET", "/", &[("x-account", "bob"), ("x-cost", "4000000000")]);
    assert_eq!(ask(&computed, rested).await.header("x-ratelimit-remaining"), "0");
}

#[tokio::test]
async fn a_class_may_count_by_address_or_by_a_key_of_its_own() {
    let by_address = one(Class::new("api").per_client_ip());
    let at = |addr: &str, account: &str| {
        let mut request = from(addr);
        request.headers_mut().insert("x-account", account.parse().unwrap());
        request
    };
    statuses(&by_address, || at("192.0.2.1", "ada"), &[200]).await;
    statuses(&by_address, || at("192.0.2.1", "bob"), &[200, 429]).await;
    statuses(&by_address, || at("192.0.2.2", "ada"), &[200]).await;

    // One account at one lead; requests without a lead are not limited.
    let by_lead = |head: &Head<'_>, caller: &Caller| -> Option<Subject> {
        let lead = head.headers().get("x-lead")?;
        Some(head.hasher().within(caller.subject(), "lead", lead.as_bytes()))
    };
    let by_lead = one(Class::new("api").keyed_by(by_lead));
    let lead = |account, lead| request("GET", "/", &[("x-account", account), ("x-lead", lead)]);
    statuses(&by_lead, || lead("ada", "7"), &[200, 200, 429]).await;
    statuses(&by_lead, || lead("ada", "8"), &[200]).await;
    statuses(&by_lead, || lead("bob", "7"), &[200]).await;
    statuses(&by_lead, || of("ada"), &[200, 200, 200]).await;
}

#[tokio::test]
async fn what_is_skipped_is_not_looked_at() {
    let resolve = |head: &Head<'_>| {
        assert!(head.uri().path() != "/health", "a skipped request has no caller");
        by_account(head)
    };
    let layer = RateLimitLayer::new(
        store().0,
        api(free(1, 60)).with_skip(|head| head.uri().path() == "/health"),
    )
    .unwrap()
    .with_resolver(resolve);
    statuses(&layer, || request("GET", "/health", &[]), &[200, 200, 200]).await;
    assert!(ask(&layer, request("GET", "/health", &[])).await.headers.is_empty());
    statuses(&layer, || request("GET", "/", &[]), &[200, 429]).await;
}

#[tokio::test]
async fn callers_may_be_allowed_or_denied_whatever_their_limits() {
    let seen = Seen::default();
    let limits = api(free(1, 60)).with_treatment(|head, caller| {
        if caller.subject() == head.subject("account", "root") {
            Treatment::Allow
        } else if caller.subject() == head.subject("account", "mallory") {
            Treatment::Deny
        } else {
            Treatment::Limit
        }
    });
    let layer = layer(limits).with_observer(seen.clone());
    statuses(&layer, || of("root"), &[200, 200, 200]).await;
    assert!(ask(&layer, of("root")).await.headers.is_empty());
    let denied = ask(&layer, of("mallory")).await;
    assert_eq!(denied.status, 403);
    assert_eq!(
        denied.text(),
        r#"{"success":false,"error":{"message":"Access denied","code":"FORBIDDEN"}}"#
    );
    assert_eq!(denied.header("cache-control"), "no-store");
    assert_eq!(denied.report.unwrap().status(), 403);
    assert_eq!(seen.take(), Vec::<String>::new());
    statuses(&layer, || of("ada"), &[200, 429]).await;
}

#[tokio::test]
async fn a_class_in_shadow_refuses_nobody_and_tells_the_observer_alone() {
    let seen = Seen::default();
    let limits = Limits::new(two(2, 1))
        .with_class(Class::new("api"))
        .with_class(Class::new("upload").in_shadow());
    let layer = layer(limits).with_observer(seen.clone());
    let heard = ask(&layer, of("ada")).await;
    assert_eq!(heard.header("ratelimit"), r#""api";r=1;t=30"#);
    assert_eq!(seen.take(), ["api free allowed", "upload free near_limit"]);
    let heard = ask(&layer, of("ada")).await;
    assert_eq!((heard.status, heard.header("ratelimit")), (200, r#""api";r=0;t=60"#));
    assert_eq!(seen.take(), ["api free near_limit", "upload free shadow"]);
    // The other class is enforced as ever.
    assert_eq!(ask(&layer, of("ada")).await.status, 429);
    assert_eq!(seen.take(), ["api free denied", "upload free shadow"]);
}

#[tokio::test]
async fn all_classes_may_be_in_shadow() {
    let seen = Seen::default();
    let most = NonZeroU32::new(1).unwrap();
    let tiers =
        tiers([Tier::new("free").with_quota("api", quota(1, 60)).with_concurrency("api", most)]);
    let layer = layer(api(tiers).in_shadow()).with_observer(seen.clone());
    for _ in 0..3 {
        let heard = ask(&layer, of("ada")).await;
        assert_eq!(heard.status, 200);
        // A promise that is not kept is not made.
        assert!(heard.headers.is_empty(), "{:?}", heard.headers);
    }
    assert_eq!(seen.take(), ["api free near_limit", "api free shadow", "api free shadow"]);
}

#[tokio::test]
async fn a_class_that_a_tier_does_not_name_does_not_limit_it() {
    let tiers = tiers([Tier::new("free").with_quota("api", quota(1, 60)), Tier::new("staff")]);
    let layer = layer(api(tiers));
    let staff = || request("GET", "/", &[("x-account", "ada"), ("x-tier", "staff")]);
    statuses(&layer, staff, &[200, 200, 200]).await;
    statuses(&layer, || of("ada"), &[200, 429]).await;
}
