//! Reading the rest of a connection's assets in the background, one page a step. Where it stands is
//! stored with what was read, so that a crash repeats one page at most.

use metaads_graph::{
    AccessToken, AdAccountId, BusinessId, Fault, GraphError, InstagramAccount, PageId, Reading, Recovery,
};
use metaads_store::{
    AssetBatch, Connection, ConnectionId, Job, JobKind, StoreError, SyncState, SyncStep, UnreadList,
};

use super::progress::{List, Progress, Todo};
use super::upkeep::{self, NoToken, Outcome, Wish, fresh_token};
use super::{assets, forget_trouble, schedule, tell_operator};
use crate::app::App;
use crate::jobs::Settled;

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
pub async fn start(app: &App, id: &ConnectionId, who: Who) -> Result<bool, StoreError> {
    let Some(connection) = app.store.find_connection_for_job(id).await? else { return Ok(false) };
    let progress = Progress::everything(&connection).to_text();
    let lane = i64::from(who == Who::Nobody);
    let started = app.store.start_sync(id, &app.new_job_id(), &progress, lane, app.now()).await?;
    app.jobs_bell.notify_waiters();
    Ok(started)
}

/// Whether somebody waits for a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Person,
    Nobody,
}

/// One step: the first list's next page.
pub async fn step(app: &App, job: &Job) -> Result<Settled, StoreError> {
    let id = ConnectionId::from_text(&job.subject);
    let connection = match &id {
        Some(id) => app.store.find_connection_for_job(id).await?,
        None => None,
    };
    let Some(connection) = connection else { return Ok(Settled::Done) };
    let token = match fresh_token(app, &connection, TOKEN_TTL).await? {
        Ok(fresh) => fresh.token,
        Err(NoToken::NotNow) => return Ok(Settled::TryAgain),
        Err(NoToken::Disconnected) => return Ok(Settled::Done),
        Err(NoToken::Person(_)) => {
            app.store.set_sync_state(&connection.id, SyncState::Failed).await?;
            return Ok(Settled::Done);
        }
        // A visit says so on the connection; the one that can read it again has everything read anew.
        Err(NoToken::Unreadable) => {
            app.store.set_sync_state(&connection.id, SyncState::Failed).await?;
            let subject = connection.id.as_str();
            app.store.enqueue_job(&app.new_job_id(), JobKind::Check, subject, "", app.now()).await?;
            return Ok(Settled::Done);
        }
    };
    let mut progress = Progress::from_text(&job.progress, &connection);
    let read = match progress.todo.first() {
        Some(todo) => match &todo.list {
            List::Targets { accounts, pages } => {
                read_targets(app, &connection, &token, progress.limit, accounts, pages).await?
            }
            _ => read(app, &token, todo, progress.limit).await,
        },
        None => Ok(Read::default()),
    };
    match read {
        Ok(mut read) => {
            forget_trouble(app, job).await;
            if progress.is_in_circles(read.after.as_deref()) {
                read.unread = unread(&progress, "refused");
            }
            advance(&mut progress, &read);
            settle(app, job, &connection, &progress, read).await
        }
        Err(error) => failed(app, job, &connection, progress, &error).await,
    }
}

/// What one page brought.
#[derive(Default)]
struct Read {
    assets: AssetBatch,
    after: Option<String>,
    total: Option<i64>,
    more: Vec<Todo>,
    unread: Option<UnreadList>,
}

async fn read(app: &App, token: &AccessToken, todo: &Todo, limit: u32) -> Result<Read, GraphError> {
    let after = todo.after.as_deref();
    let mut read = Read::default();
    match &todo.list {
        List::Businesses => {
            let page = app.graph().list_businesses(token, after, limit).await?;
            read.assets.businesses = page.items.iter().map(assets::new_business).collect();
            read.more = page.items.iter().flat_map(assets::of_business).collect();
            read.after = page.after;
        }
        List::OwnInstagram => {
            let profile = app.graph().read_instagram_profile(token).await?;
            let (id, username, name) = (profile.id, profile.username, profile.name);
            assets::add_instagram(&mut read.assets, &[InstagramAccount { id, username, name }]);
        }
        List::Instagram { .. } | List::BusinessInstagram { .. } => {
            let Some(reading) = reading_of(&todo.list) else { return Ok(read) };
            let page = app.graph().list_instagram_accounts(token, &reading, after, limit).await?;
            assets::add_instagram(&mut read.assets, &page.items);
            read.after = page.after;
        }
        List::Pages | List::AssignedPages | List::OwnedPages { .. } | List::ClientPages { .. } => {
            let Some(reading) = reading_of(&todo.list) else { return Ok(read) };
            let page = app.graph().list_pages(token, &reading, after, limit).await?;
            assets::add_pages(&mut read.assets, &page.items);
            read.after = page.after;
        }
        List::AdAccounts | List::AssignedAdAccounts | List::Owned { .. } | List::Client { .. } => {
            let Some(reading) = reading_of(&todo.list) else { return Ok(read) };
            return read_accounts(app, token, reading, todo.list.names().2, todo, limit).await;
        }
        List::Targets { .. } => {}
    }
    Ok(read)
}

/// The list at Meta; None where it has none, or its business is no id.
fn reading_of(list: &List) -> Option<Reading> {
    let business = |id: &String| BusinessId::parse(id).ok();
    Some(match list {
        List::AdAccounts => Reading::MyAdAccounts,
        List::AssignedAdAccounts => Reading::AssignedAdAccounts,
        List::Businesses => Reading::MyBusinesses,
        List::Pages => Reading::MyPages,
        List::AssignedPages => Reading::AssignedPages,
        List::Owned { id, .. } => Reading::OwnedAdAccounts(business(id)?),
        List::Client { id, .. } => Reading::ClientAdAccounts(business(id)?),
        List::OwnedPages { id, .. } => Reading::OwnedPages(business(id)?),
        List::ClientPages { id, .. } => Reading::ClientPages(business(id)?),
        List::Instagram { id, .. } => Reading::OwnedInstagram(business(id)?),
        List::BusinessInstagram { id, .. } => Reading::BusinessInstagram(business(id)?),
        List::OwnInstagram | List::Targets { .. } => return None,
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
    let row = |account| assets::new_ad_account(account, &Reading::MyAdAccounts, &none);
    read.assets.ad_accounts = found_accounts.iter().map(row).collect();
    assets::add_pages(&mut read.assets, &found_pages);
    let rest = |ids: Vec<String>| ids.into_iter().skip(number).collect::<Vec<_>>();
    let (accounts, pages) = (rest(accounts), rest(pages));
    if !accounts.is_empty() || !pages.is_empty() {
        read.more.push(Todo { list: List::Targets { accounts, pages }, after: None });
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
    todo: &Todo,
    limit: u32,
) -> Result<Read, GraphError> {
    let page = app.graph().list_ad_accounts(token, &reading, todo.after.as_deref(), limit).await?;
    let mine = reading.business().map(|id| (id.to_string(), business_name.to_owned())).into_iter().collect();
    let rows = page.items.iter().map(|account| assets::new_ad_account(account, &reading, &mine));
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
fn advance(progress: &mut Progress, read: &Read) {
    if progress.todo.is_empty() {
        return;
    }
    let current = progress.todo.remove(0);
    progress.pages += 1;
    let mut next: Vec<Todo> = read.more.clone();
    if let Some(after) = &read.after
        && current.after.as_ref() != Some(after)
    {
        next.push(Todo { list: current.list, after: Some(after.clone()) });
    }
    progress.todo.splice(0..0, next);
}

async fn settle(
    app: &App,
    job: &Job,
    connection: &Connection,
    progress: &Progress,
    read: Read,
) -> Result<Settled, StoreError> {
    let is_last = progress.todo.is_empty() || progress.pages >= PAGES_LIMIT;
    let step = SyncStep {
        connection_id: connection.id.clone(),
        generation: connection.sync_generation,
        assets: read.assets,
        unread: read.unread,
        total: read.total,
        next: (!is_last).then(|| progress.to_text()),
        at: app.now(),
        audit_id: app.new_row_id(),
    };
    app.store.settle_sync_step(job, &step).await?;
    Ok(Settled::Already)
}

/// What a failed page means for the whole: later, smaller, without this list, or not with this token.
async fn failed(
    app: &App,
    job: &Job,
    connection: &Connection,
    mut progress: Progress,
    error: &GraphError,
) -> Result<Settled, StoreError> {
    tracing::warn!(connection = %connection.id, %error, attempts = job.attempts, "reading accounts failed");
    tell_operator(app, error).await;
    match error.recovery() {
        Recovery::AskForLess if progress.limit > 1 => {
            progress.limit /= 2;
            settle(app, job, connection, &progress, Read::default()).await
        }
        // One list that this person or app may not read does not end the others.
        Recovery::Permission
        | Recovery::Asset
        | Recovery::LoginAgain
        | Recovery::WrongToken
        | Recovery::Bug
        | Recovery::Unknown
        | Recovery::Operator(Fault::Review) => leave_out(app, job, connection, progress, error).await,
        Recovery::Wait(_) => {
            Ok(Settled::Later(error.retry_at(app.now()).unwrap_or(app.now() + schedule::MINUTE)))
        }
        // The token seems dead, or this list never answers: what Meta says of the token itself decides.
        Recovery::Grant(_) => ask_whether_it_lives(app, job, connection, progress, error).await,
        Recovery::RetryLater | Recovery::AskForLess | Recovery::Operator(_) => {
            if job.attempts + 1 >= STUCK_AFTER {
                app.store.set_sync_state(&connection.id, SyncState::Failed).await?;
            }
            match job.attempts + 1 >= GIVEN_UP_AFTER {
                true => ask_whether_it_lives(app, job, connection, progress, error).await,
                false => Ok(Settled::TryAgain),
            }
        }
    }
}

/// Goes on without this list.
async fn leave_out(
    app: &App,
    job: &Job,
    connection: &Connection,
    mut progress: Progress,
    error: &GraphError,
) -> Result<Settled, StoreError> {
    let read = Read { unread: unread(&progress, reason_of(error)), ..Read::default() };
    advance(&mut progress, &read);
    settle(app, job, connection, &progress, read).await
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
fn unread(progress: &Progress, reason: &str) -> Option<UnreadList> {
    let (list, business_id, business_name) = progress.todo.first()?.list.names();
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
    progress: Progress,
    error: &GraphError,
) -> Result<Settled, StoreError> {
    match upkeep::ask(app, &connection.id, Wish::LastsUntil(app.now())).await? {
        Outcome::Well | Outcome::Renewed | Outcome::NotRenewed => {
            leave_out(app, job, connection, progress, error).await
        }
        // Read anew once somebody has mended it.
        Outcome::NeedsPerson | Outcome::Unreadable => {
            app.store.set_sync_state(&connection.id, SyncState::Failed).await?;
            Ok(Settled::Done)
        }
        Outcome::Gone => Ok(Settled::Done),
        Outcome::Away | Outcome::HeldOff => Ok(Settled::TryAgain),
    }
}
