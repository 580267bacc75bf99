use bartizan_server::routes::{PREFIXES, ROUTES};
use serde_json::{Value, json};

use crate::http::client::Client;
use crate::world::World;

/// A request that each route answers with success; `email` is one that nobody has registered.
fn sample(method: &str, path: &str, email: &str) -> (u16, Option<Value>) {
    match (method, path) {
        ("get", _) | ("post", "/performance/clear-cache") => (200, None),
        ("post", "/analyze") => (200, Some(json!({"workflowId": "wf_test"}))),
        ("post", "/leads") => (201, Some(json!({"name": "Ada", "email": email}))),
        ("post", "/register") => {
            (201, Some(json!({"email": email, "password": "correct horse", "name": "Ada"})))
        }
        ("post", "/login") => (200, Some(json!({"email": email, "password": "correct horse"}))),
        ("post", "/logout") => (204, None),
        _ => panic!("a request for {method} {path} is missing here"),
    }
}

pub(crate) async fn answers_every_route_alike_under_each_prefix(world: World) {
    let client = Client::with(&world, &[("ADMIN_API_KEY", "operators")]).await;
    let mut lists = Vec::new();
    for (number, prefix) in PREFIXES.iter().enumerate() {
        let email = format!("ada{number}@example.com");
        for route in ROUTES {
            let path = format!("{prefix}{}", route.path.replace("{id}", "wf_test"));
            let (status, body) = sample(route.method, route.path, &email);
            let mut ask = client.ask(&route.method.to_uppercase(), &path);
            if let Some(body) = &body {
                ask = ask.json(body);
            }
            if route.path.starts_with("/performance/") {
                ask = ask.header("x-api-key", "operators");
            }
            let answer = ask.send().await;
            assert_eq!(answer.status, status, "{} {path}: {answer:?}", route.method);
            if status == 204 {
                assert!(answer.body.is_empty());
            } else {
                assert_eq!(answer.json()["success"], true);
            }
            if route.path == "/workflows" {
                lists.push(answer.body);
            }
        }
    }
    assert_eq!(lists.len(), 3);
    assert!(lists.windows(2).all(|pair| pair[0] == pair[1]));
}
