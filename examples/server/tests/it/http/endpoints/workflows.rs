use serde_json::json;

use super::members;
use crate::http::client::Client;
use crate::world::World;

pub(crate) async fn lists_the_workflows_of_the_location(world: World) {
    let client = Client::new(&world).await;

    let answer = client.get("/api/v1/workflows").await;

    assert_eq!(answer.status, 200);
    let data = answer.data();
    let workflows = data.as_array().unwrap();
    assert_eq!(workflows.len(), 34);
    assert!(workflows.is_sorted_by_key(|workflow| workflow["id"].as_str().unwrap().to_owned()));
    for workflow in workflows {
        assert_eq!(
            members(workflow),
            [
                "createdAt",
                "description",
                "id",
                "locationId",
                "name",
                "status",
                "steps",
                "trigger",
                "updatedAt"
            ]
        );
        assert_eq!(workflow["locationId"], "loc_demo_1");
        assert!(["active", "draft", "paused"].map(Into::into).contains(&workflow["status"]));
        for step in workflow["steps"].as_array().unwrap() {
            assert_eq!(members(step), ["action", "delaySeconds", "id", "name"]);
        }
    }
}

pub(crate) async fn finds_one_workflow(world: World) {
    let client = Client::new(&world).await;
    let listed = client.get("/api/workflows").await.data();
    let last = listed.as_array().unwrap().last().unwrap();
    assert_eq!(last["id"], "wf_test");

    assert_eq!(client.get("/api/workflows/wf_test").await.data(), *last);
}

pub(crate) async fn refuses_an_id_that_is_none(world: World) {
    let client = Client::new(&world).await;

    let missing = client.get("/api/workflows/wf_9999").await;
    missing.assert_error(404, "WORKFLOW_NOT_FOUND", "Workflow wf_9999 does not exist");
    let too_long = format!("/api/workflows/{}", "x".repeat(65));
    for path in ["/api/workflows/a.b", "/api/workflows/%20", "/api/workflows/%C3%A4", &too_long] {
        let refused = client.get(path).await;
        refused.assert_invalid("workflowId", "1 to 64 letters, digits, `_` or `-`");
    }
    let malformed = client.get("/api/workflows/%FF").await;
    malformed.assert_failure(
        400,
        json!({"message": "Invalid URL: Invalid UTF-8 in `id`", "code": "MALFORMED_PATH"}),
    );
}
