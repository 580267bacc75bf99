use bartizan_server::app::app;
use bartizan_server::data::seed;
use bartizan_server::readiness::Readiness;
use serde_json::json;

use crate::http::client::{Client, PRODUCTION, config, prepare};
use crate::world::World;

pub(crate) async fn asks_for_an_account_where_there_are_no_demo_data(world: World) {
    let client = Client::in_production(&world).await;
    assert_eq!(client.app().demo_keys.len(), 0);
    for path in ["/api/workflows", "/api/workflows/wf_test", "/api/history", "/api/leads"] {
        let answer = client.get(path).await;
        answer.assert_error(401, "UNAUTHORIZED", "A valid API key or session is required");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"bartizan\"", "{path}");
    }
    let analyze = client.post("/api/analyze", &json!({"workflowId": "wf_test"})).await;
    analyze.assert_error(401, "UNAUTHORIZED", "A valid API key or session is required");
    // The demo keys are in the documents.
    let key = "btz_demo_enterprise_60c2d8e94b7f135a";
    let demo = client.ask("GET", "/api/history").header("x-api-key", key).send().await;
    assert_eq!(demo.status, 401);
    // Leads come from the site's visitors.
    let lead = json!({"name": "Ada", "email": "ada@example.com"});
    assert_eq!(client.post("/api/leads", &lead).await.status, 201);
}

pub(crate) async fn knows_no_demo_key_though_demo_data_are_there(world: World) {
    let url = world.url();
    prepare(&url).await;
    let client = Client::over(app(&config(&url, &PRODUCTION), Readiness::new()).await.unwrap());
    for key in seed::demo_keys(&client.app().database).await.unwrap() {
        let ask = client.ask("GET", "/api/history").header("x-api-key", key.key.reveal());
        assert_eq!(ask.send().await.status, 401, "{key:?}");
    }
}

/// The cookie of a new user's session.
async fn session(client: &Client, name: &str) -> String {
    let (email, password) = (format!("{name}@example.com"), "correct horse");
    let input = json!({"email": email, "password": password, "name": name});
    assert_eq!(client.post("/api/register", &input).await.status, 201);
    let answer = client.post("/api/login", &json!({"email": email, "password": password})).await;
    assert_eq!(answer.status, 200);
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

pub(crate) async fn gives_each_user_a_location_of_their_own(world: World) {
    let client = Client::in_production(&world).await;
    for name in ["ada", "bob"] {
        let session = session(&client, name).await;
        for path in ["/api/workflows", "/api/history"] {
            let answer = client.ask("GET", path).header("cookie", &session).send().await;
            assert_eq!(answer.data(), json!([]), "{path}");
        }
        let leads = client.ask("GET", "/api/leads").header("cookie", &session).send().await;
        assert_eq!(leads.json()["pagination"]["total"], 0);
    }
}

pub(crate) async fn has_no_platform_until_one_is_configured(world: World) {
    let client = Client::in_production(&world).await;
    let session = session(&client, "ada").await;

    let analyze = client.ask("POST", "/api/analyze").header("cookie", &session);
    let answer = analyze.json(&json!({"workflowId": "wf_test"})).send().await;

    answer.assert_error(503, "NOT_CONFIGURED", "Workflow analysis is not configured");
}
