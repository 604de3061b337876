-- Standard names for what earlier migrations named in words of this project's own.
ALTER TABLE data_keys RENAME COLUMN outer_key TO kek;

ALTER TABLE jobs RENAME COLUMN lane TO priority;
ALTER TABLE jobs RENAME COLUMN woken TO rerun_requested;
ALTER TABLE jobs RENAME COLUMN progress TO payload;
UPDATE jobs SET kind = 'status_check' WHERE kind = 'standing';
UPDATE jobs SET kind = 'webhooks' WHERE kind = 'events';

ALTER TABLE meta_ad_accounts RENAME COLUMN look_at TO next_check_at;
ALTER TABLE meta_events RENAME TO webhook_inbox;
ALTER TABLE meta_limits RENAME TO meta_quotas;
ALTER TABLE meta_quotas RENAME COLUMN budget TO quota;
ALTER TABLE unknown_answers RENAME TO unrecognized_errors;
ALTER TABLE throttles RENAME TO rate_limits;
