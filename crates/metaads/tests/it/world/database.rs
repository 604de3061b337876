//! Direct access to a world's database, on either engine, each time on a new connection.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};
use tempfile::TempDir;

/// The URL of a new database: a file in `folder`, or with METAADS_TEST_ENGINE=postgres a database on the server that
/// METAADS_TEST_POSTGRES_URL names.
pub async fn create(folder: &TempDir) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    if std::env::var("METAADS_TEST_ENGINE").as_deref() != Ok("postgres") {
        return format!("sqlite://{}/metaads.db", folder.path().display());
    }
    let server =
        std::env::var("METAADS_TEST_POSTGRES_URL").expect("METAADS_TEST_POSTGRES_URL names a server");
    let name = format!("world_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
    execute(&server, &format!("CREATE DATABASE {name}")).await;
    let (start, _) = server.rsplit_once('/').unwrap();
    format!("{start}/{name}")
}

pub fn is_sqlite(url: &str) -> bool {
    url.starts_with("sqlite:")
}

pub async fn execute(url: &str, statement: &str) {
    let statement = AssertSqlSafe(statement.to_owned());
    if is_sqlite(url) {
        let mut database = SqliteConnection::connect(url).await.unwrap();
        sqlx::query(statement).execute(&mut database).await.unwrap();
    } else {
        let mut database = PgConnection::connect(url).await.unwrap();
        sqlx::query(statement).execute(&mut database).await.unwrap();
    }
}

pub async fn number(url: &str, query: &str) -> i64 {
    let query = AssertSqlSafe(query.to_owned());
    if is_sqlite(url) {
        let mut database = SqliteConnection::connect(url).await.unwrap();
        sqlx::query_scalar(query).fetch_one(&mut database).await.unwrap()
    } else {
        let mut database = PgConnection::connect(url).await.unwrap();
        sqlx::query_scalar(query).fetch_one(&mut database).await.unwrap()
    }
}

pub async fn text(url: &str, query: &str) -> String {
    let query = AssertSqlSafe(query.to_owned());
    if is_sqlite(url) {
        let mut database = SqliteConnection::connect(url).await.unwrap();
        sqlx::query_scalar(query).fetch_one(&mut database).await.unwrap()
    } else {
        let mut database = PgConnection::connect(url).await.unwrap();
        sqlx::query_scalar(query).fetch_one(&mut database).await.unwrap()
    }
}

/// On SQLite the bytes of the database's files, deleted rows included; on PostgreSQL every row as text, in which
/// the value of a `bytea` is `\x` and its hex digits.
pub async fn everything(url: &str) -> Vec<u8> {
    let mut all = Vec::new();
    if let Some(path) = url.strip_prefix("sqlite://") {
        for suffix in ["", "-wal"] {
            // Without writes since the last checkpoint there is no log.
            all.extend(std::fs::read(Path::new(&format!("{path}{suffix}"))).unwrap_or_default());
        }
        return all;
    }
    let mut database = PgConnection::connect(url).await.unwrap();
    let tables =
        sqlx::query("SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'");
    for table in tables.fetch_all(&mut database).await.unwrap() {
        let table: String = table.get(0);
        let rows = AssertSqlSafe(format!("SELECT t::text FROM {table} t"));
        for row in sqlx::query(rows).fetch_all(&mut database).await.unwrap() {
            all.extend(row.get::<String, _>(0).into_bytes());
            all.push(b'\n');
        }
    }
    all
}
