//! What can go wrong in the database, as far as a caller can act on it.

/// A statement that did not do its work. Nothing of it was kept: statements that belong together
/// share a transaction.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is full, read-only, locked or shut down.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The database answered with something this version does not understand.
    #[error("the database and this version do not fit together")]
    Unexpected(#[source] sqlx::Error),
    /// The schema could not be brought to this version.
    #[error("the database's schema could not be migrated")]
    Migration(#[source] sqlx::migrate::MigrateError),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        match error {
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::TypeNotFound { .. }
            | sqlx::Error::RowNotFound => StoreError::Unexpected(error),
            sqlx::Error::Database(ref inner) if inner.is_unique_violation() || inner.is_check_violation() => {
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
