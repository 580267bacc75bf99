//! The probes depend on nothing: no credential is looked at, nothing is compressed.

use bartizan_server::app::app;
use bartizan_server::readiness::Readiness;
use bartizan_server::starting::Starting;
use serde_json::json;

use super::client::{Client, PRODUCTION, config};
use super::wire::{Connection, serving};
use crate::world::World;

#[tokio::test]
async fn the_probes_ask_nobody_who_they_are() {
    let world = World::sqlite();
    let client = Client::in_production(&world).await;
    for (path, body) in [("/live", json!({"status": "ok"})), ("/ready", json!({"status": "ready"}))]
    {
        for (name, value) in [
            ("accept", "*/*"),
            ("x-api-key", "wrong"),
            ("authorization", "Bearer wrong"),
            ("cookie", "session=AAAAAAAAAAAAAAAAAAAAAA"),
            ("accept-encoding", "br"),
        ] {
            let answer = client.ask("GET", path).header(name, value).send().await;
            assert_eq!((answer.status.as_u16(), answer.json()), (200, body.clone()), "{path}");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.header("set-cookie"), "");
        }
    }
    // They are not the API's.
    assert_eq!(client.get("/api/live").await.status, 404);
    assert_eq!(client.get("/api/v1/ready").await.status, 404);
}

#[tokio::test]
async fn readiness_follows_the_phase_and_its_503_stays_as_it_is() {
    let world = World::sqlite();
    let app = app(&config(&world.url(), &PRODUCTION), Readiness::new()).await.unwrap();
    let readiness = app.readiness.clone();
    let ask = async |client: &Client| {
        let answer = client.ask("GET", "/ready").header("accept", "application/problem+json");
        let answer = answer.send().await;
        (answer.status.as_u16(), answer.json())
    };
    let client = Client::over(app);
    assert_eq!(ask(&client).await, (200, json!({"status": "ready"})));
    readiness.drain();
    assert_eq!(ask(&client).await, (503, json!({"status": "draining"})));
    assert_eq!(client.get("/live").await.status, 200);
    assert_eq!(client.get("/api/workflows").await.status, 401);
}

#[tokio::test]
async fn the_probes_answer_while_the_application_is_still_starting() {
    let world = World::sqlite();
    let config = config(&world.url(), &PRODUCTION);
    let readiness = Readiness::new();
    let starting = Starting::new(&config, readiness.clone()).unwrap();
    let (address, _stop) = serving(starting.clone());
    let mut connection = Connection::open(address).await.unwrap();
    assert_eq!(connection.get("/live").await.unwrap().status, 200);
    let ready = connection.get("/ready").await.unwrap();
    assert_eq!((ready.status.as_u16(), ready.json()), (503, json!({"status": "starting"})));
    let early = connection.get("/api/workflows").await.unwrap();
    assert_eq!((early.status.as_u16(), early.header("retry-after")), (503, "1"));
    assert_eq!(early.json()["error"]["code"], "SERVICE_UNAVAILABLE");

    starting.finish(app(&config, readiness.clone()).await.unwrap().router);
    readiness.ready();
    // The connection that met the one meets the other.
    assert_eq!(connection.get("/ready").await.unwrap().status, 200);
    assert_eq!(connection.get("/api/workflows").await.unwrap().status, 401);
}
