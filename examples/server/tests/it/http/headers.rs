//! The security headers stand on every answer; [`Answer`] checks each one that a test reads.

use bartizan_server::app::app;
use bartizan_server::data::Statement;
use bartizan_server::readiness::Readiness;

use super::client::{Client, ORIGIN, config, prepare};
use crate::world::World;

#[tokio::test]
async fn every_kind_of_answer_has_the_security_headers() {
    let client = Client::sqlite().await;
    for (method, path, status) in [
        ("GET", "/api/workflows", 200),
        ("GET", "/live", 200),
        ("POST", "/api/logout", 204),
        ("POST", "/api/leads", 415),
        ("PUT", "/api/leads", 405),
        ("GET", "/nowhere", 404),
        ("HEAD", "/nowhere", 404),
    ] {
        // Reading it has checked them.
        assert_eq!(client.ask(method, path).send().await.status, status, "{method} {path}");
    }
    let refused = client.ask("GET", "/api/leads").header("x-api-key", "wrong").send().await;
    assert_eq!(refused.status, 401);
    let foreign = client.ask("POST", "/api/logout").header("sec-fetch-site", "cross-site");
    assert_eq!(foreign.send().await.status, 403);
    let preflight = client.ask("OPTIONS", "/api/leads").header("origin", ORIGIN);
    let preflight = preflight.header("access-control-request-method", "POST").send().await;
    assert_eq!(preflight.status, 200);
    client.app().readiness.drain();
    assert_eq!(client.get("/ready").await.status, 503);
}

#[tokio::test]
async fn an_internal_error_has_them_and_a_page_can_read_it() {
    static DROP: Statement = Statement::write("test_drop", "DROP TABLE leads");
    let world = World::sqlite();
    let url = world.url();
    let database = prepare(&url).await;
    let client = Client::over(app(&config(&url, &[]), Readiness::new()).await.unwrap());
    database.execute(&DROP, &[]).await.unwrap();

    let answer = client.ask("GET", "/api/leads").header("origin", ORIGIN);
    let answer = answer.header("accept-encoding", "br").send().await;

    answer.assert_error(500, "INTERNAL_ERROR", "Internal server error");
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
}

#[tokio::test]
async fn what_belongs_to_a_location_is_for_no_shared_cache() {
    let client = Client::sqlite().await;
    for path in ["/api/workflows", "/api/v1/history", "/v1/api/leads"] {
        assert_eq!(client.get(path).await.header("cache-control"), "private, no-cache", "{path}");
    }
}
