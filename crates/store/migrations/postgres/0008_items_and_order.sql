-- Each event of the webhook inbox has attempts and a next attempt of its own.
ALTER TABLE webhook_inbox ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE webhook_inbox ADD COLUMN next_attempt_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX webhook_inbox_due ON webhook_inbox (next_attempt_at, id) WHERE applied_at IS NULL;

-- JSON: for lists that Meta does not answer with the usual number of rows, the number that worked.
ALTER TABLE meta_connections ADD COLUMN sync_limits TEXT NOT NULL DEFAULT '{}';

-- The order of data keys. Their creation times come from clocks that may be wrong.
ALTER TABLE data_keys ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
UPDATE data_keys SET number = (SELECT COUNT(*) FROM data_keys AS older
    WHERE older.created_at < data_keys.created_at OR (older.created_at = data_keys.created_at AND older.id <= data_keys.id));
CREATE UNIQUE INDEX data_keys_number ON data_keys (number);

-- Syncs that a worker holds, by workspace: of each, only a few run at a time.
CREATE VIEW held_syncs AS
SELECT jobs.leased_until, meta_connections.workspace_id FROM jobs
JOIN meta_connections ON meta_connections.id = jobs.subject
WHERE jobs.kind = 'sync' AND jobs.leased_until > 0;
