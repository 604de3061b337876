-- Why a chosen ad account cannot be reached: a code that /help/errors knows. NULL: it can, or nobody knows.
ALTER TABLE meta_ad_accounts ADD COLUMN lost_reason TEXT;
