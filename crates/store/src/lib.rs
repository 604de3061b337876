//! The database: SQLite or PostgreSQL behind one type.
//!
//! Reads and writes rows. It never handles a plaintext token (token columns take [`metaads_vault::Sealed`], which only
//! the vault can make) and knows nothing of requests. Each statement is written once, in `queries/`; the list below is
//! their index and dispatches each call to the engine in use.

use std::time::Duration;

pub use metaads_store_rows::*;

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Store {
    Sqlite(metaads_store_sqlite::Db),
    Postgres(metaads_store_postgres::Db),
}

impl Store {
    /// Opens the database of a `sqlite://` or `postgres://` URL and migrates it.
    pub async fn open(url: &str) -> Result<Store, StoreError> {
        if url.starts_with("sqlite:") {
            Ok(Store::Sqlite(metaads_store_sqlite::Db::open(url).await?))
        } else {
            Ok(Store::Postgres(metaads_store_postgres::Db::open(url).await?))
        }
    }

    /// The same database, for these Meta apps: connections of others are in the state `other_app`.
    #[must_use]
    pub fn with_apps(self, ids: &[String]) -> Store {
        match self {
            Store::Sqlite(db) => Store::Sqlite(db.with_apps(ids)),
            Store::Postgres(db) => Store::Postgres(db.with_apps(ids)),
        }
    }
}

use metaads_vault::KeyId;

macro_rules! statements {
    ($(fn $name:ident(&self $(, $argument:ident: $kind:ty)*) -> $answer:ty;)*) => {
        impl Store {
            $(
                pub async fn $name(&self $(, $argument: $kind)*) -> $answer {
                    in_time(async {
                        match self {
                            Store::Sqlite(db) => db.$name($($argument),*).await,
                            Store::Postgres(db) => {
                                // Rolled back in favor of another transaction: nothing was written.
                                for _ in 0..CONFLICTS {
                                    match db.$name($($argument),*).await {
                                        Err(error) if error.is_conflict() => {}
                                        answer => return answer,
                                    }
                                }
                                db.$name($($argument),*).await
                            }
                        }
                    })
                    .await
                }
            )*
        }
    };
}

/// A transaction that was rolled back in favor of another one is retried this many times.
const CONFLICTS: usize = 3;
/// A call that takes longer is given up: its server hangs. Waiting for a connection has a shorter limit in each engine.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

async fn in_time<T>(call: impl Future<Output = Answer<T>>) -> Answer<T> {
    tokio::time::timeout(CALL_TIMEOUT, call).await.unwrap_or_else(|_| Err(StoreError::timed_out()))
}

type Answer<T> = Result<T, StoreError>;

statements! {
    // accounts
    fn insert_user(&self, user: &NewUser) -> Answer<bool>;
    fn find_user_by_email(&self, email_key: &str) -> Answer<Option<User>>;
    fn find_user(&self, id: &UserId) -> Answer<Option<User>>;
    fn update_password(&self, id: &UserId, password_hash: &str, kept_session: &str, kept_device: &str, at: i64) -> Answer<()>;
    fn delete_user(&self, id: &UserId) -> Answer<()>;
    fn list_users(&self, after: &str, limit: i64) -> Answer<Vec<User>>;
    fn list_outdated_email_keys(&self, limit: i64) -> Answer<Vec<(UserId, String)>>;
    fn update_email_key(&self, id: &UserId, email_key: &str) -> Answer<bool>;
    fn is_administered(&self) -> Answer<bool>;
    fn is_last_admin(&self, id: &UserId) -> Answer<bool>;
    fn change_admin(&self, id: &UserId, change: AdminChange) -> Answer<AdminOutcome>;
    fn replace_password_hash(&self, id: &UserId, before: &str, after: &str) -> Answer<()>;
    // one-time links
    fn insert_account_link(&self, link: &NewAccountLink) -> Answer<()>;
    fn find_account_link(&self, token_hash: &str, now: i64) -> Answer<Option<AccountLink>>;
    fn list_account_links(&self, kind: LinkKind, now: i64) -> Answer<Vec<AccountLink>>;
    fn delete_invitation(&self, id_or_email_key: &str) -> Answer<bool>;
    fn use_account_link(&self, token_hash: &str, effect: &LinkEffect, now: i64) -> Answer<LinkOutcome>;
    // account events
    fn insert_account_event(&self, event: &NewAccountEvent) -> Answer<()>;
    fn tally_account_event(&self, event: &NewAccountEvent, window_start: i64) -> Answer<()>;
    fn list_account_events(&self, user: Option<&UserId>, limit: i64) -> Answer<Vec<AccountEventEntry>>;
    fn sweep_audit(&self, before: i64, limit: i64) -> Answer<u64>;
    // API keys
    fn insert_api_key(&self, key: &NewApiKey) -> Answer<()>;
    fn find_api_key(&self, key_hash: &str, now: i64) -> Answer<Option<ApiKey>>;
    fn list_api_keys(&self, workspace: &WorkspaceId) -> Answer<Vec<ApiKey>>;
    fn find_api_key_of(&self, workspace: &WorkspaceId, id: &str) -> Answer<Option<ApiKey>>;
    fn find_api_key_by_id(&self, id: &str) -> Answer<Option<ApiKey>>;
    fn end_api_key(&self, workspace: &WorkspaceId, id: &str, at: i64) -> Answer<bool>;
    fn rotate_api_key(&self, workspace: &WorkspaceId, id: &str, key_hash: &str, hint: &str, previous_ends_at: i64) -> Answer<bool>;
    fn touch_api_key(&self, id: &str, at: i64, address: &str) -> Answer<()>;
    fn insert_api_calls(&self, calls: &[ApiCall]) -> Answer<()>;
    fn list_api_calls(&self, workspace: &WorkspaceId, api_key_id: &str, limit: i64) -> Answer<Vec<ApiCall>>;
    fn find_secret(&self, id: &str) -> Answer<Option<Vec<u8>>>;
    // sessions
    fn insert_session(&self, session: &NewSession, device_hash: &str, device_expires_at: i64) -> Answer<()>;
    fn find_session(&self, token_hash: &str, now: i64, idle_since: i64) -> Answer<Option<SignedIn>>;
    fn confirm_session(&self, id: &SessionId, at: i64) -> Answer<()>;
    fn touch_session(&self, id: &SessionId, at: i64) -> Answer<()>;
    fn list_sessions(&self, user: &UserId, now: i64, idle_since: i64) -> Answer<Vec<Session>>;
    fn end_session(&self, user: &UserId, id: &SessionId) -> Answer<bool>;
    fn end_other_sessions(&self, user: &UserId, kept: &SessionId) -> Answer<u64>;
    fn is_known_device(&self, token_hash: &str, user: &UserId, now: i64) -> Answer<bool>;
    fn hit_rate_limit(&self, bucket: &str, now: i64, window_ms: i64, number: i64) -> Answer<RateLimitHits>;
    fn clear_rate_limit(&self, bucket: &str) -> Answer<()>;
    fn sweep(&self, now: i64, idle_since: i64, authorizations_before: i64) -> Answer<()>;
    // authorizations
    fn insert_authorization(&self, new: &NewAuthorization) -> Answer<()>;
    fn consume_authorization(&self, state_hash: &str, session: &SessionId, host: DialogHost, now: i64) -> Answer<Option<Authorization>>;
    fn find_authorization_by_state(&self, state_hash: &str) -> Answer<Option<Authorization>>;
    fn find_authorization(&self, user: &UserId, id: &AuthorizationId) -> Answer<Option<Authorization>>;
    fn find_open_authorization(&self, user: &UserId, now: i64) -> Answer<Option<Authorization>>;
    fn fail_authorization(&self, id: &AuthorizationId, outcome: &str, detail: Option<&str>, at: i64) -> Answer<()>;
    fn cancel_authorization(&self, user: &UserId, id: &AuthorizationId, at: i64) -> Answer<bool>;
    // connect sessions
    fn insert_connect_session(&self, new: &NewConnectSession) -> Answer<ConnectSessionInsert>;
    fn find_connect_session(&self, id: &ConnectSessionId, now: i64) -> Answer<Option<ConnectSession>>;
    fn find_connect_session_by_token(&self, token_hash: &str, now: i64) -> Answer<Option<ConnectSession>>;
    fn open_connect_session(&self, id: &ConnectSessionId) -> Answer<()>;
    fn bind_connect_session(&self, id: &ConnectSessionId, browser_hash: &str, now: i64) -> Answer<bool>;
    fn count_wrong_verifier(&self, id: &ConnectSessionId, most: i64, code: &str, at: i64) -> Answer<()>;
    // connections
    fn complete_authorization(&self, new: &Completion) -> Answer<CompletionOutcome>;
    fn list_connections(&self, workspace: &WorkspaceId) -> Answer<Vec<ConnectionSummary>>;
    fn has_connections_of_other_apps(&self) -> Answer<bool>;
    fn list_connection_states(&self, workspace: &WorkspaceId) -> Answer<Vec<ConnectionState>>;
    fn find_connection(&self, workspace: &WorkspaceId, id: &ConnectionId) -> Answer<Option<Connection>>;
    fn find_connection_summary(&self, workspace: &WorkspaceId, id: &ConnectionId) -> Answer<Option<ConnectionSummary>>;
    fn find_connection_for_job(&self, id: &ConnectionId) -> Answer<Option<Connection>>;
    fn find_connection_id(&self, workspace: &WorkspaceId, kind: ConnectionKind, app_id: &str, meta_user_id: &str, business_id: Option<&str>) -> Answer<Option<ConnectionId>>;
    fn list_connections_on_grant(&self, app_id: &str, meta_user_id: &str) -> Answer<Vec<GrantConnection>>;
    fn list_connections_of_business(&self, app_id: &str, business_id: &str) -> Answer<Vec<ConnectionId>>;
    fn record_token_check(&self, job: &Job, check: &TokenCheck) -> Answer<bool>;
    fn list_audit(&self, id: &ConnectionId, before: Option<&str>, limit: i64) -> Answer<Vec<AuditEntry>>;
    fn disconnect(&self, request: &DisconnectRequest) -> Answer<bool>;
    fn is_revocation_pending(&self, app_id: &str, meta_user_id: &str) -> Answer<bool>;
    fn purge_connection(&self, workspace: &WorkspaceId, id: &ConnectionId) -> Answer<bool>;
    fn end_grant(&self, revocation: &GrantRevocation, audit_ids: &[String]) -> Answer<u64>;
    fn delete_grant(&self, revocation: &GrantRevocation) -> Answer<(u64, u64)>;
    // assets
    fn list_ad_accounts(&self, filter: &AdAccountFilter) -> Answer<Vec<AdAccount>>;
    fn count_ad_accounts(&self, filter: &AdAccountFilter) -> Answer<Vec<AccountGroup>>;
    fn list_businesses(&self, id: &ConnectionId) -> Answer<Vec<Business>>;
    fn list_pages(&self, id: &ConnectionId, after_name: &str, after_id: &str, limit: i64) -> Answer<Vec<Page>>;
    fn list_instagram_accounts(&self, id: &ConnectionId, after_name: &str, after_id: &str, limit: i64) -> Answer<Vec<InstagramAccount>>;
    fn list_unread_lists(&self, id: &ConnectionId) -> Answer<Vec<UnreadList>>;
    fn list_unseen(&self, id: &ConnectionId, generation: i64, ids: &[String]) -> Answer<Vec<String>>;
    fn select_ad_accounts(&self, owner: (&WorkspaceId, &UserId), id: &ConnectionId, scope: Option<&[String]>, requested: &[String], at: i64, audit_id: &str) -> Answer<SelectionChange>;
    // account status
    fn list_account_statuses(&self, id: &ConnectionId, accounts: &[String]) -> Answer<Vec<AccountStatusRow>>;
    fn list_due_accounts(&self, id: &ConnectionId, now: i64, limit: i64) -> Answer<Vec<AccountStatusRow>>;
    fn record_account_checks(&self, job: &Job, id: &ConnectionId, checks: &[AccountCheck], at: i64) -> Answer<bool>;
    fn store_account_checks(&self, id: &ConnectionId, checks: &[AccountCheck], at: i64) -> Answer<bool>;
    // jobs
    fn claim_job(&self, order: ClaimOrder, lease: Lease) -> Answer<Option<Job>>;
    fn claim_job_of(&self, kind: JobKind, subject: &str, lease: Lease) -> Answer<Option<Job>>;
    fn pull_back_jobs(&self, now: i64, farthest: i64) -> Answer<u64>;
    fn next_job_at(&self, now: i64, order: ClaimOrder) -> Answer<Option<i64>>;
    fn enqueue_job(&self, job: &NewJob) -> Answer<()>;
    fn finish_job(&self, job: &Job) -> Answer<bool>;
    fn postpone_job(&self, job: &Job, run_at: i64, attempts: i64) -> Answer<bool>;
    fn start_sync(&self, connection: &ConnectionId, job: &NewJob, if_syncing: IfSyncing) -> Answer<bool>;
    fn record_sync_step(&self, job: &Job, step: &SyncStep) -> Answer<bool>;
    fn add_ad_account(&self, id: &ConnectionId, account: &NewAdAccount, at: i64) -> Answer<()>;
    fn find_sync_plan(&self, id: &ConnectionId) -> Answer<Option<String>>;
    fn set_sync_state(&self, id: &ConnectionId, state: SyncState) -> Answer<()>;
    // keys
    fn list_data_keys(&self) -> Answer<Vec<DataKey>>;
    fn insert_data_key(&self, key: &DataKey) -> Answer<bool>;
    fn rewrap_data_key(&self, before: &DataKey, after: &DataKey) -> Answer<bool>;
    fn count_sealed(&self) -> Answer<Vec<KeyUse>>;
    fn list_sealed(&self, key: KeyId, table: SealedTable, after: &str, limit: i64) -> Answer<Vec<SealedRow>>;
    fn reseal(&self, table: SealedTable, values: &[SealedAt]) -> Answer<u64>;
    fn delete_unused_data_keys(&self, sealing: KeyId, before: i64) -> Answer<u64>;
    // operators
    fn record_notice(&self, notice: &OperatorNotice, at: i64) -> Answer<()>;
    fn clear_notice(&self, kind: NoticeKind) -> Answer<bool>;
    fn list_notices(&self) -> Answer<Vec<NoticeEntry>>;
    fn record_heartbeat(&self, now: i64) -> Answer<Option<i64>>;
    fn last_heartbeat(&self) -> Answer<Option<i64>>;
    fn schedule_all_checks(&self, payload: CheckPayload, from: i64, until: i64) -> Answer<u64>;
    // webhook inbox and data deletion
    fn insert_webhook_events(&self, events: &[NewWebhookEvent], job: &NewJob) -> Answer<u64>;
    fn list_due_webhook_events(&self, urgency: Urgency, now: i64, limit: i64) -> Answer<Vec<WebhookEvent>>;
    fn next_webhook_event_at(&self, urgency: Urgency) -> Answer<Option<i64>>;
    fn postpone_webhook_event(&self, id: &str, next_attempt_at: i64) -> Answer<()>;
    fn list_webhook_events(&self, limit: i64) -> Answer<Vec<WebhookEvent>>;
    fn complete_webhook_event(&self, id: &str, outcome: WebhookOutcome, at: i64) -> Answer<()>;
    fn replay_webhook_events(&self, since: i64, job: &NewJob) -> Answer<u64>;
    fn insert_deletion(&self, request: &DeletionRequest, event: Option<&NewWebhookEvent>, job: &NewJob) -> Answer<String>;
    fn find_deletion(&self, id: &str) -> Answer<Option<DeletionRequest>>;
    fn complete_deletion(&self, app_id: &str, user_hash: &str, outcome: DeletionOutcome, at: i64) -> Answer<()>;
    fn request_account_check(&self, account_id: &str, at: i64) -> Answer<Vec<ConnectionId>>;
    // outbox and outgoing webhooks
    fn list_outbox_events(&self, workspace: &WorkspaceId, after: i64, limit: i64) -> Answer<Vec<OutboxEvent>>;
    fn expand_outbox(&self, workspace: &WorkspaceId, now: i64, limit: i64) -> Answer<Expansion>;
    fn insert_webhook_endpoint(&self, new: &NewWebhookEndpoint) -> Answer<bool>;
    fn list_webhook_endpoints(&self, workspace: &WorkspaceId) -> Answer<Vec<WebhookEndpoint>>;
    fn find_webhook_endpoint(&self, workspace: &WorkspaceId, id: &str) -> Answer<Option<WebhookEndpoint>>;
    fn find_webhook_endpoint_for_job(&self, id: &str) -> Answer<Option<WebhookEndpoint>>;
    fn find_webhook_endpoint_of_request(&self, workspace: &WorkspaceId, owner: &str, key: &str, since: i64) -> Answer<Option<WebhookEndpoint>>;
    fn update_webhook_endpoint(&self, workspace: &WorkspaceId, id: &str, change: &EndpointChange, at: i64) -> Answer<bool>;
    fn rotate_webhook_secret(&self, workspace: &WorkspaceId, id: &str, secret: &NewSecret, previous_ends_at: i64) -> Answer<bool>;
    fn delete_webhook_endpoint(&self, workspace: &WorkspaceId, id: &str) -> Answer<bool>;
    fn sweep_webhooks(&self, now: i64) -> Answer<()>;
    fn list_due_deliveries(&self, endpoint: &str, now: i64, farthest: i64, limit: i64) -> Answer<Vec<WebhookDelivery>>;
    fn next_delivery_at(&self, endpoint: &str) -> Answer<Option<i64>>;
    fn list_deliveries(&self, workspace: &WorkspaceId, filter: (&str, &str), before: Option<&str>, limit: i64) -> Answer<Vec<WebhookDelivery>>;
    fn find_delivery(&self, workspace: &WorkspaceId, id: &str) -> Answer<Option<WebhookDelivery>>;
    fn record_delivery_attempt(&self, attempt: &DeliveryAttempt, failing_before: i64) -> Answer<Option<DisabledReason>>;
    fn replay_delivery(&self, workspace: &WorkspaceId, id: &str, job_id: &str, at: i64) -> Answer<bool>;
    fn insert_test_delivery(&self, endpoint: &WebhookEndpoint, event_id: &str, data: &str, at: i64) -> Answer<String>;
    // quotas and unrecognized errors
    fn upsert_quotas(&self, quotas: &[QuotaRow]) -> Answer<()>;
    fn list_quotas(&self, since: i64) -> Answer<Vec<QuotaRow>>;
    fn count_unrecognized_error(&self, error: &UnrecognizedError) -> Answer<()>;
    fn list_unrecognized_errors(&self, limit: i64) -> Answer<Vec<UnrecognizedError>>;
    // health
    fn empty_log(&self) -> Answer<bool>;
    fn ping(&self, now: i64) -> Answer<()>;
}

impl Store {
    /// Closes every connection to the database.
    pub async fn close(&self) {
        match self {
            Store::Sqlite(db) => db.close().await,
            Store::Postgres(db) => db.close().await,
        }
    }
}
