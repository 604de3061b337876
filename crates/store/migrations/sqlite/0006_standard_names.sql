-- Standard names for what earlier migrations named in words of this project's own.
ALTER TABLE data_keys RENAME COLUMN outer_key TO kek;

ALTER TABLE jobs RENAME COLUMN lane TO priority;
ALTER TABLE jobs RENAME COLUMN woken TO rerun_requested;
ALTER TABLE jobs RENAME COLUMN progress TO payload;
UPDATE jobs SET kind = 'status_check' WHERE kind = 'standing';
UPDATE jobs SET kind = 'webhooks' WHERE kind = 'events';
-- Payloads are JSON: what a check does afterwards, and since when the service was off.
UPDATE jobs SET payload = '{"resync":true}' WHERE kind = 'check' AND payload = 'read again';
UPDATE jobs SET payload = '{"offline_since":' || substr(payload, 21) || '}'
WHERE kind = 'check' AND payload LIKE 'after a pause since %';
UPDATE jobs SET payload = '' WHERE kind = 'check' AND payload NOT LIKE '{%';
-- A sync plan of the earlier form is replaced by a full one.
UPDATE jobs SET payload = '' WHERE kind = 'sync';

ALTER TABLE meta_connections RENAME COLUMN is_pasted TO is_imported;
ALTER TABLE meta_ad_accounts RENAME COLUMN look_at TO next_check_at;
ALTER TABLE meta_events RENAME TO webhook_inbox;
UPDATE webhook_inbox SET outcome = CASE outcome
    WHEN 'checked' THEN 'checking'
    WHEN 'read again' THEN 'syncing'
    WHEN 'looked at' THEN 'status_checking'
    WHEN 'ended' THEN 'revoked'
    WHEN 'deleted' THEN 'deleted'
    WHEN 'connected_again' THEN 'connected_again'
    WHEN 'told the operator' THEN 'operator_notified'
    WHEN 'not for us' THEN 'ignored'
    WHEN 'failed' THEN 'failed'
    ELSE 'nothing_stored' END
WHERE outcome IS NOT NULL;
ALTER TABLE meta_limits RENAME TO meta_quotas;
ALTER TABLE meta_quotas RENAME COLUMN budget TO quota;
ALTER TABLE unknown_answers RENAME TO unrecognized_errors;
ALTER TABLE throttles RENAME TO rate_limits;

-- Notices are typed: `detail` is JSON. Alerts from Meta are kept; other problems that still exist are recorded again.
DELETE FROM operator_notices WHERE code <> 'meta_notice';
UPDATE operator_notices SET detail = json_object('header', detail);

-- So are audit events.
UPDATE audit_log SET action = 'assets_synced', detail = '{"ad_accounts":' || detail || '}' WHERE action = 'accounts_read';
UPDATE audit_log SET action = 'checked_after_downtime', detail = '{"since":' || detail || '}' WHERE action = 'after_pause';
UPDATE audit_log SET action = 'ad_account_status_changed' WHERE action = 'account_status';
UPDATE audit_log SET action = 'ad_account_unreachable' WHERE action = 'account_lost';
UPDATE audit_log SET detail = CASE detail WHEN '' THEN '{"scopes":[]}' ELSE '{"scopes":["' || replace(detail, ',', '","') || '"]}' END
WHERE action IN ('connected', 'reconnected');
UPDATE audit_log SET detail = '{"mode":"' || detail || '"}' WHERE action = 'disconnected';
UPDATE audit_log SET action = 'limited' WHERE action = 'incomplete';
UPDATE audit_log SET action = 'recovered' WHERE action = 'active';
UPDATE audit_log SET detail = '{"reason":"' || detail || '"}'
WHERE action IN ('needs_reauthorization', 'limited', 'recovered') AND detail <> '';
UPDATE audit_log SET detail = '{"reason":null}' WHERE action = 'recovered' AND detail = '';
UPDATE audit_log SET detail = 'null' WHERE action IN ('refresh_unchanged', 'app_removed');
UPDATE audit_log SET action = 'ad_accounts_selected',
    detail = '{"selected":' || json_extract('[' || detail || ']', '$[0]') || ',"added":' || json_extract('[' || detail || ']', '$[1]')
        || ',"removed":' || json_extract('[' || detail || ']', '$[2]') || '}'
WHERE action = 'selected';
