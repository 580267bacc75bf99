//! What another site makes a browser send is refused, and nothing else is.

use serde_json::json;

use super::client::{Client, ORIGIN};

const EVIL: &str = "https://evil.example";

#[tokio::test]
async fn a_request_that_another_site_caused_is_refused() {
    let client = Client::sqlite().await;
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", EVIL)],
        &[("origin", EVIL)],
        &[("origin", "null")],
        &[("origin", "http://app.example.com")],
    ] {
        for path in ["/api/leads", "/api/analyze", "/api/register", "/api/login", "/api/logout"] {
            let ask = headers
                .iter()
                .fold(client.ask("POST", path), |ask, (name, value)| ask.header(name, value));
            let answer = ask.header("host", "api.example.com").json(&json!({})).send().await;
            answer.assert_error(403, "CROSS_SITE_REQUEST", "Cross-site requests are refused");
        }
    }
    assert_eq!(client.get("/api/leads").await.json()["pagination"]["total"], 45);
}

#[tokio::test]
async fn the_own_site_allowed_origins_and_programs_pass() {
    let client = Client::sqlite().await;
    for headers in [
        &[][..],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", ORIGIN)],
        &[("sec-fetch-site", "same-site"), ("origin", ORIGIN)],
        &[("origin", ORIGIN)],
        &[("origin", "https://api.example.com")],
    ] {
        let ask = headers
            .iter()
            .fold(client.ask("POST", "/api/leads"), |ask, (name, value)| ask.header(name, value));
        let lead = json!({"name": "Ada", "email": "ada@example.com"});
        let answer = ask.header("host", "api.example.com").json(&lead).send().await;
        assert_eq!(answer.status, 201, "{headers:?}");
    }
}

#[tokio::test]
async fn reading_is_open_to_links_from_elsewhere() {
    let client = Client::sqlite().await;
    for method in ["GET", "HEAD"] {
        let ask = client.ask(method, "/api/workflows").header("sec-fetch-site", "cross-site");
        assert_eq!(ask.header("origin", EVIL).send().await.status, 200, "{method}");
    }
}
