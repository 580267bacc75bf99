//! Limits that do not depend on the database: addresses, configuration, browsers, probes.

use axum::body::Body;
use axum::http::Request;
use bartizan_server::domain::Tier;
use serde_json::json;
use tempfile::TempDir;

use super::client::ORIGIN;
use super::served::{FREE_API, REFUSED, Served, Told, get, post, statuses, then};
use crate::world::World;

/// Three requests a minute, whoever asks.
const THREE: &str = r#"
    upgrade_url = "/more"
    [[tiers]]
    name = "free"
    upgrade = "pro"
    quotas = [{ class = "api", limit = 3, period = 60, algorithm = "strict" }]
    [[tiers]]
    name = "pro"
    title = "Professional"
"#;

fn list() -> Request<Body> {
    get("/api/workflows").body(Body::empty()).unwrap()
}

fn list_for(client: &str) -> Request<Body> {
    get("/api/workflows").header("x-forwarded-for", client).body(Body::empty()).unwrap()
}

async fn served(variables: &[(&str, &str)]) -> (World, Served) {
    let world = World::sqlite();
    let served = Served::with(&world, variables).await;
    (world, served)
}

#[tokio::test]
async fn a_forged_address_frees_nobody() {
    let (_world, served) = served(&[("RATE_LIMIT_TIERS", THREE)]).await;
    let mut client = served.from(2).await;
    for (number, status) in [200, 200, 200, 429].into_iter().enumerate() {
        let forged = format!("203.0.113.{number}");
        let request = list_for(&forged);
        let (mut head, body) = request.into_parts();
        for name in ["forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip"] {
            head.headers.insert(name, format!("for={forged}").parse().unwrap());
        }
        let answer = client.send(Request::from_parts(head, body)).await.unwrap();
        assert_eq!(answer.status, status, "{number}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_tells_the_address() {
    let proxies = [("TRUSTED_PROXIES", "127.0.0.2, 10.0.0.0/8"), ("RATE_LIMIT_TIERS", THREE)];
    let (_world, served) = served(&proxies).await;
    let mut proxy = served.from(2).await;
    for client in ["203.0.113.1", "203.0.113.2"] {
        let request = || list_for(client);
        assert_eq!(statuses(&mut proxy, 4, request).await, then((3, 200), (1, 429)), "{client}");
    }
    // The client wrote what stands on the left, the proxies what stands on the right.
    let forged = || list_for("198.51.100.7, 203.0.113.1, 10.0.0.1");
    assert_eq!(proxy.send(forged()).await.unwrap().status, 429);
    let forwarded = get("/api/workflows").header("forwarded", "for=198.51.100.8");
    let forwarded = forwarded.header("x-forwarded-for", "203.0.113.1").body(Body::empty());
    assert_eq!(proxy.send(forwarded.unwrap()).await.unwrap().status, 429);
    // One subscriber, whatever address of its network it takes.
    for (client, status) in [
        ("2001:db8::1", 200),
        ("2001:db8::2", 200),
        ("2001:db8::ffff:1", 200),
        ("2001:db8::ffff:2", 429),
        ("2001:db8:0:1::1", 200),
    ] {
        assert_eq!(proxy.send(list_for(client)).await.unwrap().status, status, "{client}");
    }
    // Nobody else is believed.
    let mut direct = served.from(3).await;
    for (number, status) in [200, 200, 200, 429].into_iter().enumerate() {
        let request = list_for(&format!("203.0.113.{}", 100 + number));
        assert_eq!(direct.send(request).await.unwrap().status, status);
    }
}

#[tokio::test]
async fn a_page_of_another_origin_reads_the_refusal_and_preflights_are_free() {
    let (_world, served) = served(&[("RATE_LIMIT_TIERS", THREE)]).await;
    let mut client = served.from(2).await;
    let preflight = || {
        let head = Request::options("/api/workflows").header("origin", ORIGIN);
        head.header("access-control-request-method", "GET").body(Body::empty()).unwrap()
    };
    assert_eq!(statuses(&mut client, 10, preflight).await, [200; 10]);
    let page = || get("/api/workflows").header("origin", ORIGIN).body(Body::empty()).unwrap();
    assert_eq!(statuses(&mut client, 3, page).await, [200; 3]);

    let answer = client.send(page()).await.unwrap();

    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    let exposed = answer.header("access-control-expose-headers").to_lowercase();
    for (name, _) in &answer.headers {
        let name = name.as_str();
        if name.contains("ratelimit") || name == "retry-after" {
            assert!(exposed.split(',').any(|exposed| exposed.trim() == name), "{name}");
        }
    }
    assert_eq!(statuses(&mut client, 10, preflight).await, [200; 10]);
}

#[tokio::test]
async fn probes_are_never_limited() {
    let (_world, served) = served(&[("RATE_LIMIT_TIERS", THREE)]).await;
    let mut client = served.from(2).await;
    assert_eq!(statuses(&mut client, 4, list).await, then((3, 200), (1, 429)));
    for path in ["/live", "/ready"] {
        for _ in 0..50 {
            let answer = client.get(path).await.unwrap();
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("x-ratelimit-limit"), "");
            assert_eq!(answer.header("ratelimit"), "");
        }
    }
}

#[tokio::test]
async fn refusals_for_other_reasons_are_counted_too() {
    let (_world, served) = served(&[("RATE_LIMIT_TIERS", THREE)]).await;
    let mut client = served.from(2).await;
    let foreign = || {
        let (mut head, body) = post("/api/logout", &json!({})).into_parts();
        head.headers.insert("sec-fetch-site", "cross-site".parse().unwrap());
        Request::from_parts(head, body)
    };
    assert_eq!(client.send(foreign()).await.unwrap().status, 403);
    assert_eq!(client.get("/api/workflows/wf_9999").await.unwrap().status, 404);
    assert_eq!(client.send(post("/api/workflows", &json!({}))).await.unwrap().status, 405);
    assert_eq!(client.send(list()).await.unwrap().status, 429);
}

#[tokio::test]
async fn a_client_that_prefers_problems_reads_one() {
    let (_world, served) = served(&[("RATE_LIMIT_TIERS", THREE)]).await;
    let mut client = served.from(2).await;
    assert_eq!(statuses(&mut client, 3, list).await, [200; 3]);
    let problem = get("/api/workflows").header("accept", "application/problem+json");
    let answer = client.send(problem.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((&body["status"], &body["code"]), (&json!(429), &json!("RATE_LIMIT_EXCEEDED")));
    assert_eq!(body["retryAfter"].to_string(), answer.header("retry-after"));
}

#[tokio::test]
async fn another_table_stands_in_the_variable_or_in_a_file() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("tiers.toml");
    std::fs::write(&file, THREE).unwrap();
    let body = REFUSED
        .replace("Upgrade to Pro", "Upgrade to Professional")
        .replace("/api/subscription/checkout", "/more")
        .replace(r#""current":20,"pro":100"#, r#""current":3"#);
    for table in [THREE, file.to_str().unwrap()] {
        let (_world, served) = served(&[("RATE_LIMIT_TIERS", table)]).await;
        let mut client = served.from(2).await;
        let told = Told { limit: 3, ..FREE_API };
        for remaining in (0..3).rev() {
            told.assert(&client.send(list()).await.unwrap(), remaining);
        }
        told.assert_refused(&client.send(list()).await.unwrap(), &body);
        // A tier without quotas is not limited, and one that the table lacks is the default one.
        let keyed = |tier| {
            let head = get("/api/workflows").header("x-api-key", served.key(tier));
            head.body(Body::empty()).unwrap()
        };
        let free = served.from(3).await.send(keyed(Tier::Pro)).await.unwrap();
        assert_eq!((free.status.as_u16(), free.header("x-ratelimit-limit")), (200, ""));
        let unknown = served.from(3).await.send(keyed(Tier::Enterprise)).await.unwrap();
        told.assert(&unknown, 2);
    }
}

#[tokio::test]
async fn anonymous_callers_have_a_limit_of_all_requests_where_it_is_set() {
    const GLOBAL: Told = Told { tier: "free", class: "global", limit: 3, window: 900 };
    let (_world, limited) = served(&[("RATE_LIMIT_MAX_REQUESTS", "3")]).await;
    let mut client = limited.from(2).await;
    for remaining in (0..3).rev() {
        GLOBAL.assert(&client.send(list()).await.unwrap(), remaining);
    }
    let body = REFUSED.replace(r#""current":20,"pro":100"#, r#""current":3"#);
    GLOBAL.assert_refused(&client.send(list()).await.unwrap(), &body);
    let key = limited.key(Tier::Free);
    let keyed = get("/api/workflows").header("x-api-key", key).body(Body::empty()).unwrap();
    FREE_API.assert(&client.send(keyed).await.unwrap(), 19);

    let (_world, limited) = served(&[("RATE_LIMIT_WINDOW", "3600000")]).await;
    let first = limited.from(2).await.send(list()).await.unwrap();
    // 99 of 100 is more than 19 of 20.
    FREE_API.assert(&first, 19);
    let (_world, limited) = served(&[
        ("RATE_LIMIT_WINDOW", "3600000"),
        ("RATE_LIMIT_TIERS", r#"tiers = [{ name = "free" }]"#),
    ])
    .await;
    let first = limited.from(2).await.send(list()).await.unwrap();
    Told { limit: 100, window: 3600, ..GLOBAL }.assert(&first, 99);
}

#[tokio::test]
async fn governor_counts_where_it_is_chosen() {
    let (_world, served) = served(&[("RATE_LIMIT_STORE", "governor")]).await;
    let mut client = served.from(2).await;
    // A unit of 20 a minute is back after 3 s.
    let lists = statuses(&mut client, 25, list).await;
    assert!(lists.starts_with(&[200; 20]), "{lists:?}");
    assert!(lists.iter().filter(|status| **status == 429).count() >= 3, "{lists:?}");
    let mut client = served.from(3).await;
    let analyses =
        statuses(&mut client, 12, || post("/api/analyze", &json!({"workflowId": "wf_test"}))).await;
    assert_eq!(analyses, then((10, 200), (2, 429)));
    let refused =
        client.send(post("/api/analyze", &json!({"workflowId": "wf_test"}))).await.unwrap();
    // One of ten an hour is back after 6 minutes, not after an hour.
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((300..=360).contains(&wait), "{wait}");
    // It cannot block, so failed logins are counted beside it.
    let mut client = served.from(4).await;
    let login = || post("/api/login", &json!({"email": "a@b.example", "password": "wrong horse"}));
    assert_eq!(statuses(&mut client, 10, login).await, [401; 10]);
    let refused = client.send(login()).await.unwrap();
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "900"));
}
