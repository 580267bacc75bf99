use std::time::Duration;

use bartizan_server::data::DataError;
use bartizan_server::data::seed::{SeedSize, demo_location};
use bartizan_server::domain::analyses::{
    Analysis, Findings, HealthScore, Issue, IssueKind, Severity, history, insert,
};
use bartizan_server::domain::{Limit, Tier, Timestamp, WorkflowId};

use crate::world::{NOW, World};

const HOUR: Duration = Duration::from_hours(1);
const MICROSECOND: Duration = Duration::from_micros(1);

fn findings(score: u8, issues: Vec<Issue>) -> Findings {
    let health_score = HealthScore::new(score).unwrap();
    Findings { health_score, issues, recommendations: vec!["Rest.".to_owned()] }
}

fn without_analyses() -> SeedSize {
    SeedSize { analyses: 0, ..SeedSize::default() }
}

pub(crate) async fn clips_to_the_retention_of_each_tier(world: World) {
    let database = world.seeded_with(without_analyses()).await;
    let location = demo_location();
    let workflow: WorkflowId = "wf_test".parse().unwrap();
    let day = 24 * HOUR;
    let ages = [
        (Duration::ZERO, Tier::Free),
        (6 * day + 23 * HOUR, Tier::Free),
        (7 * day, Tier::Free),
        (7 * day + MICROSECOND, Tier::Pro),
        (90 * day, Tier::Pro),
        (90 * day + MICROSECOND, Tier::Enterprise),
        (4_000 * day, Tier::Enterprise),
    ];
    // The oldest last would be the order that they are to come out in.
    for (age, _) in ages.iter().rev() {
        let made = NOW.before(*age);
        insert(&database, &location, &workflow, findings(50, vec![]), made).await.unwrap();
    }

    let seen = async |tier: Tier, limit: Limit| {
        let since = tier.retention().since(NOW);
        let analyses = history(&database, &location, since, limit).await.unwrap();
        analyses.iter().map(|analysis| analysis.created_at).collect::<Vec<_>>()
    };
    let expected: Vec<Timestamp> = ages.iter().map(|(age, _)| NOW.before(*age)).collect();

    assert_eq!(seen(Tier::Free, Limit::MAX).await, expected[..3]);
    assert_eq!(seen(Tier::Pro, Limit::MAX).await, expected[..5]);
    assert_eq!(seen(Tier::Enterprise, Limit::MAX).await, expected);
    assert_eq!(seen(Tier::Enterprise, Limit::new(2).unwrap()).await, expected[..2]);
}

pub(crate) async fn stores_what_an_analysis_found(world: World) {
    let database = world.seeded_with(without_analyses()).await;
    let location = demo_location();
    let workflow: WorkflowId = "wf_test".parse().unwrap();
    let issue = Issue {
        kind: IssueKind::DeadEnd,
        severity: Severity::High,
        message: "Nothing follows \"maybe\".".to_owned(),
    };

    let stored =
        insert(&database, &location, &workflow, findings(85, vec![issue]), NOW).await.unwrap();

    let listed: Vec<Analysis> =
        history(&database, &location, Timestamp::MIN, Limit::default()).await.unwrap();
    assert_eq!(listed, [stored]);
    let wire = serde_json::to_value(&listed[0]).unwrap();
    let expected = serde_json::json!({
        "id": listed[0].id.as_str(),
        "locationId": "loc_demo_1",
        "workflowId": "wf_test",
        "healthScore": 85,
        "issuesFound": 1,
        "issues": [
            {"type": "dead_end", "severity": "high", "message": "Nothing follows \"maybe\"."},
        ],
        "recommendations": ["Rest."],
        "createdAt": "2026-11-20T00:00:00Z",
    });
    assert_eq!(wire, expected);
}

pub(crate) async fn refuses_an_analysis_of_another_locations_workflow(world: World) {
    // Of four workflows the first location has two, the others one.
    let size = SeedSize { workflows: 4, ..without_analyses() };
    let database = world.seeded_with(size).await;
    let workflow: WorkflowId = "wf_0001".parse().unwrap();

    let own = insert(&database, &demo_location(), &workflow, findings(50, vec![]), NOW).await;
    let location = "loc_demo_2".parse().unwrap();
    let foreign = insert(&database, &location, &workflow, findings(50, vec![]), NOW).await;

    assert!(own.is_ok());
    let error = foreign.unwrap_err();
    assert!(matches!(error, DataError::Refused { statement: "analysis_insert", .. }), "{error:?}");
}
