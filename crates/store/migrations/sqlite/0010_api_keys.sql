-- Programs: API keys, what was done with them, and secrets that the service has to read back.

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    -- Who made it.
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    key_hash TEXT NOT NULL UNIQUE,
    -- After a rotation, the key before it works until this moment.
    previous_hash TEXT UNIQUE,
    previous_ends_at BIGINT,
    -- The first characters of the key, to tell keys apart.
    hint TEXT NOT NULL,
    scopes TEXT NOT NULL,
    -- JSON: connections, ad accounts, networks, return origins, calls a minute.
    limits TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    ended_at BIGINT,
    last_used_at BIGINT,
    last_used_from TEXT
);
CREATE INDEX api_keys_workspace ON api_keys (workspace_id, id);
CREATE INDEX api_keys_user ON api_keys (user_id);

-- Each use of a token, and each change, by a program: who, for whom, what and when.
CREATE TABLE api_calls (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    api_key_id TEXT NOT NULL,
    -- The person or agent behind the program, as it says; may be empty.
    actor TEXT NOT NULL,
    connection_id TEXT,
    -- Method and path.
    action TEXT NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX api_calls_workspace ON api_calls (workspace_id, id);
CREATE INDEX api_calls_key ON api_calls (api_key_id, id);
CREATE INDEX api_calls_at ON api_calls (at);

-- Sealed values other than tokens. `owner_id`: the row that it belongs to.
CREATE TABLE secrets (
    id TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    owner_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    sealed_key TEXT NOT NULL REFERENCES data_keys (id)
);
CREATE INDEX secrets_workspace ON secrets (workspace_id);
CREATE INDEX secrets_owner ON secrets (owner_id);
CREATE INDEX secrets_key ON secrets (sealed_key, id);
