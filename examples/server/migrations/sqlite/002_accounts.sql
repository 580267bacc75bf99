CREATE TABLE accounts (
    id          TEXT    NOT NULL PRIMARY KEY,
    location_id TEXT    NOT NULL REFERENCES locations (id),
    tier        TEXT    NOT NULL
        CONSTRAINT accounts_tier_check CHECK (tier IN ('free', 'pro', 'enterprise')),
    created_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX idx_accounts_location_id ON accounts (location_id);

-- SHA-256 of the key: a copy of this table opens nothing.
CREATE TABLE api_keys (
    key_hash   BLOB    NOT NULL PRIMARY KEY
        CONSTRAINT api_keys_key_hash_check CHECK (length(key_hash) = 32),
    account_id TEXT    NOT NULL REFERENCES accounts (id),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_api_keys_account_id ON api_keys (account_id);

CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    account_id    TEXT    NOT NULL REFERENCES accounts (id),
    email         TEXT    NOT NULL CONSTRAINT users_email_key UNIQUE,
    name          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX idx_users_account_id ON users (account_id);

-- SHA-256 of the session id: a copy of this table is nobody's cookie.
CREATE TABLE sessions (
    id_hash    BLOB    NOT NULL PRIMARY KEY
        CONSTRAINT sessions_id_hash_check CHECK (length(id_hash) = 32),
    data       TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_sessions_expires_at ON sessions (expires_at);
