//! The statements of `crates/store/queries` on PostgreSQL.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use metaads_store_rows::StoreError;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

#[macro_use]
mod dialect;
#[path = "../../queries/mod.rs"]
mod queries;

type Engine = sqlx::Postgres;

/// How long the start waits for a server that is starting too.
const START_PATIENCE: Duration = Duration::from_secs(10);
/// How long a statement waits for a connection. A server that is down or hangs is noticed here: an idle connection is
/// tested before it is used.
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(1_500);

/// The database: one pool reads and writes.
#[derive(Debug, Clone)]
pub struct Db {
    read: PgPool,
    write: PgPool,
    /// Ids of the configured Meta apps.
    own_apps: Arc<[String]>,
}

impl Db {
    /// Connects to the database of a `postgres://` URL, and migrates it. Replicas may do so concurrently: migrating
    /// takes a lock.
    pub async fn open(url: &str) -> Result<Db, StoreError> {
        let options = PgConnectOptions::from_str(url)?.application_name("metaads");
        let start = PgPoolOptions::new().max_connections(1).acquire_timeout(START_PATIENCE);
        let start = start.connect_with(options.clone()).await?;
        sqlx::migrate!("../migrations/postgres").run(&start).await?;
        start.close().await;
        let pool = PgPoolOptions::new()
            .max_connections(10)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options)
            .await?;
        Ok(Db { read: pool.clone(), write: pool, own_apps: Arc::default() })
    }

    async fn begin(&self) -> Result<sqlx::Transaction<'static, Engine>, StoreError> {
        Ok(self.write.begin().await?)
    }

    /// The same database, for these Meta apps: connections of others are in the state `other_app`.
    #[must_use]
    pub fn with_apps(self, ids: &[String]) -> Db {
        Db { own_apps: ids.into(), ..self }
    }

    /// What erased rows leave behind is up to the server's own vacuum and log.
    pub async fn empty_log(&self) -> Result<bool, StoreError> {
        Ok(true)
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.write.close().await;
    }
}
