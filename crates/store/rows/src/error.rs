//! Errors of the database, by what a caller can do about them.

use sqlx::error::ErrorKind;

/// A failed call. Nothing was written: statements that belong together share a transaction.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is full, read-only, locked or shut down.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The database returned what this version cannot read, or a constraint was violated: a bug.
    #[error("the database and this version do not match")]
    Unexpected(#[source] sqlx::Error),
    /// The columns of a row contradict each other: a bug, or a manual edit.
    #[error("a row of {table} is inconsistent: {what}")]
    Inconsistent { table: &'static str, what: String },
    /// The schema could not be migrated to this version.
    #[error("the database's schema could not be migrated")]
    Migration(#[source] sqlx::migrate::MigrateError),
}

impl StoreError {
    /// The database did not answer in time.
    pub fn timed_out() -> StoreError {
        StoreError::Unavailable(sqlx::Error::PoolTimedOut)
    }

    /// Whether PostgreSQL rolled this transaction back in favor of another one (deadlock, serialization failure): it
    /// can be retried immediately.
    pub fn is_conflict(&self) -> bool {
        let (StoreError::Unavailable(cause) | StoreError::Unexpected(cause)) = self else { return false };
        let code = cause.as_database_error().and_then(|error| error.code());
        matches!(code.as_deref(), Some("40P01" | "40001"))
    }

    /// The cause of an outage, for the operator.
    pub fn why(&self) -> String {
        let StoreError::Unavailable(cause) = self else { return self.to_string() };
        let code = match cause {
            sqlx::Error::Database(error) => error.code().unwrap_or_default(),
            _ => std::borrow::Cow::Borrowed(""),
        };
        let is_sqlite =
            |primary: i64| code.parse::<i64>().is_ok_and(|code| code < 100_000 && code & 0xff == primary);
        match &*code {
            "53100" => "the database is full".to_owned(),
            "25006" => "the database is read-only".to_owned(),
            "53300" => "the database has no connection left".to_owned(),
            code if code.len() == 5 => "the database refused the statement".to_owned(),
            _ if is_sqlite(13) => "the database is full: its disk has no room left".to_owned(),
            _ if is_sqlite(8) || is_sqlite(14) => "the database is read-only or cannot be opened".to_owned(),
            _ if is_sqlite(10) => "the database's disk reports an error".to_owned(),
            _ if is_sqlite(5) || is_sqlite(6) => "the database is locked".to_owned(),
            _ => match cause {
                sqlx::Error::PoolTimedOut => "the database did not answer in time".to_owned(),
                _ => "the database cannot be reached".to_owned(),
            },
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        match error {
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::TypeNotFound { .. }
            | sqlx::Error::RowNotFound => StoreError::Unexpected(error),
            // A violated constraint is not an outage.
            sqlx::Error::Database(ref inner) if inner.kind() != ErrorKind::Other => {
                StoreError::Unexpected(error)
            }
            other => StoreError::Unavailable(other),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> StoreError {
        StoreError::Migration(error)
    }
}
