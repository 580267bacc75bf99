-- Instants are microseconds since the Unix epoch, UTC.

CREATE TABLE locations (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE workflows (
    location_id   TEXT    NOT NULL REFERENCES locations (id),
    id            TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    description   TEXT    NOT NULL,
    status        TEXT    NOT NULL CHECK (status IN ('active', 'draft', 'paused')),
    trigger_event TEXT    NOT NULL,
    steps         TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (location_id, id)
) STRICT, WITHOUT ROWID;

-- The composite foreign key makes an analysis of another location's workflow unwritable.
CREATE TABLE analysis_results (
    id              TEXT    NOT NULL PRIMARY KEY,
    location_id     TEXT    NOT NULL,
    workflow_id     TEXT    NOT NULL,
    health_score    INTEGER NOT NULL
        CONSTRAINT analysis_results_health_score_check CHECK (health_score BETWEEN 0 AND 100),
    issues_found    INTEGER NOT NULL
        CONSTRAINT analysis_results_issues_found_check CHECK (issues_found >= 0),
    issues          TEXT    NOT NULL,
    recommendations TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    FOREIGN KEY (location_id, workflow_id) REFERENCES workflows (location_id, id)
) STRICT;

CREATE TABLE leads (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    email      TEXT    NOT NULL,
    company    TEXT,
    phone      TEXT,
    source     TEXT,
    status     TEXT    NOT NULL
        CONSTRAINT leads_status_check
        CHECK (status IN ('new', 'contacted', 'qualified', 'converted', 'lost')),
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX idx_leads_created ON leads (created_at DESC, id DESC);
CREATE INDEX idx_leads_status_created ON leads (status, created_at DESC, id DESC);
