//! From the outbox to deliveries: one for each new event and each endpoint that receives its type.

use metaads_store::{Job, StoreError, WorkspaceId};

use crate::app::App;
use crate::queue::JobOutcome;

/// Events of one step.
const BATCH_SIZE: usize = 200;

/// One step of the job of a workspace. A crash before its commit leaves the events new.
pub async fn step(app: &App, job: &Job) -> Result<JobOutcome, StoreError> {
    let Some(workspace) = WorkspaceId::from_text(&job.subject) else { return Ok(JobOutcome::Done) };
    let limit = i64::try_from(BATCH_SIZE).unwrap_or(i64::MAX);
    let done = app.store.expand_outbox(&workspace, app.now(), limit).await?;
    Ok(if done.events < BATCH_SIZE { JobOutcome::Done } else { JobOutcome::RunAt(app.now()) })
}
