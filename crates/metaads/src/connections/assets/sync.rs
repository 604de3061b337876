//! Reading the rest of a connection's assets in the background, one page a step. Where it stands is
//! stored with what was read, so that a crash repeats one page at most.

use metaads_graph::{
    AccessToken, AdAccountId, BusinessId, Fault, GraphError, InstagramAccount, PageId, Reading, Recovery,
};
use metaads_store::{
    AssetBatch, Connection, ConnectionId, Job, JobKind, StoreError, SyncState, SyncStep, UnreadList,
};

use crate::app::App;
use crate::connections::assets::rows;
use crate::connections::assets::sync_plan::{SyncEdge, SyncPlan, SyncTask};
use crate::connections::token::broker::{TokenError, fresh_token};
use crate::connections::token::check;
use crate::connections::token::check::{CheckTrigger, Outcome};
use crate::connections::token::schedule;
use crate::operator_notices::{clear_after_retry, tell_operator};
use crate::queue::JobOutcome;

/// A page is read with a token that lasts at least so long.
const TOKEN_TTL: i64 = 10 * schedule::MINUTE;
/// No reading takes so many pages; cursors that turn in circles do.
const PAGES_LIMIT: u32 = 5_000;
/// Nodes read in one batch.
const BATCH: usize = 50;
/// From so many failed tries in a row on, the page says that reading is stuck.
const STUCK_AFTER: i64 = 3;
/// After so many, within two hours, a list that alone does not answer is left out.
const GIVEN_UP_AFTER: i64 = 8;

/// Reads everything anew, because somebody asked, or in the background now and then. False where the
/// connection is not connected.
pub async fn start(app: &App, id: &ConnectionId, who: Priority) -> Result<bool, StoreError> {
    let Some(connection) = app.store.find_connection_for_job(id).await? else { return Ok(false) };
    let plan = SyncPlan::everything(&connection).to_text();
    let priority = i64::from(who == Priority::Background);
    let started = app.store.start_sync(id, &app.new_job_id(), &plan, priority, app.now()).await?;
    app.queue.notify();
    Ok(started)
}

/// Whether somebody waits for a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    Interactive,
    Background,
}

/// One step: the first list's next page.
pub async fn step(app: &App, job: &Job) -> Result<JobOutcome, StoreError> {
    let id = ConnectionId::from_text(&job.subject);
    let connection = match &id {
        Some(id) => app.store.find_connection_for_job(id).await?,
        None => None,
    };
    let Some(connection) = connection else { return Ok(JobOutcome::Done) };
    let token = match fresh_token(app, &connection, TOKEN_TTL).await? {
        Ok(fresh) => fresh.token,
        Err(TokenError::Unavailable) => return Ok(JobOutcome::Retry),
        Err(TokenError::Disconnected) => return Ok(JobOutcome::Done),
        Err(TokenError::Person(_)) => {
            app.store.set_sync_state(&connection.id, SyncState::Failed).await?;
            return Ok(JobOutcome::Done);
        }
        // A visit says so on the connection; the one that can read it again has everything read anew.
        Err(TokenError::Unreadable) => {
            app.store.set_sync_state(&connection.id, SyncState::Failed).await?;
            let subject = connection.id.as_str();
            app.store.enqueue_job(&app.new_job_id(), JobKind::Check, subject, "", app.now()).await?;
            return Ok(JobOutcome::Done);
        }
    };
    let mut plan = SyncPlan::from_text(&job.payload, &connection);
    let read = match plan.todo.first() {
        Some(todo) => match &todo.list {
            SyncEdge::Targets { accounts, pages } => {
                read_targets(app, &connection, &token, plan.limit, accounts, pages).await?
            }
            _ => read(app, &token, todo, plan.limit).await,
        },
        None => Ok(Read::default()),
    };
    match read {
        Ok(mut read) => {
            clear_after_retry(&app.store, job).await;
            if plan.is_cursor_loop(read.after.as_deref()) {
                read.unread = unread(&plan, "refused");
            }
            advance(&mut plan, &read);
            settle(app, job, &connection, &plan, read).await
        }
        Err(error) => failed(app, job, &connection, plan, &error).await,
    }
}

/// What one page brought.
#[derive(Default)]
struct Read {
    assets: AssetBatch,
    after: Option<String>,
    total: Option<i64>,
    more: Vec<SyncTask>,
    unread: Option<UnreadList>,
}

async fn read(app: &App, token: &AccessToken, todo: &SyncTask, limit: u32) -> Result<Read, GraphError> {
    let after = todo.after.as_deref();
    let mut read = Read::default();
    match &todo.list {
        SyncEdge::Businesses => {
            let page = app.graph().list_businesses(token, after, limit).await?;
            read.assets.businesses = page.items.iter().map(rows::new_business).collect();
            read.more = page.items.iter().flat_map(rows::of_business).collect();
            read.after = page.after;
        }
        SyncEdge::OwnInstagram => {
            let profile = app.graph().read_instagram_profile(token).await?;
            let (id, username, name) = (profile.id, profile.username, profile.name);
            rows::add_instagram(&mut read.assets, &[InstagramAccount { id, username, name }]);
        }
        SyncEdge::Instagram { .. } | SyncEdge::BusinessInstagram { .. } => {
            let Some(reading) = reading_of(&todo.list) else { return Ok(read) };
            let page = app.graph().list_instagram_accounts(token, &reading, after, limit).await?;
            rows::add_instagram(&mut read.assets, &page.items);
            read.after = page.after;
        }
        SyncEdge::Pages
        | SyncEdge::AssignedPages
        | SyncEdge::OwnedPages { .. }
        | SyncEdge::ClientPages { .. } => {
            let Some(reading) = reading_of(&todo.list) else { return Ok(read) };
            let page = app.graph().list_pages(token, &reading, after, limit).await?;
            rows::add_pages(&mut read.assets, &page.items);
            read.after = page.after;
        }
        SyncEdge::AdAccounts
        | SyncEdge::AssignedAdAccounts
        | SyncEdge::Owned { .. }
        | SyncEdge::Client { .. } => {
            let Some(reading) = reading_of(&todo.list) else { return Ok(read) };
            return read_accounts(app, token, reading, todo.list.names().2, todo, limit).await;
        }
        SyncEdge::Targets { .. } => {}
    }
    Ok(read)
}

/// The list at Meta; None where it has none, or its business is no id.
fn reading_of(list: &SyncEdge) -> Option<Reading> {
    let business = |id: &String| BusinessId::parse(id).ok();
    Some(match list {
        SyncEdge::AdAccounts => Reading::MyAdAccounts,
        SyncEdge::AssignedAdAccounts => Reading::AssignedAdAccounts,
        SyncEdge::Businesses => Reading::MyBusinesses,
        SyncEdge::Pages => Reading::MyPages,
        SyncEdge::AssignedPages => Reading::AssignedPages,
        SyncEdge::Owned { id, .. } => Reading::OwnedAdAccounts(business(id)?),
        SyncEdge::Client { id, .. } => Reading::ClientAdAccounts(business(id)?),
        SyncEdge::OwnedPages { id, .. } => Reading::OwnedPages(business(id)?),
        SyncEdge::ClientPages { id, .. } => Reading::ClientPages(business(id)?),
        SyncEdge::Instagram { id, .. } => Reading::OwnedInstagram(business(id)?),
        SyncEdge::BusinessInstagram { id, .. } => Reading::BusinessInstagram(business(id)?),
        SyncEdge::OwnInstagram | SyncEdge::Targets { .. } => return None,
    })
}

/// Assets that the permissions name and no list has shown: fifty at a time, by id.
async fn read_targets(
    app: &App,
    connection: &Connection,
    token: &AccessToken,
    limit: u32,
    accounts: &[String],
    pages: &[String],
) -> Result<Result<Read, GraphError>, StoreError> {
    let generation = connection.sync_generation;
    let accounts = app.store.list_unseen(&connection.id, generation, accounts).await?;
    let pages = app.store.list_unseen(&connection.id, generation, pages).await?;
    let number = BATCH.min(usize::try_from(limit).unwrap_or(BATCH));
    let account_ids: Vec<AdAccountId> =
        accounts.iter().filter_map(|id| AdAccountId::parse(id).ok()).take(number).collect();
    let page_ids: Vec<PageId> = pages.iter().filter_map(|id| PageId::parse(id).ok()).take(number).collect();
    let mut read = Read::default();
    let asked = tokio::try_join!(
        app.graph().read_ad_accounts(token, &account_ids),
        app.graph().read_pages(token, &page_ids),
    );
    let (found_accounts, found_pages) = match asked {
        Ok((accounts, pages)) => match (shown(accounts), shown(pages)) {
            (Ok(accounts), Ok(pages)) => (accounts, pages),
            (Err(error), _) | (_, Err(error)) => return Ok(Err(error)),
        },
        Err(error) => return Ok(Err(error)),
    };
    let none = std::collections::HashMap::new();
    let row = |account| rows::new_ad_account(account, &Reading::MyAdAccounts, &none);
    read.assets.ad_accounts = found_accounts.iter().map(row).collect();
    rows::add_pages(&mut read.assets, &found_pages);
    let rest = |ids: Vec<String>| ids.into_iter().skip(number).collect::<Vec<_>>();
    let (accounts, pages) = (rest(accounts), rest(pages));
    if !accounts.is_empty() || !pages.is_empty() {
        read.more.push(SyncTask { list: SyncEdge::Targets { accounts, pages }, after: None });
    }
    Ok(Ok(read))
}

/// What cannot be read by its id is not ours to use, whatever the permission says; what was not answered is asked
/// for again.
fn shown<T>(answers: Vec<Result<T, GraphError>>) -> Result<Vec<T>, GraphError> {
    let mut shown = Vec::new();
    for answer in answers {
        match answer {
            Ok(one) => shown.push(one),
            Err(error) => match error.recovery() {
                Recovery::RetryLater | Recovery::Wait(_) | Recovery::AskForLess => return Err(error),
                _ => {}
            },
        }
    }
    Ok(shown)
}

async fn read_accounts(
    app: &App,
    token: &AccessToken,
    reading: Reading,
    business_name: &str,
    todo: &SyncTask,
    limit: u32,
) -> Result<Read, GraphError> {
    let page = app.graph().list_ad_accounts(token, &reading, todo.after.as_deref(), limit).await?;
    let mine = reading.business().map(|id| (id.to_string(), business_name.to_owned())).into_iter().collect();
    let rows = page.items.iter().map(|account| rows::new_ad_account(account, &reading, &mine));
    Ok(Read {
        assets: AssetBatch { ad_accounts: rows.collect(), ..AssetBatch::default() },
        after: page.after,
        total: page.total,
        more: Vec::new(),
        unread: None,
    })
}

/// Takes the page just read off the list; a business found on the way is read next, so that its
/// accounts are placed before `/me` shows them again.
fn advance(plan: &mut SyncPlan, read: &Read) {
    if plan.todo.is_empty() {
        return;
    }
    let current = plan.todo.remove(0);
    plan.pages += 1;
    let mut next: Vec<SyncTask> = read.more.clone();
    if let Some(after) = &read.after
        && current.after.as_ref() != Some(after)
    {
        next.push(SyncTask { list: current.list, after: Some(after.clone()) });
    }
    plan.todo.splice(0..0, next);
}

async fn settle(
    app: &App,
    job: &Job,
    connection: &Connection,
    plan: &SyncPlan,
    read: Read,
) -> Result<JobOutcome, StoreError> {
    let is_last = plan.todo.is_empty() || plan.pages >= PAGES_LIMIT;
    let step = SyncStep {
        connection_id: connection.id.clone(),
        generation: connection.sync_generation,
        assets: read.assets,
        unread: read.unread,
        total: read.total,
        next: (!is_last).then(|| plan.to_text()),
        at: app.now(),
        audit_id: app.new_row_id(),
    };
    app.store.settle_sync_step(job, &step).await?;
    Ok(JobOutcome::Recorded)
}

/// What a failed page means for the whole: later, smaller, without this list, or not with this token.
async fn failed(
    app: &App,
    job: &Job,
    connection: &Connection,
    mut plan: SyncPlan,
    error: &GraphError,
) -> Result<JobOutcome, StoreError> {
    tracing::warn!(connection = %connection.id, %error, attempts = job.attempts, "reading accounts failed");
    tell_operator(&app.store, app.now(), error).await;
    match error.recovery() {
        Recovery::AskForLess if plan.limit > 1 => {
            plan.limit /= 2;
            settle(app, job, connection, &plan, Read::default()).await
        }
        // One list that this person or app may not read does not end the others.
        Recovery::Permission
        | Recovery::Asset
        | Recovery::LoginAgain
        | Recovery::WrongToken
        | Recovery::Bug
        | Recovery::Unknown
        | Recovery::Operator(Fault::Review) => leave_out(app, job, connection, plan, error).await,
        Recovery::Wait(_) => {
            Ok(JobOutcome::RunAt(error.retry_at(app.now()).unwrap_or(app.now() + schedule::MINUTE)))
        }
        // The token seems dead, or this list never answers: what Meta says of the token itself decides.
        Recovery::Grant(_) => ask_whether_it_lives(app, job, connection, plan, error).await,
        Recovery::RetryLater | Recovery::AskForLess | Recovery::Operator(_) => {
            if job.attempts + 1 >= STUCK_AFTER {
                app.store.set_sync_state(&connection.id, SyncState::Failed).await?;
            }
            match job.attempts + 1 >= GIVEN_UP_AFTER {
                true => ask_whether_it_lives(app, job, connection, plan, error).await,
                false => Ok(JobOutcome::Retry),
            }
        }
    }
}

/// Goes on without this list.
async fn leave_out(
    app: &App,
    job: &Job,
    connection: &Connection,
    mut plan: SyncPlan,
    error: &GraphError,
) -> Result<JobOutcome, StoreError> {
    let read = Read { unread: unread(&plan, reason_of(error)), ..Read::default() };
    advance(&mut plan, &read);
    settle(app, job, connection, &plan, read).await
}

/// Why a list was left out, in a word of ours: `permission`, `unreachable`, `app`, `refused`.
fn reason_of(error: &GraphError) -> &'static str {
    match error.recovery() {
        Recovery::Permission => "permission",
        Recovery::Asset => "unreachable",
        Recovery::Operator(Fault::Review) => "app",
        _ => "refused",
    }
}

/// The list that was left out, for the page that says why an account is missing.
fn unread(plan: &SyncPlan, reason: &str) -> Option<UnreadList> {
    let (list, business_id, business_name) = plan.todo.first()?.list.names();
    Some(UnreadList {
        list: list.to_owned(),
        business_id: business_id.to_owned(),
        business_name: business_name.to_owned(),
        reason: reason.to_owned(),
    })
}

/// `debug_token` decides, not the answer of one list: where the token lives, the list is left out.
async fn ask_whether_it_lives(
    app: &App,
    job: &Job,
    connection: &Connection,
    plan: SyncPlan,
    error: &GraphError,
) -> Result<JobOutcome, StoreError> {
    match check::ask(app, &connection.id, CheckTrigger::ValidUntil(app.now())).await? {
        Outcome::Well | Outcome::Renewed | Outcome::NotRenewed => {
            leave_out(app, job, connection, plan, error).await
        }
        // Read anew once somebody has mended it.
        Outcome::NeedsPerson | Outcome::Unreadable => {
            app.store.set_sync_state(&connection.id, SyncState::Failed).await?;
            Ok(JobOutcome::Done)
        }
        Outcome::Gone => Ok(JobOutcome::Done),
        Outcome::Away | Outcome::HeldOff => Ok(JobOutcome::Retry),
    }
}
