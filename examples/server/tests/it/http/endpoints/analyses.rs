use std::time::{Duration, SystemTime};

use bartizan_server::app::app;
use bartizan_server::data::{Database, FromRow, Row, RowError, Statement};
use bartizan_server::domain::analyses::{Findings, HISTORY, HealthScore, insert};
use bartizan_server::domain::{LocationId, Tier, Timestamp, WorkflowId};
use bartizan_server::readiness::Readiness;
use serde_json::{Value, json};

use super::members;
use crate::http::Answer;
use crate::http::client::{Client, config, prepare};
use crate::world::World;

pub(crate) async fn analyzes_a_workflow_and_stores_what_was_found(world: World) {
    let client = Client::new(&world).await;

    let answer = client.post("/api/analyze", &json!({"workflowId": "wf_test"})).await;

    assert_eq!(answer.status, 200);
    let analysis = answer.data();
    assert_eq!(
        members(&analysis),
        [
            "createdAt",
            "healthScore",
            "id",
            "issues",
            "issuesFound",
            "locationId",
            "recommendations",
            "workflowId"
        ]
    );
    assert_eq!(analysis["locationId"], "loc_demo_1");
    assert_eq!(analysis["workflowId"], "wf_test");
    assert!((0..=100).contains(&analysis["healthScore"].as_i64().unwrap()));
    let issues = analysis["issues"].as_array().unwrap();
    assert_eq!(analysis["issuesFound"], issues.len());
    assert!(issues.iter().all(|issue| members(issue) == ["message", "severity", "type"]));
    assert_eq!(client.get("/api/history").await.data(), json!([analysis]));
}

pub(crate) async fn refuses_to_analyze_what_is_not_there(world: World) {
    let client = Client::new(&world).await;

    let missing = client.post("/api/analyze", &json!({"workflowId": "wf_9999"})).await;
    missing.assert_error(404, "WORKFLOW_NOT_FOUND", "Workflow wf_9999 does not exist");
    let foreign = client.ask("POST", "/api/analyze").header("x-api-key", client.key(Tier::Pro));
    let foreign = foreign.json(&json!({"workflowId": "wf_0033"})).send().await;
    foreign.assert_error(404, "WORKFLOW_NOT_FOUND", "Workflow wf_0033 does not exist");
    let malformed = client.post("/api/analyze", &json!({"workflowId": "a/b"})).await;
    malformed.assert_invalid("workflowId", "1 to 64 letters, digits, `_` or `-`");

    assert_eq!(client.get("/api/history").await.data(), json!([]));
}

/// Stores an analysis of this age, whose score tells it from the others.
async fn store(database: &Database, location: &str, age: Duration, score: u8) {
    let location: LocationId = location.parse().unwrap();
    let workflow: WorkflowId = "wf_test".parse().unwrap();
    let health_score = HealthScore::new(score).unwrap();
    let findings = Findings { health_score, issues: vec![], recommendations: vec![] };
    let then = Timestamp::from(SystemTime::now()).before(age);
    insert(database, &location, &workflow, findings, then).await.unwrap();
}

fn scores(answer: &Answer) -> Vec<Value> {
    let data = answer.data();
    data.as_array().unwrap().iter().map(|analysis| analysis["healthScore"].clone()).collect()
}

pub(crate) async fn clips_the_history_to_the_tier_and_shows_the_newest_first(world: World) {
    // In minutes, one before and one after the end of what a tier keeps; the test takes less.
    let day = 24 * 60;
    let ages = [day, 7 * day - 1, 7 * day + 1, 90 * day - 1, 90 * day + 1, 4_000 * day];
    let ages = ages.map(Duration::from_mins);
    let url = world.url();
    let database = prepare(&url).await;
    for location in ["loc_demo_1", "loc_demo_2", "loc_demo_3"] {
        // The oldest last would be the order that they are to come out in.
        for (age, score) in ages.into_iter().zip(1..=6).rev() {
            store(&database, location, age, score).await;
        }
    }
    let client = Client::over(app(&config(&url, &[]), Readiness::new()).await.unwrap());

    for (tier, seen) in [(Tier::Free, 2), (Tier::Pro, 4), (Tier::Enterprise, 6)] {
        let ask = |path| client.ask("GET", path).header("x-api-key", client.key(tier));
        let expected: Vec<Value> = (1..=seen).map(Value::from).collect();
        assert_eq!(scores(&ask("/api/history").send().await), expected, "{tier}");
        assert_eq!(scores(&ask("/api/history?limit=2").send().await), expected[..2], "{tier}");
    }
    assert_eq!(scores(&client.get("/api/history").await), [1, 2]);
}

pub(crate) async fn bounds_the_history(world: World) {
    let client = Client::new(&world).await;
    for query in ["limit=0", "limit=101"] {
        let answer = client.get(&format!("/api/history?{query}")).await;
        answer.assert_invalid("limit", "a number from 1 to 100");
    }
    client.get("/api/history?limit=x").await.assert_error(
        400,
        "MALFORMED_QUERY",
        "Failed to deserialize query string: limit: invalid digit found in string",
    );
}

pub(crate) async fn has_an_index_for_the_history(world: World) {
    struct Line(String);

    impl FromRow for Line {
        fn from_row(row: &Row<'_>) -> Result<Self, RowError> {
            row.get("detail").or_else(|_| row.get("QUERY PLAN")).map(Self)
        }
    }

    static INDEXES_ONLY: Statement = Statement::read("test_set", "SET LOCAL enable_seqscan = off");
    let database = prepare(&world.url()).await;
    let explain = world.text("EXPLAIN QUERY PLAN", "EXPLAIN");
    let explain = Box::leak(format!("{explain} {}", HISTORY.sql()).into_boxed_str());
    let explain = Statement::read("test_explain", explain);
    let values = ["loc_demo_1".into(), Timestamp::MIN.into(), 20.into()];

    // A database that holds next to nothing would rather read it all.
    let mut transaction = database.begin().await.unwrap();
    if let World::Postgres(_) = world {
        transaction.execute(&INDEXES_ONLY, &[]).await.unwrap();
    }
    let plan: Vec<Line> = transaction.fetch_all(&explain, &values).await.unwrap();
    let plan = plan.into_iter().map(|Line(line)| line).collect::<Vec<_>>().join("\n");

    assert!(plan.contains("idx_analysis_results_location_created"), "{plan}");
    assert!(!plan.to_lowercase().contains("sort"), "{plan}");
    assert!(!plan.contains("TEMP B-TREE"), "{plan}");
}
