//! Reading the rest of a connection's assets in the background, one page a step. Where it stands is
//! stored with what was read, so that a crash repeats one page at most.

use metaads_graph::{BusinessId, GraphError, Reading, Recovery};
use metaads_store::{AssetBatch, Connection, ConnectionId, Job, JobKind, StoreError, SyncState, SyncStep};
use serde::{Deserialize, Serialize};

use super::upkeep::{NoToken, fresh_token};
use super::{assets, schedule};
use crate::app::App;
use crate::jobs::Settled;

/// A page is read with a token that lasts at least so long.
const TOKEN_TTL: i64 = 10 * schedule::MINUTE;
/// Rows asked for at once.
pub const PAGE_LIMIT: u32 = 100;
/// No reading takes so many pages; cursors that turn in circles do.
const PAGES_LIMIT: u32 = 5_000;
/// From so many failed tries in a row on, the page says that reading is stuck.
const STUCK_AFTER: i64 = 3;

/// What is still to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub todo: Vec<Todo>,
    pub limit: u32,
    /// Pages read so far.
    #[serde(default)]
    pub pages: u32,
}

/// What follows a login: `todo` is what its first answers left.
pub fn progress_after_login(todo: Vec<Todo>) -> String {
    Progress { todo, limit: PAGE_LIMIT, pages: 0 }.to_text()
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Todo {
    pub list: List,
    /// Meta's cursor; None: from the start.
    pub after: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    Businesses,
    AdAccounts,
    Pages,
    Owned { id: String, name: String },
    Client { id: String, name: String },
}

impl Progress {
    /// Everything, from the start.
    pub fn everything() -> Progress {
        let todo = [List::Businesses, List::AdAccounts, List::Pages];
        Progress { todo: todo.map(|list| Todo { list, after: None }).to_vec(), limit: PAGE_LIMIT, pages: 0 }
    }

    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a progress of texts and numbers always serializes")
    }

    fn from_text(text: &str) -> Progress {
        serde_json::from_str(text).unwrap_or_else(|_| Progress::everything())
    }
}

/// Reads everything anew, because somebody asked. False where the connection is not connected.
pub async fn start(app: &App, id: &ConnectionId) -> Result<bool, StoreError> {
    let progress = Progress::everything().to_text();
    let started = app.store.start_sync(id, &app.new_job_id(), &progress, app.now()).await?;
    app.jobs_bell.notify_waiters();
    Ok(started)
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
        Err(NoToken::Unreadable) => return ask_whether_it_lives(app, &connection).await,
    };
    let mut progress = Progress::from_text(&job.progress);
    let read = match progress.todo.first() {
        Some(todo) => read(app, &token, todo, progress.limit).await,
        None => Ok(Read::default()),
    };
    match read {
        Ok(read) => {
            advance(&mut progress, &read);
            settle(app, job, &connection, &progress, read.assets, read.total).await
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
}

async fn read(
    app: &App,
    token: &metaads_graph::AccessToken,
    todo: &Todo,
    limit: u32,
) -> Result<Read, GraphError> {
    let after = todo.after.as_deref();
    let mut read = Read::default();
    match &todo.list {
        List::Businesses => {
            let page = app.graph().list_businesses(token, after, limit).await?;
            read.assets.businesses = page.items.iter().map(assets::new_business).collect();
            read.more = page.items.iter().flat_map(assets::of_business).collect();
            read.after = page.after;
        }
        List::Pages => {
            let page = app.graph().list_pages(token, &Reading::MyPages, after, limit).await?;
            assets::add_pages(&mut read.assets, &page.items);
            read.after = page.after;
        }
        List::AdAccounts => return read_accounts(app, token, Reading::MyAdAccounts, "", todo, limit).await,
        List::Owned { id, name } => match BusinessId::parse(id) {
            Ok(id) => {
                return read_accounts(app, token, Reading::OwnedAdAccounts(id), name, todo, limit).await;
            }
            Err(_) => return Ok(read),
        },
        List::Client { id, name } => match BusinessId::parse(id) {
            Ok(id) => {
                return read_accounts(app, token, Reading::ClientAdAccounts(id), name, todo, limit).await;
            }
            Err(_) => return Ok(read),
        },
    }
    Ok(read)
}

async fn read_accounts(
    app: &App,
    token: &metaads_graph::AccessToken,
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
    assets: AssetBatch,
    total: Option<i64>,
) -> Result<Settled, StoreError> {
    let is_last = progress.todo.is_empty() || progress.pages >= PAGES_LIMIT;
    let step = SyncStep {
        connection_id: connection.id.clone(),
        generation: connection.sync_generation,
        assets,
        total,
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
    match error.recovery() {
        Recovery::AskForLess if progress.limit > 1 => {
            progress.limit /= 2;
            settle(app, job, connection, &progress, AssetBatch::default(), None).await
        }
        // One list that this person or app may not read does not end the others.
        Recovery::Permission
        | Recovery::Asset
        | Recovery::LoginAgain
        | Recovery::WrongToken
        | Recovery::Bug
        | Recovery::Unknown => {
            advance(&mut progress, &Read::default());
            settle(app, job, connection, &progress, AssetBatch::default(), None).await
        }
        Recovery::Grant(_) => ask_whether_it_lives(app, connection).await,
        Recovery::Wait(_) => {
            Ok(Settled::Later(error.retry_at(app.now()).unwrap_or(app.now() + schedule::MINUTE)))
        }
        Recovery::RetryLater | Recovery::AskForLess | Recovery::Operator(_) => {
            if job.attempts + 1 >= STUCK_AFTER {
                app.store.set_sync_state(&connection.id, SyncState::Failed).await?;
            }
            Ok(Settled::TryAgain)
        }
    }
}

/// The token seems dead: `debug_token` decides, not this answer.
async fn ask_whether_it_lives(app: &App, connection: &Connection) -> Result<Settled, StoreError> {
    app.store.set_sync_state(&connection.id, SyncState::Failed).await?;
    let subject = connection.id.as_str();
    app.store.enqueue_job(&app.new_job_id(), JobKind::Check, subject, "", app.now()).await?;
    Ok(Settled::Done)
}
