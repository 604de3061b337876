-- How Meta's allowances stand, shared between replicas. `budget` names the allowance: app, person:<mark>,
-- ad_account:<id>, use_case:<id>:<type>, object:<id>.
CREATE TABLE meta_limits (
    budget TEXT NOT NULL PRIMARY KEY,
    percent BIGINT NOT NULL,
    -- 0: not blocked.
    blocked_until BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX meta_limits_seen ON meta_limits (seen_at);

-- Answers of Meta's that nobody has described, one row for each kind.
CREATE TABLE unknown_answers (
    -- Endpoint, HTTP status, code/subcode.
    kind TEXT NOT NULL PRIMARY KEY,
    times BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    fbtrace_id TEXT
);
