use bartizan_server::domain::Tier;

use crate::http::client::Client;
use crate::world::World;

/// The locations of a list of workflows, and their number.
fn locations(list: &serde_json::Value) -> (Vec<&str>, usize) {
    let workflows = list.as_array().unwrap();
    let mut locations: Vec<_> =
        workflows.iter().map(|workflow| workflow["locationId"].as_str().unwrap()).collect();
    locations.dedup();
    (locations, workflows.len())
}

pub(crate) async fn shows_each_key_its_own_location(world: World) {
    let client = Client::new(&world).await;
    for (tier, location, count) in [
        (Tier::Free, "loc_demo_1", 34),
        (Tier::Pro, "loc_demo_2", 33),
        (Tier::Enterprise, "loc_demo_3", 33),
    ] {
        let key = client.key(tier);
        for (header, value) in [
            ("x-api-key", key.to_owned()),
            ("authorization", format!("Bearer {key}")),
            ("authorization", format!("bearer  {key}")),
        ] {
            let answer = client.ask("GET", "/api/workflows").header(header, &value).send().await;
            assert_eq!(locations(&answer.data()), (vec![location], count), "{header}: {value}");
        }
    }
    // What belongs to another location does not exist: the second one has no 34th workflow.
    let pro = client.key(Tier::Pro);
    let foreign = client.ask("GET", "/api/workflows/wf_0033").header("x-api-key", pro);
    foreign.send().await.assert_error(404, "WORKFLOW_NOT_FOUND", "Workflow wf_0033 does not exist");
}

pub(crate) async fn refuses_a_key_that_opens_nothing(world: World) {
    let client = Client::new(&world).await;
    let long = "x".repeat(129);
    for (header, value) in [
        ("x-api-key", "btz_demo_free_0000000000000000"),
        ("x-api-key", ""),
        ("x-api-key", "two words"),
        ("x-api-key", &long),
        ("x-api-key", "ä"),
        ("authorization", "Bearer btz_demo_free_0000000000000000"),
        ("authorization", "Bearer "),
    ] {
        // Also where nobody has to be known.
        for (method, path) in
            [("GET", "/api/workflows"), ("POST", "/api/leads"), ("PUT", "/api/history")]
        {
            let answer = client.ask(method, path).header(header, value).send().await;
            answer.assert_error(401, "UNAUTHORIZED", "A valid API key or session is required");
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"bartizan\"");
        }
    }
    // `X-API-Key` is asked first, and a good one beside a bad one does not mend it.
    let both = client.ask("GET", "/api/workflows").header("x-api-key", "wrong");
    let both = both.header("authorization", &format!("Bearer {}", client.key(Tier::Pro)));
    assert_eq!(both.send().await.status, 401);
}

pub(crate) async fn shows_the_first_demo_location_to_anonymous_callers(world: World) {
    let client = Client::new(&world).await;
    let anonymous = client.get("/api/workflows").await;
    assert_eq!(locations(&anonymous.data()).0, ["loc_demo_1"]);
    // Another scheme is not ours to refuse.
    let basic = client.ask("GET", "/api/workflows").header("authorization", "Basic YTpi");
    assert_eq!(basic.send().await.body, anonymous.body);
    for path in ["/api/history", "/api/leads"] {
        assert_eq!(client.get(path).await.status, 200, "{path}");
    }
}
