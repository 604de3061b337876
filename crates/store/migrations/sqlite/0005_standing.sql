-- Why a chosen ad account cannot be reached: a code that /help/errors knows. NULL: it can, or nobody knows.
ALTER TABLE meta_ad_accounts ADD COLUMN lost_reason TEXT;

-- The dialog that made it: facebook, business or instagram. NULL: the one of its kind, or none (pasted).
ALTER TABLE meta_connections ADD COLUMN login TEXT;

-- Who asked for a job while it was being worked on: it is due again as soon as it is settled.
ALTER TABLE jobs ADD COLUMN woken BOOLEAN NOT NULL DEFAULT FALSE;

-- Instagram knows an account by two ids: the account's own (meta_user_id), and one for this app alone, which its
-- calls to us may carry.
ALTER TABLE meta_connections ADD COLUMN scoped_user_id TEXT;
CREATE INDEX meta_connections_scoped ON meta_connections (app_id, scoped_user_id);

CREATE INDEX deletion_requests_requested ON deletion_requests (requested_at);
