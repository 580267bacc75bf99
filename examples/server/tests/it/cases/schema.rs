use std::error::Error;

use bartizan_server::data::seed::demo_location;
use bartizan_server::data::{DataError, Statement};
use bartizan_server::domain::workflows;

use crate::world::{World, number, texts};

pub(crate) async fn migrates_twice_without_a_change(world: World) {
    let database = world.bare().await;

    database.migrate().await.unwrap();
    database.migrate().await.unwrap();

    let versions = "SELECT COUNT(*) AS value FROM _sqlx_migrations WHERE success";
    assert_eq!(number(&database, versions).await, 3);
    assert_eq!(number(&database, "SELECT COUNT(*) AS value FROM sessions").await, 0);
}

pub(crate) async fn has_the_seven_indexes_on_analyses(world: World) {
    let database = world.empty().await;

    let select = world.text(
        "SELECT name AS value FROM sqlite_master WHERE type = 'index' \
         AND tbl_name = 'analysis_results' AND name LIKE 'idx%' ORDER BY name",
        "SELECT index_name::text AS value FROM index_usage_stats \
         WHERE table_name = 'analysis_results' AND index_name LIKE 'idx%' ORDER BY index_name",
    );

    let expected = [
        "idx_analysis_results_created_at",
        "idx_analysis_results_health_score",
        "idx_analysis_results_location_created",
        "idx_analysis_results_location_id",
        "idx_analysis_results_location_workflow",
        "idx_analysis_results_recent",
        "idx_analysis_results_workflow_id",
    ];
    assert_eq!(texts(&database, select).await, expected);
}

pub(crate) async fn refuses_scores_and_counts_out_of_range(world: World) {
    static INSERT: Statement = Statement::write(
        "test_insert",
        "INSERT INTO analysis_results (id, location_id, workflow_id, health_score, issues_found, \
         issues, recommendations, created_at) VALUES ($1, $2, $3, $4, $5, '[]', '[]', 0)",
    );
    let database = world.seeded().await;
    let insert = async |id: &str, score: i64, issues: i64| {
        let values =
            [id.into(), "loc_demo_1".into(), "wf_test".into(), score.into(), issues.into()];
        database.execute(&INSERT, &values).await
    };

    assert_eq!(insert("lowest", 0, 0).await.unwrap(), 1);
    assert_eq!(insert("highest", 100, 0).await.unwrap(), 1);
    for (score, issues) in [(-1, 0), (101, 0), (50, -1)] {
        let error = insert("refused", score, issues).await.unwrap_err();
        assert!(matches!(error, DataError::Refused { statement: "test_insert", .. }), "{error:?}");
    }
}

pub(crate) async fn names_the_column_of_a_row_that_is_not_valid(world: World) {
    static SPOIL: Statement =
        Statement::write("test_spoil", "UPDATE workflows SET steps = '[' WHERE id = 'wf_test'");
    let database = world.seeded().await;
    database.execute(&SPOIL, &[]).await.unwrap();

    let error = workflows::list(&database, &demo_location()).await.unwrap_err();

    assert!(matches!(error, DataError::InvalidRow { statement: "workflow_list", .. }), "{error:?}");
    assert_eq!(error.source().unwrap().to_string(), "column `steps` is invalid");
}
