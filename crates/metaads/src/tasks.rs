//! The only place that starts tasks and threads.

use std::future::Future;

use tokio::task::JoinHandle;

/// Runs a future in the background.
pub fn spawn<F>(work: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[expect(clippy::disallowed_methods, reason = "this is the one home of task spawning")]
    tokio::spawn(work)
}

/// Runs something slow on its own thread and waits for it.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    #[expect(clippy::disallowed_methods, reason = "this is the one home of task spawning")]
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
