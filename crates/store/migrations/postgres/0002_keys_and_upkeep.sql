-- Data keys seal the values; an outer key wraps them. `outer_key` names it: local:<key id>, aws-kms:<arn>
-- or transit:<mount>/<name>. Without a wrapped key the outer key itself sealed (before there were data keys).
CREATE TABLE data_keys (
    id TEXT NOT NULL PRIMARY KEY,
    outer_key TEXT NOT NULL,
    wrapped_key BYTEA,
    created_at BIGINT NOT NULL
);

-- Which data key sealed a value. While a row names it, a data key cannot be deleted.
ALTER TABLE meta_connections ADD COLUMN access_token_key TEXT REFERENCES data_keys (id);
ALTER TABLE authorizations ADD COLUMN pkce_verifier_key TEXT REFERENCES data_keys (id);

INSERT INTO data_keys (id, outer_key, created_at)
SELECT key_id, 'local:' || key_id, 0 FROM (
    SELECT encode(substr(access_token, 2, 4), 'hex') AS key_id FROM meta_connections WHERE access_token IS NOT NULL
    UNION
    SELECT encode(substr(pkce_verifier, 2, 4), 'hex') FROM authorizations WHERE pkce_verifier IS NOT NULL
) AS used;
UPDATE meta_connections SET access_token_key = encode(substr(access_token, 2, 4), 'hex') WHERE access_token IS NOT NULL;
UPDATE authorizations SET pkce_verifier_key = encode(substr(pkce_verifier, 2, 4), 'hex') WHERE pkce_verifier IS NOT NULL;

CREATE INDEX meta_connections_key ON meta_connections (access_token_key, id);
CREATE INDEX authorizations_key ON authorizations (pkce_verifier_key, id);

-- Lane 0 is work that somebody waits for, lane 1 is upkeep. Claiming takes the oldest due one of a lane.
ALTER TABLE jobs ADD COLUMN lane BIGINT NOT NULL DEFAULT 0;
DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (lane, run_at, id);
CREATE INDEX jobs_leased ON jobs (leased_until) WHERE leased_until > 0;

-- From now on every live connection has one check that comes again and again.
INSERT INTO jobs (id, kind, subject, progress, run_at, attempts, leased_until, fence, lane)
SELECT id, 'check', id, '', COALESCE(last_checked_at, created_at) + 86400000, 0, 0, 0, 1
FROM meta_connections WHERE status <> 'revoked'
ON CONFLICT (kind, subject) DO NOTHING;

-- What only the operator can mend, one row for each kind of trouble.
CREATE TABLE operator_notices (
    code TEXT NOT NULL PRIMARY KEY,
    detail TEXT NOT NULL,
    since BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    times BIGINT NOT NULL
);

-- When any replica last looked for work.
CREATE TABLE heartbeat (
    id BIGINT NOT NULL PRIMARY KEY,
    seen_at BIGINT NOT NULL
);
