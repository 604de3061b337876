//! The statements of `crates/store/queries` on SQLite.
//!
//! One connection writes, a few read: SQLite has one writer at a time, and waiting for a pool slot avoids
//! `SQLITE_BUSY`. Erased values are overwritten (`secure_delete`).

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use metaads_store_rows::StoreError;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, Row as _};

#[macro_use]
mod dialect;
#[path = "../../queries/mod.rs"]
mod queries;

type Engine = sqlx::Sqlite;

/// How long a transaction waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a transaction waits for its turn to write: a file that another process locks must not hold up every page.
const WRITE_TURN_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a query waits for its turn to read. Nothing locks readers, so a long queue is a flood of requests.
const READ_TURN_TIMEOUT: Duration = Duration::from_secs(5);

/// The database: one connection that writes, a pool that reads.
#[derive(Debug, Clone)]
pub struct Db {
    read: SqlitePool,
    write: SqlitePool,
    /// Ids of the configured Meta apps.
    own_apps: Arc<[String]>,
}

impl Db {
    /// Opens or creates the file of a `sqlite://` URL, and migrates it.
    pub async fn open(url: &str) -> Result<Db, StoreError> {
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .pragma("secure_delete", "ON");
        // On a full disk SQLite ends a transaction by itself; the driver's ROLLBACK then fails and it still counts one
        // as open. The pool drops such a connection and opens a new one.
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(WRITE_TURN_TIMEOUT)
            .after_release(|connection, _| {
                Box::pin(async move {
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_with(options.clone())
            .await?;
        sqlx::migrate!("../migrations/sqlite").run(&write).await?;
        let read = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(READ_TURN_TIMEOUT)
            .min_connections(1)
            .connect_with(options.pragma("query_only", "ON"))
            .await?;
        Ok(Db { read, write, own_apps: Arc::default() })
    }

    async fn begin(&self) -> Result<sqlx::Transaction<'static, Engine>, StoreError> {
        // A transaction that reads first fails on its first write if another process has written in between; one that
        // starts as a writer waits instead.
        Ok(self.write.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// The same database, for these Meta apps: connections of others are in the state `other_app`.
    #[must_use]
    pub fn with_apps(self, ids: &[String]) -> Db {
        Db { own_apps: ids.into(), ..self }
    }

    /// Moves what was written into the database file and empties the write-ahead log, so that erased values are in
    /// neither. False if a reader prevented it: to be tried again.
    pub async fn empty_log(&self) -> Result<bool, StoreError> {
        let mut connection = self.write.acquire().await?;
        sqlx::query("PRAGMA busy_timeout = 500").execute(&mut *connection).await?;
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await;
        sqlx::query("PRAGMA busy_timeout = 10000").execute(&mut *connection).await?;
        Ok(row?.try_get::<i64, _>(0)? == 0)
    }

    /// Closes all connections; the file is left checkpointed.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}
