-- Which dialog a trip goes to: facebook, business or instagram.
ALTER TABLE authorizations ADD COLUMN kind TEXT NOT NULL DEFAULT 'facebook';

-- The business portfolio a system user belongs to, permissions that lapsed, permissions limited to some
-- assets (JSON: [[scope, [ids]]]), a token that was pasted, and when everything was last read.
ALTER TABLE meta_connections ADD COLUMN business_id TEXT;
ALTER TABLE meta_connections ADD COLUMN business_name TEXT;
ALTER TABLE meta_connections ADD COLUMN expired_scopes TEXT NOT NULL DEFAULT '';
ALTER TABLE meta_connections ADD COLUMN granular_scopes TEXT NOT NULL DEFAULT '[]';
ALTER TABLE meta_connections ADD COLUMN is_pasted BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE meta_connections ADD COLUMN last_synced_at BIGINT;
CREATE INDEX meta_connections_business ON meta_connections (app_id, business_id);

-- When a chosen account's standing is looked at next, and since when it is what it is.
ALTER TABLE meta_ad_accounts ADD COLUMN look_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE meta_ad_accounts ADD COLUMN status_changed_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX meta_ad_accounts_account ON meta_ad_accounts (account_id);
CREATE INDEX meta_ad_accounts_look ON meta_ad_accounts (connection_id, look_at) WHERE is_selected;

ALTER TABLE meta_pages ADD COLUMN has_linked_instagram BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE meta_pages ADD COLUMN business_id TEXT;
ALTER TABLE meta_pages ADD COLUMN business_name TEXT;

-- Lists that the newest reading could not read, and why (a word of our own).
CREATE TABLE meta_unread_lists (
    connection_id TEXT NOT NULL REFERENCES meta_connections (id) ON DELETE CASCADE,
    list TEXT NOT NULL,
    -- '' for the person's own lists.
    business_id TEXT NOT NULL,
    business_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    seen_in BIGINT NOT NULL,
    PRIMARY KEY (connection_id, list, business_id)
);

-- Meta's calls to us, stored before they are answered. `digest` tells repeats.
CREATE TABLE meta_events (
    id TEXT NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    app_id TEXT NOT NULL,
    object TEXT NOT NULL,
    subject TEXT NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    sent_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    applied_at BIGINT,
    outcome TEXT
);
CREATE INDEX meta_events_waiting ON meta_events (id) WHERE applied_at IS NULL;
CREATE INDEX meta_events_received ON meta_events (received_at);

-- People who asked for their data to be deleted. The person is kept as a hash only.
CREATE TABLE deletion_requests (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL,
    user_hash TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    requested_at BIGINT NOT NULL,
    completed_at BIGINT,
    outcome TEXT,
    UNIQUE (app_id, user_hash, issued_at)
);
