-- Times are milliseconds since the epoch (UTC), ids are UUIDv7 text or Meta's ids as text,
-- lists of words are separated by commas, sealed values are BYTEA made by the vault.

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    is_admin BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    password_changed_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- Browsers that have signed in to an account before: they keep a way in while strangers are throttled.
CREATE TABLE known_devices (
    token_hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);
CREATE INDEX known_devices_user ON known_devices (user_id);

CREATE TABLE throttles (
    bucket TEXT NOT NULL PRIMARY KEY,
    hits BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);
CREATE INDEX throttles_ends ON throttles (ends_at);

-- One trip to the dialog: pending -> consumed -> completed | failed, or cancelled.
CREATE TABLE authorizations (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id TEXT NOT NULL,
    state_hash TEXT NOT NULL UNIQUE,
    redirect_uri TEXT NOT NULL,
    pkce_verifier BYTEA,
    is_popup BOOLEAN NOT NULL,
    is_rerequest BOOLEAN NOT NULL,
    reconnects TEXT,
    status TEXT NOT NULL,
    outcome TEXT,
    detail TEXT,
    connection_id TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX authorizations_user ON authorizations (user_id, created_at);
CREATE INDEX authorizations_expires ON authorizations (expires_at);

CREATE TABLE meta_connections (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    app_id TEXT NOT NULL,
    meta_user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    picture_url TEXT,
    status TEXT NOT NULL,
    status_reason TEXT,
    status_changed_at BIGINT NOT NULL,
    access_token BYTEA,
    refresh_token BYTEA,
    token_version BIGINT NOT NULL,
    scopes TEXT NOT NULL,
    declined_scopes TEXT NOT NULL,
    expires_at BIGINT,
    data_access_expires_at BIGINT,
    last_refreshed_at BIGINT,
    last_checked_at BIGINT,
    sync_state TEXT NOT NULL,
    sync_done BIGINT NOT NULL,
    sync_total BIGINT,
    sync_generation BIGINT NOT NULL,
    connected_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (user_id, kind, app_id, meta_user_id)
);
CREATE INDEX meta_connections_grant ON meta_connections (app_id, meta_user_id);

CREATE TABLE meta_ad_accounts (
    connection_id TEXT NOT NULL REFERENCES meta_connections (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL,
    account_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    currency TEXT NOT NULL,
    timezone TEXT NOT NULL,
    is_selected BOOLEAN NOT NULL,
    is_selectable BOOLEAN NOT NULL,
    account_status BIGINT,
    disable_reason BIGINT,
    is_reachable BOOLEAN NOT NULL,
    business_id TEXT,
    business_name TEXT,
    -- The business it is reached through, else its owner, else ''.
    group_id TEXT NOT NULL,
    group_name TEXT NOT NULL,
    relation TEXT NOT NULL,
    tasks TEXT NOT NULL,
    seen_in BIGINT NOT NULL,
    last_validated_at BIGINT NOT NULL,
    PRIMARY KEY (connection_id, account_id)
);
CREATE INDEX meta_ad_accounts_order ON meta_ad_accounts (connection_id, name_key, account_id);
CREATE INDEX meta_ad_accounts_selected ON meta_ad_accounts (connection_id, is_selected);

CREATE TABLE meta_businesses (
    connection_id TEXT NOT NULL REFERENCES meta_connections (id) ON DELETE CASCADE,
    business_id TEXT NOT NULL,
    name TEXT NOT NULL,
    verification_status TEXT,
    seen_in BIGINT NOT NULL,
    PRIMARY KEY (connection_id, business_id)
);

CREATE TABLE meta_pages (
    connection_id TEXT NOT NULL REFERENCES meta_connections (id) ON DELETE CASCADE,
    page_id TEXT NOT NULL,
    name TEXT NOT NULL,
    tasks TEXT NOT NULL,
    seen_in BIGINT NOT NULL,
    PRIMARY KEY (connection_id, page_id)
);

CREATE TABLE meta_instagram_accounts (
    connection_id TEXT NOT NULL REFERENCES meta_connections (id) ON DELETE CASCADE,
    instagram_id TEXT NOT NULL,
    username TEXT NOT NULL,
    name TEXT NOT NULL,
    page_id TEXT,
    seen_in BIGINT NOT NULL,
    PRIMARY KEY (connection_id, instagram_id)
);

-- What happened, to whom, by whom: the history of a connection and the operator's audit log.
CREATE TABLE audit_log (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    user_id TEXT,
    connection_id TEXT,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_log_connection ON audit_log (connection_id, id);
CREATE INDEX audit_log_user ON audit_log (user_id);

-- Work that goes on without a browser. A row is claimed under a lease; `fence` grows with every
-- claim, and a step settles only while it still holds the fence it claimed.
CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    progress TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    UNIQUE (kind, subject)
);
CREATE INDEX jobs_due ON jobs (run_at);
