//! Reads while somebody waits: an idempotent one is repeated once, and lists are not waited for.

use std::time::Duration;

use metaads_graph::{GraphError, Recovery};

/// The first asset lists are shown at once if they come within this time; otherwise a job reads them.
pub const LISTS_PATIENCE: Duration = Duration::from_secs(3);

/// Repeats a read once if Meta did not answer it. Never for the exchange of a code, which works once only.
pub async fn repeat_once<T, F>(read: impl Fn() -> F) -> Result<T, GraphError>
where
    F: Future<Output = Result<T, GraphError>>,
{
    match read().await {
        Err(error) if error.recovery() == Recovery::RetryLater => read().await,
        outcome => outcome,
    }
}
