//! A fresh database for each test, and short ways to fill it.

use std::sync::atomic::{AtomicU64, Ordering};

use metaads_store::{
    AuthorizationId, Completion, CompletionOutcome, Connection, ConnectionId, DataKey, DialogHost, Job,
    JobKind, Lease, NewAuthorization, NewJob, SessionId, Store, UserId, WorkspaceId,
};
use metaads_vault::{Keyring, NONCE_BYTES, SealContext, Sealed};
use sqlx::Connection as _;
use tempfile::TempDir;
use uuid::Uuid;

use crate::rows;

/// Sunday, 22 November 2026, 12:00 UTC, in Unix milliseconds.
pub const NOW: i64 = 1_795_348_800_000;
pub const MINUTE: i64 = 60_000;
pub const DAY: i64 = 86_400_000;
pub const APP: &str = "1234567890";
const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const OTHER_KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

/// An open store, the URL of its database, and the keys that seal in it.
pub struct World {
    pub store: Store,
    pub url: String,
    pub keyring: Keyring,
    /// A second data key that seals nothing yet.
    pub other_keyring: Keyring,
    _folder: TempDir,
}

/// A user and their personal workspace.
pub struct Owner {
    pub user: UserId,
    pub workspace: WorkspaceId,
}

impl World {
    pub async fn new() -> World {
        let (folder, url) = empty_database().await;
        let store = Store::open(&url).await.unwrap();
        let (keyring, other_keyring) = (Keyring::parse(KEY).unwrap(), Keyring::parse(OTHER_KEY).unwrap());
        assert!(store.insert_data_key(&data_key(&keyring, NOW - 2 * DAY)).await.unwrap());
        assert!(store.insert_data_key(&data_key(&other_keyring, NOW - DAY)).await.unwrap());
        // With one open connection, calls at once would run one after the other: the second would still be connecting.
        let (first, second, third) =
            tokio::join!(store.list_data_keys(), store.list_data_keys(), store.list_data_keys());
        assert!(first.is_ok() && second.is_ok() && third.is_ok());
        World { store, url, keyring, other_keyring, _folder: folder }
    }

    /// Inserts a user.
    pub async fn user(&self, email: &str) -> Owner {
        let user = rows::user(email);
        assert!(self.store.insert_user(&user).await.unwrap());
        Owner { workspace: WorkspaceId::personal(&user.id), user: user.id }
    }

    /// Inserts a session of a user; its token hash is the session id.
    pub async fn session(&self, owner: &Owner) -> SessionId {
        let session = rows::session(&owner.user);
        self.store.insert_session(&session, "device", NOW + DAY).await.unwrap();
        session.id
    }

    /// Inserts a pending authorization; its state hash is `state`.
    pub async fn authorization(&self, owner: &Owner, session: &SessionId, state: &str) -> AuthorizationId {
        let new = self.new_authorization(owner, session, state);
        self.store.insert_authorization(&new).await.unwrap();
        new.id
    }

    pub fn new_authorization(&self, owner: &Owner, session: &SessionId, state: &str) -> NewAuthorization {
        rows::authorization(owner, session, state, seal(&self.keyring, 1))
    }

    /// Inserts and consumes an authorization.
    pub async fn consumed(&self, owner: &Owner, session: &SessionId, state: &str) -> AuthorizationId {
        let id = self.authorization(owner, session, state).await;
        let found = self.store.consume_authorization(state, session, DialogHost::Facebook, NOW).await;
        assert!(found.unwrap().is_some());
        id
    }

    /// A token import of a person that is written with [`Store::complete_authorization`].
    pub fn completion(&self, owner: &Owner, meta_user_id: &str) -> Completion {
        rows::completion(owner, meta_user_id, seal(&self.keyring, 2))
    }

    /// Connects a person to the user's workspace.
    pub async fn connect(&self, owner: &Owner, meta_user_id: &str) -> ConnectionId {
        let new = self.completion(owner, meta_user_id);
        assert_eq!(self.store.complete_authorization(&new).await.unwrap(), CompletionOutcome::Created);
        new.connection_id
    }

    /// A connection as background jobs read it.
    pub async fn connection(&self, id: &ConnectionId) -> Connection {
        self.store.find_connection_for_job(id).await.unwrap().unwrap()
    }

    /// Claims the job of a subject, which must be free.
    pub async fn claim(&self, kind: JobKind, subject: &str) -> Job {
        self.store.claim_job_of(kind, subject, lease()).await.unwrap().unwrap()
    }

    /// Enqueues a job and claims it.
    pub async fn claimed(&self, job: &NewJob) -> Job {
        self.store.enqueue_job(job).await.unwrap();
        self.claim(job.kind, &job.subject).await
    }

    /// Executes a statement that no query of the store would.
    pub async fn sql(&self, statement: &str) {
        execute(&self.url, statement).await;
    }

    /// The number that a query returns.
    pub async fn number(&self, query: &str) -> i64 {
        let query = sqlx::AssertSqlSafe(query.to_owned());
        if self.url.starts_with("sqlite:") {
            let mut database = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(query).fetch_one(&mut database).await.unwrap()
        } else {
            let mut database = sqlx::PgConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(query).fetch_one(&mut database).await.unwrap()
        }
    }
}

pub async fn execute(url: &str, statements: &str) {
    let statements = sqlx::AssertSqlSafe(statements.to_owned());
    if url.starts_with("sqlite:") {
        let mut database = sqlx::SqliteConnection::connect(url).await.unwrap();
        sqlx::raw_sql(statements).execute(&mut database).await.unwrap();
    } else {
        let mut database = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(statements).execute(&mut database).await.unwrap();
    }
}

/// An empty database: the folder that holds it, and its URL.
pub async fn empty_database() -> (TempDir, String) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let folder = TempDir::new().unwrap();
    if std::env::var("METAADS_TEST_ENGINE").as_deref() != Ok("postgres") {
        let url = format!("sqlite://{}/store.db?mode=rwc", folder.path().display());
        return (folder, url);
    }
    let server =
        std::env::var("METAADS_TEST_POSTGRES_URL").expect("METAADS_TEST_POSTGRES_URL is the URL of a server");
    let name = format!("store_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
    execute(&server, &format!("CREATE DATABASE {name}")).await;
    let (start, _) = server.rsplit_once('/').unwrap();
    (folder, format!("{start}/{name}"))
}

pub fn seal(keyring: &Keyring, nonce: u8) -> Sealed {
    let context = SealContext { table: "table", column: "column", row: "row" };
    keyring.seal(&context, [nonce; NONCE_BYTES], b"a secret")
}

pub fn data_key(keyring: &Keyring, created_at: i64) -> DataKey {
    let id = keyring.sealing_key().to_string();
    let number = 100 - (NOW - created_at) / DAY;
    DataKey { id, kek: "local:first".to_owned(), wrapped_key: Some(vec![1, 2, 3]), number, created_at }
}

/// A fresh id, later in the order of ids than every earlier one.
pub fn uuid() -> Uuid {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u128(u128::from(NUMBER.fetch_add(1, Ordering::SeqCst)))
}

pub fn text_id() -> String {
    uuid().hyphenated().to_string()
}

/// A lease of a minute from [`NOW`].
pub fn lease() -> Lease {
    lease_at(NOW)
}

pub fn lease_at(now: i64) -> Lease {
    Lease { now, until: now + MINUTE }
}

pub fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}
