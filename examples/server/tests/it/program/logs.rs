use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::{Program, until};
use crate::http::Connection;

fn post(path: &str, body: &Value, cookie: &str) -> Request<Body> {
    let head = Request::post(path).header("content-type", "application/json");
    head.header("cookie", cookie).body(Body::from(body.to_string())).unwrap()
}

#[tokio::test]
async fn a_failure_has_one_id_in_header_body_and_log_and_is_logged_once() {
    let folder = TempDir::new().unwrap();
    let variables = [
        ("NODE_ENV", "production"),
        ("DATABASE_URL", "sqlite:production.sqlite"),
        ("FRONTEND_URL", "https://app.example.com"),
        ("ENCRYPTION_KEY", "e"),
        ("PAGINATION_KEY", "p"),
    ];
    let program = Program::start(folder.path(), &variables);
    assert_eq!(program.welcome.lines().count(), 1, "{}", program.welcome);
    let mut connection = Connection::open(program.address).await.unwrap();
    let (email, password) = ("ada@example.com", "correct horse");
    let user = json!({"email": email, "password": password, "name": "Ada"});
    assert_eq!(connection.send(post("/api/register", &user, "")).await.unwrap().status, 201);
    let login = json!({"email": email, "password": password});
    let login = connection.send(post("/api/login", &login, "")).await.unwrap();
    let cookie = login.header("set-cookie").split(';').next().unwrap();

    let analyze = post("/api/analyze", &json!({"workflowId": "wf_test"}), cookie);
    let answer = connection.send(analyze).await.unwrap();

    answer.assert_error(503, "NOT_CONFIGURED", "Workflow analysis is not configured");
    let id = answer.json()["error"]["requestId"].clone();
    assert_eq!(id, answer.header("x-request-id"));
    let lines: Vec<Value> = until("the access log of the failure", || {
        let log = program.log();
        // The last line may be half written.
        let (complete, _) = log.rsplit_once('\n')?;
        let lines: Vec<Value> =
            complete.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let is_last = |line: &Value| line["message"] == "answered" && line["status"] == 503;
        lines.iter().any(is_last).then_some(lines)
    });
    let of_failure: Vec<_> = lines.iter().filter(|line| line["request_id"] == id).collect();
    assert_eq!(of_failure.len(), 1, "{lines:?}");
    let failure = of_failure[0];
    assert_eq!(failure["level"], "ERROR");
    assert_eq!(failure["target"], "bartizan::error_envelope");
    assert_eq!((&failure["status"], &failure["code"]), (&json!(503), &json!("NOT_CONFIGURED")));
    let answered: Vec<_> = lines
        .iter()
        .filter(|line| line["message"] == "answered" && line["span"]["request_id"] == id)
        .collect();
    assert_eq!(answered.len(), 1, "{lines:?}");
    assert_eq!((&answered[0]["status"], &answered[0]["level"]), (&json!(503), &json!("INFO")));
    assert_eq!(answered[0]["span"]["path"], "/api/analyze");
    for line in &lines {
        let target = line["target"].as_str().unwrap();
        assert!(target.starts_with("bartizan::"), "{line}");
    }
    for secret in [password, email, cookie] {
        assert!(!program.log().contains(secret));
    }
}
