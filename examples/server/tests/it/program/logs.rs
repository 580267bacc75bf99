use axum::body::Body;
use axum::http::Request;
use bartizan_probe::Redis;
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
    assert_eq!(answered[0]["span"]["client"], "127.0.0.1");
    for line in &lines {
        let target = line["target"].as_str().unwrap();
        assert!(target.starts_with("bartizan::"), "{line}");
    }
    for secret in [password, email, cookie] {
        assert!(!program.log().contains(secret));
    }
}

const ALONE: &str =
    "limits are counted in this process: several instances share them only through Redis";

#[tokio::test]
async fn the_start_says_that_instances_share_limits_only_through_redis() {
    let folder = TempDir::new().unwrap();
    for (instances, level) in [("1", "INFO"), ("4", "WARN")] {
        let program = Program::start(folder.path(), &[("INSTANCES", instances)]);
        let log = program.log();
        let line = log.lines().find(|line| line.contains(ALONE)).expect("the line");
        assert!(line.contains(level), "{line}");
    }
}

#[tokio::test]
async fn an_unusable_redis_url_is_logged_once_and_without_its_password() {
    let folder = TempDir::new().unwrap();
    let variables = [("REDIS_URL", "http://:hunter2@nowhere"), ("RATE_LIMIT_REDIS", "true")];
    let program = Program::start(folder.path(), &variables);
    let mut connection = Connection::open(program.address).await.unwrap();
    assert_eq!(connection.get("/api/workflows").await.unwrap().status, 200);
    let log = program.log();
    assert_eq!(log.matches("Redis cannot be used").count(), 1, "{log}");
    assert!(log.contains(ALONE), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}

#[tokio::test]
async fn redis_is_logged_when_it_comes_and_when_it_goes() {
    let folder = TempDir::new().unwrap();
    let mut redis = Redis::start();
    let program = Program::start(folder.path(), &[("REDIS_URL", &redis.url())]);
    let log = program.log();
    assert!(log.contains("limits are counted in Redis, for all instances"), "{log}");
    assert!(!log.contains("once it is there"), "{log}");
    assert!(!log.contains(ALONE), "{log}");
    until("the connection to Redis", || {
        program.log().contains("Redis connected successfully").then_some(())
    });
    redis.kill();
    until("the loss of Redis", || program.log().contains("Redis connection failed").then_some(()));
    let mut connection = Connection::open(program.address).await.unwrap();
    assert_eq!(connection.get("/api/workflows").await.unwrap().status, 200);
}

#[tokio::test]
async fn the_start_says_that_redis_is_not_there_yet() {
    let folder = TempDir::new().unwrap();
    let mut redis = Redis::start();
    redis.kill();
    let program = Program::start(folder.path(), &[("REDIS_URL", &redis.url())]);
    let log = program.log();
    let later = "limits will be counted in Redis, for all instances, once it is there; until then in \
                 this process";
    let line = log.lines().find(|line| line.contains(later)).expect("the line");
    assert!(line.contains("WARN"), "{line}");
    assert!(!log.contains("limits are counted in Redis"), "{log}");
}

#[tokio::test]
async fn logins_that_are_counted_in_the_process_are_logged_once_for_each_outage() {
    let folder = TempDir::new().unwrap();
    let mut redis = Redis::start();
    let program = Program::start(folder.path(), &[("REDIS_URL", &redis.url())]);
    let mut connection = Connection::open(program.address).await.unwrap();
    let user = json!({"email": "ada@example.com", "password": "wrong horse"});
    let local = "failed logins are counted in this process";
    assert_eq!(connection.send(post("/api/login", &user, "")).await.unwrap().status, 401);
    assert!(!program.log().contains(local), "{}", program.log());

    redis.kill();

    for _ in 0..3 {
        assert_eq!(connection.send(post("/api/login", &user, "")).await.unwrap().status, 401);
    }
    let log = program.log();
    assert_eq!(log.matches(local).count(), 1, "{log}");
}
