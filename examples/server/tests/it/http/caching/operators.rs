use std::net::SocketAddr;

use axum::body::Body;
use axum::http::Request;
use bartizan_ratelimit_tiers::PeerAddr;
use bartizan_server::app::app;
use bartizan_server::domain::Tier;
use bartizan_server::readiness::Readiness;
use bartizan_server::routes::PREFIXES;
use serde_json::{Value, json};

use super::{OPERATORS, change, clear, get, over};
use crate::http::Answer;
use crate::http::client::{Client, PRODUCTION, config, prepare};
use crate::http::served::{Served, statuses, then};
use crate::world::World;

const FORBIDDEN: (u16, &str, &str) = (403, "FORBIDDEN", "An admin key is required");
const UNAUTHORIZED: (u16, &str, &str) =
    (401, "UNAUTHORIZED", "A valid API key or session is required");

#[track_caller]
fn assert_error(answer: &Answer, (status, code, message): (u16, &str, &str)) {
    answer.assert_error(status, code, message);
}

/// Every endpoint for operators.
fn endpoints() -> Vec<(&'static str, String)> {
    let clear = PREFIXES.map(|prefix| ("POST", format!("{prefix}/performance/clear-cache")));
    [("GET", "/internal/cache-stats".to_owned())].into_iter().chain(clear).collect()
}

#[tokio::test]
async fn with_a_key_they_are_for_whoever_has_it() {
    let world = World::sqlite();
    let url = world.url();
    prepare(&url).await;
    let client = over(&url, &[("ADMIN_API_KEY", OPERATORS)]).await;
    for (method, path) in endpoints() {
        let ask = || client.ask(method, &path);
        let anonymous = ask().send().await;
        assert_error(&anonymous, UNAUTHORIZED);
        assert_eq!(anonymous.header("www-authenticate"), "Bearer realm=\"bartizan\"");
        for wrong in ["the-key-of-operator", "the-key-of-operators-", "The-key-of-operators", ""] {
            assert_error(&ask().header("x-api-key", wrong).send().await, UNAUTHORIZED);
        }
        for tier in Tier::ALL {
            let account = ask().header("x-api-key", client.key(tier)).send().await;
            assert_error(&account, FORBIDDEN);
        }
        for (name, value) in
            [("x-api-key", OPERATORS.to_owned()), ("authorization", format!("Bearer {OPERATORS}"))]
        {
            let answer = ask().header(name, &value).send().await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            assert_eq!(answer.header("cache-control"), "private");
        }
        // A peer on this host needs the key as well.
        assert_error(&from(&client, method, &path, "127.0.0.1:5000", &[]).await, UNAUTHORIZED);
    }
    // Asked for its head alone it is no more open.
    for (key, status) in [("guess", 401), (client.key(Tier::Enterprise), 403), (OPERATORS, 200)] {
        let ask = client.ask("HEAD", "/internal/cache-stats").header("x-api-key", key);
        assert_eq!(ask.send().await.status, status);
    }
    // Each stands where it stands alone.
    for path in ["/api/internal/cache-stats", "/internal/performance/clear-cache", "/internal"] {
        let ask = client.ask("POST", path).header("x-api-key", OPERATORS);
        assert_eq!(ask.send().await.status, 404, "{path}");
    }
    let put =
        client.ask("POST", "/internal/cache-stats").header("x-api-key", OPERATORS).send().await;
    assert_eq!((put.status.as_u16(), put.header("allow")), (405, "GET,HEAD"));
}

/// Sends a request as if from this peer.
async fn from(
    client: &Client,
    method: &str,
    path: &str,
    peer: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut head = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        head = head.header(*name, *value);
    }
    let mut request = head.body(Body::empty()).unwrap();
    let peer: SocketAddr = peer.parse().unwrap();
    request.extensions_mut().insert(PeerAddr(peer));
    client.call(request).await
}

#[tokio::test]
async fn without_a_key_they_are_for_this_host_alone() {
    // A proxy that is believed is a proxy all the same.
    for variables in [&[][..], &[("NODE_ENV", "test"), ("TRUSTED_PROXIES", "127.0.0.0/8")]] {
        let client = Client::sqlite_with(variables).await;
        for (method, path) in endpoints() {
            for peer in ["127.0.0.1:5000", "127.9.9.9:1", "[::1]:5000", "[::ffff:127.0.0.1]:5000"] {
                let answer = from(&client, method, &path, peer, &[]).await;
                assert_eq!(answer.status, 200, "{peer}");
            }
            for peer in ["192.0.2.1:5000", "10.0.0.1:5000", "[2001:db8::1]:5000"] {
                assert_error(&from(&client, method, &path, peer, &[]).await, FORBIDDEN);
            }
            for name in [
                "x-forwarded-for",
                "x-forwarded-host",
                "x-forwarded-proto",
                "forwarded",
                "via",
                "x-original-forwarded-for",
                "client-ip",
                "cdn-loop",
                "x-real-ip",
                "cf-connecting-ip",
                "true-client-ip",
            ] {
                for value in ["127.0.0.1", ""] {
                    let headers = [(name, value)];
                    let answer = from(&client, method, &path, "127.0.0.1:5000", &headers).await;
                    assert_error(&answer, FORBIDDEN);
                }
            }
            // Nobody knows from where.
            assert_error(&client.ask(method, &path).send().await, FORBIDDEN);
        }
        let headers = [("sec-fetch-site", "cross-site"), ("origin", "https://elsewhere.example")];
        let page = from(&client, "POST", "/api/performance/clear-cache", "127.0.0.1:1", &headers);
        assert_eq!(page.await.status, 403);
    }
}

#[tokio::test]
async fn without_a_key_production_has_no_operators() {
    let world = World::sqlite();
    let app = app(&config(&world.url(), &PRODUCTION), Readiness::new()).await.unwrap();
    let client = Client::over(app);
    for (method, path) in endpoints() {
        assert_error(&from(&client, method, &path, "127.0.0.1:5000", &[]).await, FORBIDDEN);
        assert_error(&client.ask(method, &path).send().await, FORBIDDEN);
    }
    let variables = [&PRODUCTION[..], &[("ADMIN_API_KEY", OPERATORS)]].concat();
    let client = over(&world.url(), &variables).await;
    for (method, path) in endpoints() {
        assert_error(&client.ask(method, &path).send().await, UNAUTHORIZED);
        let operator = client.ask(method, &path).header("x-api-key", OPERATORS).send().await;
        assert_eq!(operator.status, 200);
    }
    // It opens no location.
    for path in ["/api/history", "/api/workflows", "/api/leads"] {
        let ask = client.ask("GET", path).header("x-api-key", OPERATORS);
        assert_error(&ask.send().await, UNAUTHORIZED);
    }
}

#[tokio::test]
async fn guesses_of_the_key_are_limited() {
    let world = World::sqlite();
    let served = Served::with(&world, &[("ADMIN_API_KEY", OPERATORS)]).await;
    let mut client = served.from(2).await;
    let guess = || {
        let head = Request::get("/internal/cache-stats").header("x-api-key", "guess");
        head.body(Body::empty()).unwrap()
    };
    assert_eq!(statuses(&mut client, 25, guess).await, then((20, 401), (5, 429)));
    // And what nobody opens is refused by the same limit.
    let anonymous = || get("/internal/cache-stats");
    let mut client = served.from(3).await;
    assert_eq!(statuses(&mut client, 25, anonymous).await, then((20, 401), (5, 429)));
}

fn cleared(names: &[&str]) -> Value {
    let cleared: Vec<_> =
        names.iter().map(|name| json!({"name": name, "reach": "local"})).collect();
    json!({"cleared": cleared})
}

#[tokio::test]
async fn one_cache_is_cleared_by_its_name_and_all_without_one() {
    let world = World::sqlite();
    let url = world.url();
    let database = prepare(&url).await;
    let client = over(&url, &[("ADMIN_API_KEY", OPERATORS)]).await;
    let paths = ["/api/workflows", "/api/workflows/wf_test", "/api/leads"];
    let read = async || {
        let mut bodies = Vec::new();
        for path in paths {
            bodies.push(client.get(path).await.body);
        }
        bodies
    };
    let first = read().await;
    change(&database).await;

    assert_eq!(clear(&client, "?cache=workflow").await.data(), cleared(&["workflow"]));
    let second = read().await;
    assert_eq!((&first[0], &first[2]), (&second[0], &second[2]));
    assert_ne!(first[1], second[1]);

    let all = [
        "analysis",
        "frequent",
        "history",
        "leads",
        "static",
        "user",
        "workflow",
        "workflows",
        "responses",
    ];
    assert_eq!(clear(&client, "").await.data(), cleared(&all));
    let third = read().await;
    assert!(third[0] != first[0] && third[1] == second[1] && third[2] != first[2]);

    for name in all {
        assert_eq!(clear(&client, &format!("?cache={name}")).await.data(), cleared(&[name]));
    }
    // Without Redis, sessions are in the table.
    for name in ["users", "session", "", "Workflows", "workflows:loc_demo_1"] {
        let unknown = clear(&client, &format!("?cache={name}")).await;
        unknown.assert_error(404, "CACHE_NOT_FOUND", "No cache has this name");
    }
    let twice = clear(&client, "?cache=leads&cache=user").await;
    let message = "Failed to deserialize query string: duplicate field `cache`";
    twice.assert_error(400, "MALFORMED_QUERY", message);
}
