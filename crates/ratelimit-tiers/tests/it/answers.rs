//! What clients are told: the 429 to the byte, and the headers of every limited answer.

use std::sync::Arc;
use std::time::Duration;

use bartizan_contract::{Code, ErrorReport};
use bartizan_probe::strict_fn;
use bartizan_ratelimit_tiers::wire::{DraftVersion, HeaderForms, ResetFormat};
use bartizan_ratelimit_tiers::{
    Algorithm, Class, ClassId, Limits, Manage, MemoryStore, Override, Quota, RateLimitLayer,
    Refusal, Tier, Tiers,
};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceExt};

use crate::asking::{
    ByAccount, Hand, Heard, START, api, ask, by_account, free, hear, now, of, of_tier, quota,
    request, statuses, store, tiers,
};

/// The tiers of a product that sells three.
fn product() -> Tiers {
    let tier = |name, minute, hour| {
        Tier::new(name)
            .with_quota("api", quota(minute, 60).strict())
            .with_quota("analysis", quota(hour, 3_600).strict())
    };
    tiers([
        tier("free", 20, 10).with_upgrade("pro"),
        tier("pro", 100, 100).with_upgrade("enterprise"),
        tier("enterprise", 500, 1_000),
    ])
    .with_upgrade_url("/api/subscription/checkout")
}

fn limits() -> Limits {
    Limits::new(product())
        .with_class(Class::new("api"))
        .with_class(Class::new("analysis").when(|head| head.uri().path() == "/api/analyze"))
}

fn layer(limits: Limits) -> (RateLimitLayer<MemoryStore<Hand>, ByAccount>, Hand) {
    let (store, clock) = store();
    (RateLimitLayer::new(store, limits).unwrap().with_resolver(by_account as ByAccount), clock)
}

/// All that a header map holds, as sorted lines.
fn lines(heard: &Heard) -> Vec<String> {
    let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        format!("{name}: {}", value.to_str().unwrap())
    };
    let mut lines: Vec<_> = heard.headers.iter().map(line).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn the_429_of_the_free_tier_is_the_literal_one() {
    let (layer, _) = layer(limits());
    for _ in 0..20 {
        assert_eq!(ask(&layer, of("ada")).await.status, 200);
    }
    let heard = ask(&layer, of("ada")).await;
    assert_eq!(heard.status, 429);
    let body = r#"{"success":false,"error":{"message":"Free tier rate limit exceeded. Upgrade to Pro for higher limits.","code":"RATE_LIMIT_EXCEEDED","retryAfter":60,"currentTier":"free","upgradeUrl":"/api/subscription/checkout","limits":{"current":20,"pro":100}}}"#;
    assert_eq!(heard.text(), body);
    assert_eq!(
        lines(&heard),
        [
            "cache-control: no-store".to_owned(),
            format!("content-length: {}", body.len()),
            "content-type: application/json".to_owned(),
            r#"ratelimit-policy: "api";q=20;w=60"#.to_owned(),
            r#"ratelimit: "api";r=0;t=60"#.to_owned(),
            "retry-after: 60".to_owned(),
            "x-ratelimit-limit: 20".to_owned(),
            "x-ratelimit-remaining: 0".to_owned(),
            format!("x-ratelimit-reset: {}", START + 60),
            "x-ratelimit-tier: free".to_owned(),
            "x-ratelimit-window: 60".to_owned(),
        ]
    );
}

#[tokio::test]
async fn tiers_with_one_above_recommend_it_and_the_top_recommends_nothing() {
    let (layer, _) = layer(limits());
    let refused = async |tier, limit, path| {
        for _ in 0..limit {
            let request = request("GET", path, &[("x-account", tier), ("x-tier", tier)]);
            assert_eq!(ask(&layer, request).await.status, 200);
        }
        let request = request("GET", path, &[("x-account", tier), ("x-tier", tier)]);
        ask(&layer, request).await.text().to_owned()
    };
    assert_eq!(
        refused("pro", 100, "/").await,
        r#"{"success":false,"error":{"message":"Pro tier rate limit exceeded. Upgrade to Enterprise for higher limits.","code":"RATE_LIMIT_EXCEEDED","retryAfter":60,"currentTier":"pro","upgradeUrl":"/api/subscription/checkout","limits":{"current":100,"enterprise":500}}}"#
    );
    assert_eq!(
        refused("enterprise", 500, "/").await,
        r#"{"success":false,"error":{"message":"Enterprise tier rate limit exceeded.","code":"RATE_LIMIT_EXCEEDED","retryAfter":60,"currentTier":"enterprise"}}"#
    );
    // `limits` come from the policy that refused.
    assert_eq!(
        refused("free", 10, "/api/analyze").await,
        r#"{"success":false,"error":{"message":"Free tier rate limit exceeded. Upgrade to Pro for higher limits.","code":"RATE_LIMIT_EXCEEDED","retryAfter":3600,"currentTier":"free","upgradeUrl":"/api/subscription/checkout","limits":{"current":10,"pro":100}}}"#
    );
}

#[tokio::test]
async fn words_of_a_configuration_are_quoted_for_json() {
    let tiers = tiers([
        Tier::new("free")
            .with_title("\"F\" \u{e9}")
            .with_upgrade("pro")
            .with_quota("api", quota(1, 7)),
        Tier::new("pro").with_title("P\\"),
    ])
    .with_upgrade_url("/a?b=\"c\"");
    let (layer, _) = layer(api(tiers));
    statuses(&layer, || of("ada"), &[200]).await;
    // The tier above has no quota here: there is nothing to compare with.
    assert_eq!(
        ask(&layer, of("ada")).await.text(),
        "{\"success\":false,\"error\":{\"message\":\"\\\"F\\\" \u{e9} tier rate limit exceeded. Upgrade to P\\\\ for higher limits.\",\"code\":\"RATE_LIMIT_EXCEEDED\",\"retryAfter\":7,\"currentTier\":\"free\",\"upgradeUrl\":\"/a?b=\\\"c\\\"\",\"limits\":{\"current\":1}}}"
    );
}

#[tokio::test]
async fn an_allowed_answer_tells_the_same_headers_and_keeps_its_own() {
    let (layer, clock) = layer(limits());
    for _ in 0..2 {
        ask(&layer, of("ada")).await;
    }
    clock.advance(Duration::from_millis(500));
    let service = layer.layer(strict_fn(async |_: Request<()>| {
        let response = Response::builder()
            .header("x-own", "kept")
            .header("x-own", "both")
            .header("x-ratelimit-limit", "7");
        Ok::<_, std::convert::Infallible>(response.body(Full::<bytes::Bytes>::default()).unwrap())
    }));
    let heard = hear(service.oneshot(of("ada")).await.unwrap()).await;
    assert_eq!(heard.status, 200);
    assert_eq!(
        lines(&heard),
        [
            r#"ratelimit-policy: "api";q=20;w=60"#.to_owned(),
            r#"ratelimit: "api";r=17;t=60"#.to_owned(),
            "x-own: both".to_owned(),
            "x-own: kept".to_owned(),
            "x-ratelimit-limit: 20".to_owned(),
            "x-ratelimit-remaining: 17".to_owned(),
            // Half a second after the start, and rounded up.
            format!("x-ratelimit-reset: {}", START + 61),
            "x-ratelimit-tier: free".to_owned(),
            "x-ratelimit-window: 60".to_owned(),
        ]
    );
    assert!(heard.report.is_none());
}

#[tokio::test]
async fn a_client_that_waits_as_long_as_it_is_told_is_admitted() {
    let millis = |millis| Duration::from_millis(millis);
    // Quota, wait in whole seconds, and a time that is not enough.
    let gcra = |limit, period| Quota::new(limit, period).unwrap();
    let counted = |quota: Quota, algorithm| quota.counted_by(algorithm);
    for (quota, wait, short) in [
        (gcra(20, millis(60_000)), 3, millis(2_999)),
        // 3.33 seconds.
        (gcra(3, millis(10_000)), 4, millis(3_333)),
        // A millisecond.
        (gcra(1_000, millis(1_000)), 1, Duration::from_micros(999)),
        (gcra(5, millis(60_000)).with_burst(2).unwrap(), 12, millis(11_999)),
        (counted(gcra(20, millis(60_000)), Algorithm::Strict), 60, millis(59_999)),
        (counted(gcra(4, millis(2_500)), Algorithm::Strict), 3, millis(2_499)),
        // The epoch second 1,763,641,451 is the eleventh of its minute.
        (counted(gcra(2, millis(60_000)), Algorithm::FixedWindow), 49, millis(48_999)),
    ] {
        let tiers = || tiers([Tier::new("free").with_quota("api", quota)]);
        for (elapsed, expected) in [(short, 429), (Duration::from_secs(wait), 200)] {
            let (layer, clock) = layer(api(tiers()));
            for _ in 0..quota.burst() {
                assert_eq!(ask(&layer, of("ada")).await.status, 200);
            }
            let heard = ask(&layer, of("ada")).await;
            assert_eq!((heard.status, heard.wait().as_secs()), (429, wait), "{quota}");
            assert!(heard.text().contains(&format!("\"retryAfter\":{wait},")), "{quota}");
            clock.advance(elapsed);
            assert_eq!(ask(&layer, of("ada")).await.status, expected, "{quota} {elapsed:?}");
        }
    }
}

#[tokio::test]
async fn the_answer_to_head_is_that_to_get_without_its_body() {
    let (layer, _) = layer(api(free(1, 60)));
    statuses(&layer, || of("ada"), &[200]).await;
    let get = ask(&layer, of("ada")).await;
    let head = ask(&layer, request("HEAD", "/", &[("x-account", "ada")])).await;
    assert_eq!((head.status, head.text()), (429, ""));
    assert_eq!(lines(&head), lines(&get));
    assert_eq!(get.header("content-length"), get.body.len().to_string());
}

#[tokio::test]
async fn a_grpc_call_gets_trailers_only() {
    let grpc = |kind| request("POST", "/s/M", &[("x-account", "ada"), ("content-type", kind)]);
    let (layer, _) = layer(limits());
    for _ in 0..20 {
        ask(&layer, grpc("application/grpc")).await;
    }
    for kind in ["application/grpc", "application/grpc+proto"] {
        let heard = ask(&layer, grpc(kind)).await;
        assert_eq!((heard.status, heard.text()), (200, ""));
        assert_eq!(heard.header("content-type"), "application/grpc");
        // RESOURCE_EXHAUSTED.
        assert_eq!(heard.header("grpc-status"), "8");
        assert_eq!(
            heard.header("grpc-message"),
            "Free tier rate limit exceeded. Upgrade to Pro for higher limits."
        );
        assert_eq!(heard.header("retry-after"), "60");
        assert_eq!(heard.header("x-ratelimit-remaining"), "0");
        assert_eq!(heard.header("ratelimit"), r#""api";r=0;t=60"#);
        assert_eq!(heard.report.unwrap().status(), StatusCode::TOO_MANY_REQUESTS);
    }
    // Clients of gRPC-Web read a body.
    assert_eq!(ask(&layer, grpc("application/grpc-web")).await.status, 429);
}

#[tokio::test]
async fn the_report_in_the_extensions_is_what_the_body_says() {
    let (layer, clock) = layer(limits());
    for _ in 0..20 {
        ask(&layer, of("ada")).await;
    }
    clock.advance(Duration::from_millis(100));
    let heard = ask(&layer, of("ada")).await;
    let report = heard.report.clone().unwrap();
    assert_eq!(report.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(report.code(), Code::RATE_LIMIT_EXCEEDED);
    assert_eq!(
        report.message(),
        "Free tier rate limit exceeded. Upgrade to Pro for higher limits."
    );
    assert_eq!(report.retry_after(), Some(Duration::from_millis(59_900)));
    assert_eq!(report.to_json(), heard.body);
    assert!(heard.text().contains("\"retryAfter\":60,"));
}

#[tokio::test]
async fn a_report_of_ones_own_replaces_status_words_and_members() {
    let report = |refusal: &Refusal<'_>| {
        let outcome = refusal.outcome().unwrap();
        let message = format!(
            "{} {} {} {} {:?}",
            refusal.tier(),
            refusal.class(),
            outcome.quota(),
            outcome.remaining(),
            refusal.retry_after()
        );
        let code = Code::from_static("SLOW_DOWN");
        ErrorReport::new(StatusCode::SERVICE_UNAVAILABLE, code, message)
    };
    let (layer, _) = layer(limits().with_report(report));
    for _ in 0..20 {
        ask(&layer, of("ada")).await;
    }
    let heard = ask(&layer, of("ada")).await;
    assert_eq!(heard.status, 503);
    assert_eq!(
        heard.text(),
        r#"{"success":false,"error":{"message":"free api 20 per 60s, strict 0 60s","code":"SLOW_DOWN"}}"#
    );
    // The headers are told whatever the report says.
    assert_eq!(heard.header("ratelimit"), r#""api";r=0;t=60"#);
    assert_eq!(heard.header("cache-control"), "no-store");
}

#[tokio::test]
async fn of_several_that_refuse_the_longest_wait_is_told() {
    let tiers = |short: Quota, long: Quota| {
        tiers([Tier::new("free").with_quota("short", short).with_quota("long", long)])
    };
    for (classes, short, long, told, wait) in [
        (["short", "long"], quota(2, 10), quota(2, 3_600), "long", "1800"),
        (["long", "short"], quota(2, 10), quota(2, 3_600), "long", "1800"),
        // Of equals the first.
        (["short", "long"], quota(2, 10), quota(2, 10), "short", "5"),
        (["long", "short"], quota(2, 10), quota(2, 10), "long", "5"),
    ] {
        let limits = classes.into_iter().fold(Limits::new(tiers(short, long)), |limits, class| {
            limits.with_class(Class::new(class))
        });
        let (layer, _) = layer(limits);
        statuses(&layer, || of("ada"), &[200, 200]).await;
        let heard = ask(&layer, of("ada")).await;
        assert_eq!(heard.header("retry-after"), wait);
        assert!(heard.header("ratelimit").starts_with(&format!("\"{told}\";")), "{classes:?}");
    }
}

#[tokio::test]
async fn of_several_that_admit_the_smallest_share_left_is_told() {
    let tiers = tiers([Tier::new("free")
        .with_quota("small", quota(10, 60))
        .with_quota("large", quota(100, 60))]);
    let limits = Limits::new(tiers)
        .with_class(Class::new("large").with_cost(15))
        .with_class(Class::new("small").when(|head| head.method() == "GET"));
    let (layer, _) = layer(limits);
    // 85 of 100 against 9 of 10, 70 of 100 against 8 of 10.
    assert_eq!(ask(&layer, of("ada")).await.header("ratelimit"), r#""large";r=85;t=9"#);
    let post = request("POST", "/", &[("x-account", "ada")]);
    assert_eq!(ask(&layer, post).await.header("ratelimit"), r#""large";r=70;t=18"#);
    // Another caller: equal shares, and the first is told.
    let (layer, _) = self::layer(
        Limits::new(tiers_of_equals()).with_class(Class::new("one")).with_class(Class::new("two")),
    );
    assert!(ask(&layer, of("ada")).await.header("ratelimit").starts_with("\"one\""));
}

fn tiers_of_equals() -> Tiers {
    tiers([Tier::new("free").with_quota("one", quota(10, 60)).with_quota("two", quota(10, 60))])
}

#[tokio::test]
async fn the_forms_of_headers_can_be_chosen() {
    let x = HeaderForms::none().with_x_rate_limit(ResetFormat::DeltaSeconds);
    let draft = HeaderForms::none().with_draft(DraftVersion::Draft07);
    let x_names = [
        "x-ratelimit-limit: 2",
        "x-ratelimit-remaining: 1",
        "x-ratelimit-reset: 30",
        "x-ratelimit-tier: free",
        "x-ratelimit-window: 60",
    ];
    let draft_names = ["ratelimit-policy: 2;w=60", "ratelimit: limit=2, remaining=1, reset=30"];
    for (forms, allowed) in
        [(HeaderForms::none(), &[][..]), (x, &x_names[..]), (draft, &draft_names[..])]
    {
        let (layer, _) = layer(api(free(2, 60)).with_headers(forms));
        assert_eq!(lines(&ask(&layer, of("ada")).await), allowed);
        ask(&layer, of("ada")).await;
        let refused = ask(&layer, of("ada")).await;
        // Beside those of the limit: cache-control, content-length, content-type, retry-after.
        assert_eq!((refused.status, refused.headers.len()), (429, allowed.len() + 4));
        assert_eq!(refused.header("retry-after"), "30");
    }
}

#[tokio::test]
async fn a_subject_with_its_own_quota_is_told_of_it() {
    let (store, _) = store();
    let layer = RateLimitLayer::new(store.clone(), limits()).unwrap().with_resolver(by_account);
    let subject = {
        use bartizan_ratelimit_tiers::Store;
        store.hasher().subject("account", b"ada")
    };
    let own = Override { quota: quota(2, 30), until: None };
    now(store.set_override(subject, ClassId::of("api"), Some(own))).unwrap();
    let heard = ask(&layer, of("ada")).await;
    assert_eq!(heard.header("ratelimit-policy"), r#""api";q=2;w=30"#);
    assert_eq!(heard.header("x-ratelimit-limit"), "2");
    assert_eq!(heard.header("x-ratelimit-tier"), "free");
    ask(&layer, of("ada")).await;
    let heard = ask(&layer, of("ada")).await;
    assert!(heard.text().contains(r#""retryAfter":15,"#), "{}", heard.text());
    assert!(heard.text().contains(r#""limits":{"current":2,"pro":100}"#), "{}", heard.text());
    // Others keep the tier's.
    assert_eq!(ask(&layer, of("bob")).await.header("x-ratelimit-limit"), "20");
    assert_eq!(ask(&layer, of_tier("eve", "pro")).await.header("x-ratelimit-limit"), "100");
}

#[test]
fn a_refusal_never_reaches_the_inner_service() {
    let calls = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (layer, _) = layer(api(free(1, 60)));
    let service = {
        let calls = Arc::clone(&calls);
        layer.layer(strict_fn(move |_: Request<()>| {
            calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            async {
                Ok::<_, std::convert::Infallible>(Response::new(Full::<bytes::Bytes>::default()))
            }
        }))
    };
    for _ in 0..3 {
        now(service.clone().oneshot(of("ada"))).unwrap();
    }
    assert_eq!(calls.load(std::sync::atomic::Ordering::SeqCst), 1);
}
