-- Connect sessions: one-time URLs on which another product's user connects an account.

CREATE TABLE connect_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    -- Who made the API key, and is the one that grants the connection here.
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    api_key_id TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    -- SHA-256 of the token in the URL. The token itself is sealed in `secrets`, to repeat an answer.
    token_hash TEXT NOT NULL UNIQUE,
    secret_id TEXT NOT NULL,
    external_user_id TEXT NOT NULL,
    return_url TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- S256: the product's page proves itself with the verifier; null: the person confirms on our page.
    code_challenge TEXT,
    -- The connection that the session is limited to.
    repairs TEXT,
    -- pending, opened, connecting, completed, failed
    status TEXT NOT NULL,
    -- SHA-256 of the cookie of the browser that it is bound to.
    browser_hash TEXT,
    verifier_failures BIGINT NOT NULL DEFAULT 0,
    is_popup BOOLEAN NOT NULL DEFAULT FALSE,
    -- The newest attempt.
    authorization_id TEXT,
    connection_id TEXT,
    -- A stable error code.
    error TEXT,
    idempotency_key TEXT,
    -- SHA-256 of what was asked for.
    request_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    finished_at BIGINT,
    UNIQUE (api_key_id, idempotency_key)
);
CREATE INDEX connect_sessions_workspace ON connect_sessions (workspace_id);
CREATE INDEX connect_sessions_user ON connect_sessions (user_id);
CREATE INDEX connect_sessions_expires ON connect_sessions (expires_at);
CREATE INDEX connect_sessions_authorization ON connect_sessions (authorization_id);

-- Attempts of a connect session: `session_id` is then the connect session's id, and no signed-in browser has it.
ALTER TABLE authorizations ADD COLUMN connect_session_id TEXT;
CREATE INDEX authorizations_connect_session ON authorizations (connect_session_id, created_at);
