-- Outgoing webhooks: endpoints, the outbox of events, and what became of each delivery.

CREATE TABLE webhook_endpoints (
    id TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    -- Who made it.
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    -- The types that it receives, separated by commas; empty: every type.
    events TEXT NOT NULL,
    description TEXT NOT NULL,
    -- The row of `secrets` that signs, and the one before the last rotation, which signs too until this moment.
    secret_id TEXT NOT NULL,
    previous_secret_id TEXT,
    previous_ends_at BIGINT,
    created_at BIGINT NOT NULL,
    -- Since when every attempt has failed; NULL: the last one succeeded.
    failing_since BIGINT,
    disabled_at BIGINT,
    disabled_reason TEXT,
    -- The request that made it (`Idempotency-Key`), for a day: the caller, their key and a hash of the body.
    request_owner TEXT,
    request_key TEXT,
    request_hash TEXT
);
CREATE INDEX webhook_endpoints_workspace ON webhook_endpoints (workspace_id, id);
CREATE INDEX webhook_endpoints_user ON webhook_endpoints (user_id);
CREATE UNIQUE INDEX webhook_endpoints_request ON webhook_endpoints (workspace_id, request_owner, request_key);

-- Written in the transaction of the change.
CREATE TABLE outbox_events (
    -- The id of the event in the audit log, or derived from it.
    id TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    -- '' for a test. No foreign key: the last event outlives the connection.
    connection_id TEXT NOT NULL,
    account_id TEXT,
    type TEXT NOT NULL,
    -- JSON.
    data TEXT NOT NULL,
    at BIGINT NOT NULL,
    -- The order within the connection.
    position BIGINT NOT NULL,
    -- The order within the workspace, given once the event is committed and its deliveries are made; NULL until then.
    number BIGINT
);
CREATE INDEX outbox_events_connection ON outbox_events (connection_id, position);
CREATE INDEX outbox_events_number ON outbox_events (workspace_id, number);
CREATE INDEX outbox_events_new ON outbox_events (workspace_id, position) WHERE number IS NULL;
CREATE INDEX outbox_events_at ON outbox_events (at);

CREATE TABLE webhook_deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    event_id TEXT NOT NULL REFERENCES outbox_events (id) ON DELETE CASCADE,
    -- Deliveries with the same key go out in the order of `position`: the connection, or a test's own id.
    ordering_key TEXT NOT NULL,
    position BIGINT NOT NULL,
    status TEXT NOT NULL,
    -- Attempts since it was made or replayed.
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_attempt_at BIGINT,
    -- The last answer: its status and the start of its body; or why there was none.
    response_status BIGINT,
    response_body TEXT,
    error TEXT,
    UNIQUE (endpoint_id, event_id)
);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (endpoint_id, ordering_key, position) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_attempt_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_workspace ON webhook_deliveries (workspace_id, id);
CREATE INDEX webhook_deliveries_event ON webhook_deliveries (event_id);

-- The token version for which the event `connection.expiring` was written.
ALTER TABLE meta_connections ADD COLUMN expiring_version BIGINT NOT NULL DEFAULT 0;
