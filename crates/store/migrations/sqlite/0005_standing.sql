-- Why a chosen ad account cannot be reached: a code that /help/errors knows. NULL: it can, or nobody knows.
ALTER TABLE meta_ad_accounts ADD COLUMN lost_reason TEXT;

-- The dialog that made it: facebook, business or instagram. NULL: the one of its kind, or none (pasted).
ALTER TABLE meta_connections ADD COLUMN login TEXT;
