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

ANALYZE;
