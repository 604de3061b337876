-- Accounts: one key for the spellings of an address, proven addresses, one-time links, events of accounts.

-- The rule that made `email_key`; keys of an older rule are computed again when the service starts.
ALTER TABLE users ADD COLUMN email_key_version BIGINT NOT NULL DEFAULT 1;
-- When a one-time link that an operator made for this address was used; null: the address is as the user typed it.
ALTER TABLE users ADD COLUMN email_proven_at BIGINT;
CREATE INDEX users_email_key_version ON users (email_key_version, id);

-- When the person last entered the password in this session.
ALTER TABLE sessions ADD COLUMN confirmed_at BIGINT NOT NULL DEFAULT 0;

-- One-time links: setup (the first admin), invitation, password. A link that was used is deleted.
CREATE TABLE account_links (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    -- Of invitations.
    email TEXT,
    email_key TEXT,
    -- Of password links.
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX account_links_user ON account_links (user_id);
CREATE INDEX account_links_expires ON account_links (expires_at);

-- What happened to an account, who did it and from where. Events of a user are deleted with the user.
CREATE TABLE account_events (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    -- Refused attempts are counted in one row for each window.
    last_at BIGINT NOT NULL,
    times BIGINT NOT NULL,
    -- Whose account; null: none, or one that is deleted.
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    -- A user's id, 'operator' (the command line), or empty: nobody was signed in.
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    window_start BIGINT,
    window_key TEXT UNIQUE
);
CREATE INDEX account_events_user ON account_events (user_id, id);
CREATE INDEX account_events_at ON account_events (at);
CREATE INDEX account_events_actor ON account_events (actor);
CREATE INDEX account_events_window ON account_events (window_start);
CREATE INDEX audit_log_at ON audit_log (at);
