CREATE INDEX idx_analysis_results_location_id ON analysis_results (location_id);
CREATE INDEX idx_analysis_results_workflow_id ON analysis_results (workflow_id);
CREATE INDEX idx_analysis_results_location_workflow
    ON analysis_results (location_id, workflow_id, created_at DESC);
CREATE INDEX idx_analysis_results_created_at ON analysis_results (created_at DESC);
CREATE INDEX idx_analysis_results_location_created
    ON analysis_results (location_id, created_at DESC, id DESC);
CREATE INDEX idx_analysis_results_health_score ON analysis_results (health_score);

-- A partial index takes a constant only: 2026-01-01T00:00:00Z covers the last 90 days from
-- 2026-04-01 on, and grows until a maintenance job moves the cut-off.
CREATE INDEX idx_analysis_results_recent
    ON analysis_results (location_id, created_at DESC)
    WHERE created_at >= 1767225600000000;

-- By default the number of workers follows from the size of the table alone.
ALTER TABLE analysis_results SET (parallel_workers = 2);

CREATE VIEW index_usage_stats AS
SELECT
    schemaname                      AS schema_name,
    relname                         AS table_name,
    indexrelname                    AS index_name,
    idx_scan                        AS scans,
    idx_tup_read                    AS tuples_read,
    idx_tup_fetch                   AS tuples_fetched,
    pg_relation_size(indexrelid)    AS size_bytes
FROM pg_stat_user_indexes
ORDER BY idx_scan, relname, indexrelname;

ANALYZE locations, workflows, analysis_results, leads, accounts, api_keys, users, sessions;
