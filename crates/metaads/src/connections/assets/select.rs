//! Selecting ad accounts. An account becomes selected only after Meta has shown it under its own id, with this
//! connection's token: whatever a request says, only what the token reaches can be selected.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use metaads_store::{
    AccountStatusRow, Connection, JobKind, JobPayload, NewJob, SelectionChange, StoreError, UserId,
};

use crate::app::App;
use crate::clock::HOUR;
use crate::connections::assets::status_check;
use crate::connections::token::broker::{TokenError, fresh_token};
use crate::rate_limit;

/// Calls of fifty accounts each that run at the same time.
const CALLS: usize = 6;
/// The person waits no longer than this.
const DEADLINE: Duration = Duration::from_secs(15);

/// Why nothing was selected.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// The user has caused too many calls to Meta.
    #[error("too many calls to Meta by one user")]
    RateLimited,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of a selection.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SelectionOutcome {
    pub change: SelectionChange,
    /// Newly requested accounts for which Meta did not answer; they are not selected.
    pub unanswered: usize,
}

/// Asks Meta for those of the `requested` accounts that it was not asked for lately.
/// Within `scope` (None: all accounts of the connection) exactly the `requested` ones are selected afterwards, as far
/// as Meta shows them.
pub async fn select(
    app: &App,
    user: &UserId,
    connection: &Connection,
    scope: Option<&[String]>,
    requested: &[String],
) -> Result<SelectionOutcome, SelectError> {
    let known = app.store.list_account_statuses(&connection.id, requested).await?;
    let now = app.now();
    let is_new = |one: &AccountStatusRow| !one.is_selected && one.is_selectable && one.is_reachable;
    let new: Vec<AccountStatusRow> =
        known.into_iter().filter(|one| is_new(one) && !status_check::is_fresh(one, now)).collect();
    if !rate_limit::pay_for_calls(app, user, new.len()).await? {
        return Err(SelectError::RateLimited);
    }
    let unanswered = validate(app, connection, &new).await?;
    let requested: Vec<String> = requested.iter().filter(|id| !unanswered.contains(*id)).cloned().collect();
    let owner = (&connection.workspace_id, user);
    let row = app.new_row_id();
    let change =
        app.store.select_ad_accounts(owner, &connection.id, scope, &requested, app.now(), &row).await?;
    if change.added > 0 {
        let job = app.new_job(JobKind::StatusCheck, connection.id.as_str(), JobPayload::Empty);
        app.enqueue(&NewJob { run_at: app.now() + HOUR, ..job }).await?;
    }
    app.signals.outgoing.notify_one();
    Ok(SelectionOutcome { change, unanswered: unanswered.len() })
}

/// Asks Meta for each by its id and writes what it says. Returns those without an answer.
async fn validate(
    app: &App,
    connection: &Connection,
    new: &[AccountStatusRow],
) -> Result<HashSet<String>, StoreError> {
    let ids = || new.iter().map(|one| one.account_id.clone()).collect::<HashSet<_>>();
    if new.is_empty() {
        return Ok(HashSet::new());
    }
    let fresh = match fresh_token(app, connection).await {
        Ok(fresh) => fresh,
        Err(TokenError::Store(error)) => return Err(error),
        Err(_) => return Ok(ids()),
    };
    let mut calls = Vec::new();
    for some in new.chunks(status_check::BATCH_SIZE) {
        calls.push(status_check::observe(app, connection, &fresh.token, some));
    }
    let calls = stream::iter(calls).buffer_unordered(CALLS).take_until(tokio::time::sleep(DEADLINE));
    let mut calls = std::pin::pin!(calls);
    let mut answered = HashSet::new();
    while let Some(answer) = calls.next().await {
        let Ok(mut checks) = answer else { continue };
        // What Meta did not answer stays due.
        checks.retain(|one| one.observed.is_some());
        if !app.store.store_account_checks(&connection.id, &checks, app.now()).await? {
            return Ok(ids());
        }
        answered.extend(checks.into_iter().map(|one| one.account_id));
    }
    Ok(ids().into_iter().filter(|id| !answered.contains(id)).collect())
}
