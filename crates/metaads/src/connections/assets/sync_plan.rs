//! Planning a sync: which of Meta's lists are left to read for a connection, each with the cursor where it continues.
//! The plan is stored as the payload of the sync job.

use std::collections::{BTreeMap, HashMap};

use metaads_graph::{AdAccountId, Edge, FirstLists, GranularScope, ListPage};
use metaads_store::{
    AssetBatch, Connection, ConnectionId, ConnectionKind, IfSyncing, JobKind, JobPayload, NewJob, Priority,
    ScopeSet, StoreError,
};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::connections::assets::rows;
use crate::connections::granular_scopes::{self, Reach};
use crate::random::hash;

/// Rows asked for at once.
pub const PAGE_LIMIT: u32 = 100;

/// Fewer rows are never asked for, however often Meta fails to answer.
const MIN_LIMIT: u32 = 5;
/// A list is asked for fewer rows from this many failed attempts in a row on.
const FEWER_ROWS_AFTER: u32 = 2;
/// No list has this many pages; cursors without an end do.
const MAX_PAGES: u32 = 2_000;

/// What is left to sync: items that fail and wait independently of each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncPlan {
    pub tasks: Vec<SyncTask>,
    /// Rows to ask for at once, by the name of the list, where Meta did not answer the usual number.
    #[serde(default)]
    pub limits: BTreeMap<String, u32>,
}

/// An item: a list to read, from this page on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncTask {
    pub edge: SyncEdge,
    /// Meta's cursor; None: from the start.
    pub after: Option<String>,
    /// Pages of this list that were read.
    #[serde(default)]
    pub pages: u32,
    /// Hash of an earlier cursor of this list: if it comes again, the cursors lead in a circle.
    #[serde(default)]
    pub mark: Option<String>,
    /// Failed attempts in a row.
    #[serde(default)]
    pub attempts: u32,
    /// Not before this moment (Unix milliseconds).
    #[serde(default)]
    pub due_at: i64,
    /// Why it has to wait; None: it does not.
    #[serde(default)]
    pub delay: Option<Delay>,
}

/// Why an item has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delay {
    /// Meta's quota for it is used up.
    RateLimited,
    /// Meta did not answer.
    Unavailable,
}

/// Whether a list goes on after a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextPage {
    /// That was the last one.
    None,
    Task(SyncTask),
    /// The cursors lead in a circle, or nowhere.
    Endless,
}

/// A business portfolio whose list it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusinessRef {
    pub id: String,
    pub name: String,
}

/// Meta's lists, by the names of their edges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncEdge {
    Businesses,
    AdAccounts,
    Pages,
    OwnedAdAccounts(BusinessRef),
    ClientAdAccounts(BusinessRef),
    OwnedPages(BusinessRef),
    ClientPages(BusinessRef),
    OwnedInstagramAccounts(BusinessRef),
    /// The same list under the name of another edge.
    InstagramBusinessAccounts(BusinessRef),
    AssignedAdAccounts,
    AssignedPages,
    /// Whose connection it is: the person, the business, or the account behind Instagram Login.
    Me,
    /// Assets that the granular scopes name: read by id if no list showed them.
    GranularTargets {
        ad_accounts: Vec<String>,
        pages: Vec<String>,
    },
}

impl SyncEdge {
    /// Meta's name of the edge.
    pub fn name(&self) -> &'static str {
        match self {
            SyncEdge::Businesses => "businesses",
            SyncEdge::AdAccounts => "adaccounts",
            SyncEdge::Pages => "accounts",
            SyncEdge::AssignedAdAccounts => "assigned_ad_accounts",
            SyncEdge::AssignedPages => "assigned_pages",
            SyncEdge::GranularTargets { .. } => "granular_scopes",
            SyncEdge::Me => "me",
            SyncEdge::OwnedAdAccounts(_) => "owned_ad_accounts",
            SyncEdge::ClientAdAccounts(_) => "client_ad_accounts",
            SyncEdge::OwnedPages(_) => "owned_pages",
            SyncEdge::ClientPages(_) => "client_pages",
            SyncEdge::OwnedInstagramAccounts(_) => "owned_instagram_accounts",
            SyncEdge::InstagramBusinessAccounts(_) => "instagram_business_accounts",
        }
    }

    /// Whether the list shows ad accounts, or the businesses that have them.
    pub fn is_about_accounts(&self) -> bool {
        match self {
            SyncEdge::Businesses
            | SyncEdge::AdAccounts
            | SyncEdge::AssignedAdAccounts
            | SyncEdge::OwnedAdAccounts(_)
            | SyncEdge::ClientAdAccounts(_) => true,
            SyncEdge::Pages
            | SyncEdge::AssignedPages
            | SyncEdge::OwnedPages(_)
            | SyncEdge::ClientPages(_)
            | SyncEdge::OwnedInstagramAccounts(_)
            | SyncEdge::InstagramBusinessAccounts(_)
            | SyncEdge::Me
            | SyncEdge::GranularTargets { .. } => false,
        }
    }

    /// The business whose list it is; None for the person's own lists.
    pub fn business(&self) -> Option<&BusinessRef> {
        match self {
            SyncEdge::OwnedAdAccounts(business)
            | SyncEdge::ClientAdAccounts(business)
            | SyncEdge::OwnedPages(business)
            | SyncEdge::ClientPages(business)
            | SyncEdge::OwnedInstagramAccounts(business)
            | SyncEdge::InstagramBusinessAccounts(business) => Some(business),
            SyncEdge::Businesses
            | SyncEdge::AdAccounts
            | SyncEdge::Pages
            | SyncEdge::AssignedAdAccounts
            | SyncEdge::AssignedPages
            | SyncEdge::Me
            | SyncEdge::GranularTargets { .. } => None,
        }
    }
}

impl SyncTask {
    pub fn from_start(edge: SyncEdge) -> SyncTask {
        SyncTask { edge, after: None, pages: 0, mark: None, attempts: 0, due_at: 0, delay: None }
    }

    /// The item that reads on at this cursor. A circle of any length is found with one remembered cursor, which is
    /// replaced after 1, 2, 4, 8, ... pages (Brent's algorithm).
    pub fn next_page(&self, after: Option<&str>) -> NextPage {
        let Some(after) = after else { return NextPage::None };
        let cursor = hash(after)[..16].to_owned();
        let pages = self.pages + 1;
        if self.mark.as_ref() == Some(&cursor) || self.after.as_deref() == Some(after) || pages >= MAX_PAGES {
            return NextPage::Endless;
        }
        let mark = if pages.is_power_of_two() { Some(cursor) } else { self.mark.clone() };
        let edge = self.edge.clone();
        NextPage::Task(SyncTask { after: Some(after.to_owned()), pages, mark, ..SyncTask::from_start(edge) })
    }
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
    fn a_circle_of_cursors_of_any_length_ends_soon_and_a_long_list_does_not() {
        for (start, length) in [(0, 1), (0, 2), (7, 3), (49, 50), (3, 500)] {
            let cursor = |page: u32| match page < start {
                true => page.to_string(),
                false => (start + (page - start) % length).to_string(),
            };
            let mut task = SyncTask::from_start(SyncEdge::AdAccounts);
            let pages = (0..).find(|page| match task.next_page(Some(&cursor(*page))) {
                NextPage::Task(next) => {
                    task = next;
                    false
                }
                NextPage::None | NextPage::Endless => true,
            });
            let pages = pages.expect("it ends");
            assert!(pages >= start + length - 1, "every page was read: {pages} of {start} + {length}");
            assert!(pages <= 3 * (start + length), "{pages} calls for {start} + {length}");
        }
        let mut task = SyncTask::from_start(SyncEdge::AdAccounts);
        for page in 0..1_000 {
            let NextPage::Task(next) = task.next_page(Some(&page.to_string())) else {
                panic!("cut off at {page}")
            };
            task = next;
        }
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
