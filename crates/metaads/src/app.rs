//! Everything that a request or a job needs, built once and cheap to clone.

use std::sync::Arc;

use metaads_graph::Graph;
use metaads_store::{
    AuthorizationId, ConnectSessionId, ConnectionId, JobId, JobKind, JobPayload, NewJob, Priority, SessionId,
    Store, StoreError, UserId,
};
use metaads_vault::{SealContext, Sealed};

use crate::accounts::passwords::Passwords;
use crate::api_usage::ApiUsage;
use crate::clock::{Clock, WallClockTrust};
use crate::concurrency::Concurrency;
use crate::config::Config;
use crate::keys::dek::Keys;
use crate::meta::Meta;
use crate::object_accounts::ObjectAccounts;
use crate::operator_notices::LastReports;
use crate::public_http::PublicHttp;
use crate::queue::Signals;
use crate::random::Random;
use crate::rate_limit::full_buckets::FullBuckets;

#[derive(Debug, Clone)]
pub struct App {
    parts: Arc<Parts>,
    concurrency: Arc<Concurrency>,
    api_usage: Arc<ApiUsage>,
    object_accounts: Arc<ObjectAccounts>,
    /// Background work yields Meta's quotas to interactive work.
    priority: Priority,
}

#[derive(Debug)]
pub struct Parts {
    pub config: Config,
    pub store: Store,
    pub keys: Keys,
    pub meta: Meta,
    /// The client for URLs that users enter.
    pub public_http: PublicHttp,
    pub clock: Clock,
    pub random: Random,
    pub passwords: Passwords,
    /// The built-in sandbox's control page; None outside the demo.
    pub sandbox_url: Option<String>,
    pub signals: Signals,
    pub wall_clock: WallClockTrust,
    /// Rate limits that refuse without a write.
    pub full_buckets: FullBuckets,
    /// Notices that requests cause and that are not recorded each time.
    pub last_reports: LastReports,
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl App {
    pub fn new(parts: Parts) -> App {
        App {
            parts: Arc::new(parts),
            concurrency: Arc::default(),
            api_usage: Arc::default(),
            object_accounts: Arc::default(),
            priority: Priority::Interactive,
        }
    }

    /// The same App for background work.
    #[must_use]
    pub fn in_background(&self) -> App {
        App { priority: Priority::Background, ..self.clone() }
    }

    /// The client for Meta.
    pub fn graph(&self) -> &Graph {
        self.meta.graph(self.priority)
    }

    /// What of this process is in use.
    pub fn concurrency(&self) -> &Concurrency {
        &self.concurrency
    }

    /// What programs do with their keys.
    pub fn api_usage(&self) -> &ApiUsage {
        &self.api_usage
    }

    /// Which ad account an object of Meta's belongs to, as far as this process knows.
    pub fn object_accounts(&self) -> &ObjectAccounts {
        &self.object_accounts
    }

    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Whether the database can be read and written, and has this version's schema.
    pub async fn check_database(&self) -> Result<(), StoreError> {
        self.store.ping(self.now()).await
    }

    /// After an erasure: what was erased leaves the write-ahead log too. If a reader prevents it now, the next sweep does
    /// it.
    pub async fn empty_log(&self) {
        match self.store.empty_log().await {
            Ok(true) => {}
            Ok(false) => tracing::info!("the write-ahead log is in use: it is emptied later"),
            Err(error) => tracing::error!(%error, "the write-ahead log could not be emptied"),
        }
    }

    pub fn is_demo(&self) -> bool {
        self.sandbox_url.is_some()
    }

    /// Seals a secret for its context with a fresh nonce.
    pub fn seal(&self, context: &SealContext<'_>, secret: &str) -> Sealed {
        self.keys.seal(context, self.random.bytes(), secret.as_bytes())
    }

    pub fn new_user_id(&self) -> UserId {
        UserId::new(self.random.uuid(self.now()))
    }

    pub fn new_session_id(&self) -> SessionId {
        SessionId::new(self.random.uuid(self.now()))
    }

    pub fn new_authorization_id(&self) -> AuthorizationId {
        AuthorizationId::new(self.random.uuid(self.now()))
    }

    pub fn new_connect_session_id(&self) -> ConnectSessionId {
        ConnectSessionId::new(self.random.uuid(self.now()))
    }

    pub fn new_connection_id(&self) -> ConnectionId {
        ConnectionId::new(self.random.uuid(self.now()))
    }

    /// The id of a row that nothing refers to, such as an audit event.
    pub fn new_row_id(&self) -> String {
        self.random.uuid(self.now()).hyphenated().to_string()
    }

    /// A job that is due now, with the priority of its kind.
    pub fn new_job(&self, kind: JobKind, subject: &str, payload: JobPayload) -> NewJob {
        NewJob {
            id: JobId::new(self.random.uuid(self.now())),
            kind,
            subject: subject.to_owned(),
            payload,
            priority: kind.priority(),
            run_at: self.now(),
        }
    }

    /// Enqueues a job and wakes the workers.
    pub async fn enqueue(&self, job: &NewJob) -> Result<(), StoreError> {
        self.store.enqueue_job(job).await?;
        self.signals.enqueued.notify();
        Ok(())
    }
}
