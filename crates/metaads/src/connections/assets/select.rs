//! Choosing ad accounts. Nothing is called chosen before Meta has shown it under its own id, with this
//! connection's token: whatever a request says, only what the token reaches can be chosen.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use metaads_store::{AccountStatusRow, Connection, JobKind, SelectionChange, SignedIn, StoreError};

use crate::app::App;
use crate::connections::assets::status_check;
use crate::connections::token::broker::fresh_token;
use crate::connections::token::schedule;

/// Calls of fifty accounts each that are under way at the same time.
const CALLS: usize = 6;
/// Whoever presses the button waits no longer.
const DEADLINE: Duration = Duration::from_secs(15);

/// What became of a choice.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SelectionOutcome {
    pub change: SelectionChange,
    /// Newly ticked ones that Meta did not answer for: not chosen, nothing is known against them.
    pub unanswered: usize,
}

/// Within `scope` (None: all accounts of the connection) exactly the `wanted` ones are chosen afterwards, as
/// far as Meta shows them.
pub async fn choose(
    app: &App,
    who: &SignedIn,
    connection: &Connection,
    scope: Option<&[String]>,
    wanted: &[String],
) -> Result<SelectionOutcome, StoreError> {
    let known = app.store.list_account_statuses(&connection.id, wanted).await?;
    let is_new = |one: &&AccountStatusRow| !one.is_selected && one.is_selectable && one.is_reachable;
    let new: Vec<AccountStatusRow> = known.iter().filter(is_new).cloned().collect();
    let unanswered = validate(app, connection, &new).await?;
    let wanted: Vec<String> = wanted.iter().filter(|id| !unanswered.contains(*id)).cloned().collect();
    let row = app.new_row_id();
    let change =
        app.store.select_ad_accounts(&who.user_id, &connection.id, scope, &wanted, app.now(), &row).await?;
    if change.added > 0 {
        let subject = connection.id.as_str();
        let first_look = app.now() + schedule::HOUR;
        app.store.enqueue_job(&app.new_job_id(), JobKind::StatusCheck, subject, "", first_look).await?;
    }
    Ok(SelectionOutcome { change, unanswered: unanswered.len() })
}

/// Asks Meta for each by its id and writes what it said; gives those that stayed without an answer.
async fn validate(
    app: &App,
    connection: &Connection,
    new: &[AccountStatusRow],
) -> Result<HashSet<String>, StoreError> {
    let ids = || new.iter().map(|one| one.account_id.clone()).collect::<HashSet<_>>();
    if new.is_empty() {
        return Ok(HashSet::new());
    }
    let Ok(fresh) = fresh_token(app, connection, 10 * schedule::MINUTE).await? else { return Ok(ids()) };
    let mut calls = Vec::new();
    for some in new.chunks(status_check::BATCH_SIZE) {
        calls.push(status_check::look(app, connection, &fresh.token, some));
    }
    let calls = stream::iter(calls).buffer_unordered(CALLS).take_until(tokio::time::sleep(DEADLINE));
    let mut calls = std::pin::pin!(calls);
    let mut answered = HashSet::new();
    while let Some(answer) = calls.next().await {
        let Ok(looked) = answer else { continue };
        if !app.store.store_account_checks(&connection.id, &looked, app.now()).await? {
            return Ok(ids());
        }
        answered.extend(looked.into_iter().filter(|one| one.seen.is_some()).map(|one| one.account_id));
    }
    Ok(ids().into_iter().filter(|id| !answered.contains(id)).collect())
}
