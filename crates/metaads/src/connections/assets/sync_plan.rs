//! Planning a sync: which of Meta's lists are left to read for a connection, each with the cursor where it continues.
//! The plan is stored as the payload of the sync job.

use std::collections::{BTreeMap, HashMap};

use metaads_graph::{AdAccountId, Edge, FirstLists, GranularScope, ListPage};
use metaads_store::{
    AssetBatch, AssetCounts, Connection, ConnectionId, ConnectionKind, ConnectionSummary, IfSyncing, JobKind,
    JobPayload, NewJob, Priority, ScopeSet, StoreError, UserId,
};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::connections::assets::rows;
use crate::connections::assets::sync_task::{BusinessRef, Delay, NextPage, SyncEdge, SyncTask};
use crate::connections::granular_scopes::{self, Reach};
use crate::rate_limit;

/// Rows asked for at once.
pub const PAGE_LIMIT: u32 = 100;

/// Fewer rows are never asked for, however often Meta fails to answer.
const MIN_LIMIT: u32 = 5;
/// A list is asked for fewer rows from this many failed attempts in a row on.
const FEWER_ROWS_AFTER: u32 = 2;

/// What is left to sync: items that fail and wait independently of each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncPlan {
    pub tasks: Vec<SyncTask>,
    /// Rows to ask for at once, by the name of the list, where Meta did not answer the usual number.
    #[serde(default)]
    pub limits: BTreeMap<String, u32>,
}

impl SyncPlan {
    pub fn new(tasks: Vec<SyncTask>) -> SyncPlan {
        SyncPlan { tasks, limits: BTreeMap::new() }
    }

    /// The same plan, with the limits that worked in the connection's earlier syncs.
    #[must_use]
    pub fn with_limits_of(self, connection: &Connection) -> SyncPlan {
        SyncPlan { limits: serde_json::from_str(&connection.sync_limits).unwrap_or_default(), ..self }
    }

    /// Takes the first item that is due.
    pub fn take_due(&mut self, now: i64) -> Option<SyncTask> {
        let index = self.tasks.iter().position(|task| task.due_at <= now)?;
        Some(self.tasks.remove(index))
    }

    /// When the next item is due (Unix milliseconds); None: nothing is left.
    pub fn next_at(&self) -> Option<i64> {
        self.tasks.iter().map(|task| task.due_at).min()
    }

    /// Rows to ask for at once.
    pub fn limit(&self, edge: &SyncEdge) -> u32 {
        self.limits.get(edge.name()).copied().unwrap_or(PAGE_LIMIT)
    }

    /// Asks for half as many rows from now on. False if it cannot be fewer.
    pub fn reduce_limit(&mut self, edge: &SyncEdge) -> bool {
        let (before, name) = (self.limit(edge), edge.name().to_owned());
        let after = (before / 2).max(MIN_LIMIT);
        self.limits.insert(name, after);
        after < before
    }

    /// An item that failed goes to the end, until `due_at` (Unix milliseconds).
    pub fn put_off(&mut self, task: SyncTask, due_at: i64, delay: Delay) {
        let attempts = match delay {
            Delay::Unavailable => task.attempts + 1,
            Delay::RateLimited => task.attempts,
        };
        if delay == Delay::Unavailable && attempts >= FEWER_ROWS_AFTER {
            self.reduce_limit(&task.edge);
        }
        self.tasks.push(SyncTask { due_at, attempts, delay: Some(delay), ..task });
    }

    /// The limits, as they are stored with the connection.
    pub fn limits_text(&self) -> String {
        serde_json::to_string(&self.limits).expect("names and numbers always serialize")
    }

    /// A plan that reads everything from the start.
    pub fn everything(connection: &Connection) -> SyncPlan {
        let granular = &connection.granular_scopes;
        let plan = SyncPlan::new(match connection.kind {
            ConnectionKind::FacebookUser => {
                let lists = [SyncEdge::Me, SyncEdge::Businesses, SyncEdge::AdAccounts, SyncEdge::Pages];
                lists.map(SyncTask::from_start).into_iter().chain(granular_targets(granular)).collect()
            }
            ConnectionKind::BusinessSystemUser => {
                let business = connection.business_id.clone().zip(connection.business_name.clone());
                let me = [SyncTask::from_start(SyncEdge::Me)];
                me.into_iter().chain(of_system_user(business.as_ref(), granular)).collect()
            }
            ConnectionKind::InstagramUser => vec![SyncTask::from_start(SyncEdge::Me)],
        });
        plan.with_limits_of(connection)
    }

    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a plan of texts and numbers always serializes")
    }

    pub fn to_payload(&self) -> JobPayload {
        JobPayload::Sync(self.to_text())
    }

    /// The plan of a job. One that this version cannot read is replaced by a full one.
    pub fn from_payload(payload: &JobPayload, connection: &Connection) -> SyncPlan {
        let stored = match payload {
            JobPayload::Sync(text) => serde_json::from_str(text).ok(),
            JobPayload::Empty | JobPayload::Check(_) => None,
        };
        stored.unwrap_or_else(|| SyncPlan::everything(connection))
    }
}

/// Starts a full sync; `if_syncing` says what becomes of one that is running. False if the connection is not connected.
pub async fn start_sync(
    app: &App,
    id: &ConnectionId,
    priority: Priority,
    if_syncing: IfSyncing,
) -> Result<bool, StoreError> {
    let Some(connection) = app.store.find_connection_for_job(id).await? else { return Ok(false) };
    let plan = SyncPlan::everything(&connection).to_payload();
    let job = NewJob { priority, ..app.new_job(JobKind::Sync, id.as_str(), plan) };
    let started = app.store.start_sync(id, &job, if_syncing).await?;
    app.signals.enqueued.notify();
    Ok(started)
}

/// What became of a request for a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncRequest {
    Started,
    NotConnected,
    /// The user has caused too many calls to Meta.
    RateLimited,
}

/// Starts a sync for somebody who waits for it; a running one goes on.
pub async fn request_sync(
    app: &App,
    user: &UserId,
    connection: &ConnectionSummary,
) -> Result<SyncRequest, StoreError> {
    if !rate_limit::pay_for_calls(app, user, expected_calls(&connection.assets)).await? {
        return Ok(SyncRequest::RateLimited);
    }
    let is_started = start_sync(app, &connection.id, Priority::Interactive, IfSyncing::Continue).await?;
    Ok(if is_started { SyncRequest::Started } else { SyncRequest::NotConnected })
}

/// About as many calls as a full sync of these assets takes: the person's own lists, six of each business, and the
/// pages of the long ones.
fn expected_calls(assets: &AssetCounts) -> usize {
    let number = |count: i64| usize::try_from(count).unwrap_or_default();
    let rows = number(assets.ad_accounts) + number(assets.pages) + number(assets.instagram_accounts);
    3 + 6 * number(assets.businesses) + rows / PAGE_LIMIT as usize
}

/// What the first batch of a Facebook login brought, and what is left to sync. None: it did not come in time.
pub fn after_first_lists(
    lists: Option<&FirstLists>,
    granted: &ScopeSet,
    granular: &[GranularScope],
) -> (AssetBatch, Vec<SyncTask>) {
    let mut batch = AssetBatch::default();
    let mut tasks = Vec::new();
    let mut own_businesses = HashMap::new();
    let limited = || granular.iter().map(|scope| (scope.scope.as_str(), scope.target_ids.as_slice()));
    let reach = Reach::of(granted, limited());
    match lists.map(|lists| &lists.businesses) {
        Some(Ok(page)) => {
            own_businesses =
                page.items.iter().map(|business| (business.id.to_string(), business.name.clone())).collect();
            batch.businesses = page.items.iter().map(rows::new_business).collect();
            tasks.extend(
                page.items
                    .iter()
                    .flat_map(|business| lists_of_business(business.id.as_str(), &business.name)),
            );
            tasks.extend(rest(SyncEdge::Businesses, page));
        }
        Some(Err(_)) | None => tasks.push(SyncTask::from_start(SyncEdge::Businesses)),
    }
    match lists.map(|lists| &lists.ad_accounts) {
        Some(Ok(page)) => {
            let row = |account| rows::new_ad_account(account, &Edge::MyAdAccounts, &own_businesses, &reach);
            batch.ad_accounts = page.items.iter().map(row).collect();
            tasks.extend(rest(SyncEdge::AdAccounts, page));
        }
        Some(Err(_)) | None => tasks.push(SyncTask::from_start(SyncEdge::AdAccounts)),
    }
    match lists.map(|lists| &lists.pages) {
        Some(Ok(page)) => {
            rows::add_pages(&mut batch, &page.items);
            tasks.extend(rest(SyncEdge::Pages, page));
        }
        Some(Err(_)) | None => tasks.push(SyncTask::from_start(SyncEdge::Pages)),
    }
    tasks.extend(targets(limited()));
    (batch, tasks)
}

/// What there is to sync for a system user. `business`: id and name.
pub fn of_system_user(business: Option<&(String, String)>, granular: &str) -> Vec<SyncTask> {
    let own = [SyncEdge::AssignedAdAccounts, SyncEdge::AssignedPages].map(SyncTask::from_start);
    let of_business = business.map(|(id, name)| lists_of_business(id, name)).unwrap_or_default();
    of_business.into_iter().chain(own).chain(granular_targets(granular)).collect()
}

/// The lists of a business.
pub fn lists_of_business(id: &str, name: &str) -> Vec<SyncTask> {
    let business = || BusinessRef { id: id.to_owned(), name: name.to_owned() };
    let edges = [
        SyncEdge::OwnedAdAccounts(business()),
        SyncEdge::ClientAdAccounts(business()),
        SyncEdge::OwnedPages(business()),
        SyncEdge::ClientPages(business()),
        SyncEdge::OwnedInstagramAccounts(business()),
        SyncEdge::InstagramBusinessAccounts(business()),
    ];
    edges.map(SyncTask::from_start).to_vec()
}

fn rest<T>(edge: SyncEdge, page: &ListPage<T>) -> Option<SyncTask> {
    match SyncTask::from_start(edge).next_page(page.after.as_deref()) {
        NextPage::Task(task) => Some(task),
        NextPage::None | NextPage::Endless => None,
    }
}

fn granular_targets(granular: &str) -> Option<SyncTask> {
    let granular = granular_scopes::parse(granular);
    targets(granular.iter().map(|(scope, ids)| (scope.as_str(), ids.as_slice())))
}

/// The assets that granular scopes name.
fn targets<'a>(granular: impl Iterator<Item = (&'a str, &'a [String])>) -> Option<SyncTask> {
    let (mut ad_accounts, mut pages) = (Vec::new(), Vec::new());
    for (scope, ids) in granular {
        let targets = match scope {
            "ads_read" | "ads_management" => &mut ad_accounts,
            // Instagram's permissions carry the ids of Pages.
            _ if scope.starts_with("pages_") || scope.starts_with("instagram_") => &mut pages,
            _ => continue,
        };
        // Pages have ids of the same form.
        targets.extend(ids.iter().filter_map(|id| AdAccountId::parse_any(id).ok()).map(|id| id.to_string()));
    }
    for ids in [&mut ad_accounts, &mut pages] {
        ids.sort();
        ids.dedup();
    }
    let is_any = !ad_accounts.is_empty() || !pages.is_empty();
    is_any.then(|| SyncTask::from_start(SyncEdge::GranularTargets { ad_accounts, pages }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_that_granular_scopes_name_are_recognized_in_every_form() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let named = [
            ("ads_read", ids(&["act_5", "6"])),
            ("ads_management", ids(&["5", "nonsense"])),
            ("pages_show_list", ids(&["70"])),
            // Instagram's permissions carry the ids of Pages.
            ("instagram_basic", ids(&["71", "70"])),
            ("business_management", ids(&["9"])),
        ];
        let task = targets(named.iter().map(|(scope, ids)| (*scope, ids.as_slice()))).expect("some targets");
        let expected = SyncEdge::GranularTargets { ad_accounts: ids(&["5", "6"]), pages: ids(&["70", "71"]) };
        assert_eq!((task.edge, task.after), (expected, None));
        assert_eq!(targets([("ads_read", [].as_slice())].into_iter()), None);
    }

    #[test]
    fn an_item_that_fails_waits_behind_the_others_and_asks_for_fewer_rows() {
        let mut plan =
            SyncPlan::new([SyncEdge::AdAccounts, SyncEdge::Pages].map(SyncTask::from_start).to_vec());
        let failing = plan.take_due(0).expect("due");
        plan.put_off(failing, 15, Delay::Unavailable);
        assert_eq!(plan.take_due(0).expect("due").edge, SyncEdge::Pages);
        assert_eq!(
            (plan.take_due(0), plan.next_at(), plan.limit(&SyncEdge::AdAccounts)),
            (None, Some(15), 100)
        );
        for limit in [50, 25, 12, 6, 5, 5] {
            let failing = plan.take_due(1_000).expect("due");
            plan.put_off(failing, 15, Delay::Unavailable);
            assert_eq!(plan.limit(&SyncEdge::AdAccounts), limit);
        }
    }
}
