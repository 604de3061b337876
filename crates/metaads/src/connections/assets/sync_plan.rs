//! Planning a sync: which of Meta's lists are left to read for a connection, each with the cursor where it continues.
//! The plan is stored as the payload of the sync job.

use std::collections::HashMap;

use metaads_graph::{AdAccountId, Edge, GranularScope, ListPage, Profile};
use metaads_store::{
    AssetBatch, Connection, ConnectionId, ConnectionKind, JobKind, JobPayload, NewJob, Priority, StoreError,
};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::connections::assets::rows;
use crate::connections::granular_scopes;

/// Rows asked for at once.
pub const PAGE_LIMIT: u32 = 100;

/// What is left to sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncPlan {
    pub tasks: Vec<SyncTask>,
    /// Rows to ask for at once.
    pub limit: u32,
    /// Pages read so far.
    #[serde(default)]
    pub pages: u32,
}

/// A list to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncTask {
    pub edge: SyncEdge,
    /// Meta's cursor; None: from the start.
    pub after: Option<String>,
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
    /// The account behind Instagram Login.
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
    fn from_start(edge: SyncEdge) -> SyncTask {
        SyncTask { edge, after: None }
    }
}

impl SyncPlan {
    pub fn new(tasks: Vec<SyncTask>) -> SyncPlan {
        SyncPlan { tasks, limit: PAGE_LIMIT, pages: 0 }
    }

    /// A plan that reads everything from the start.
    pub fn everything(connection: &Connection) -> SyncPlan {
        let granular = &connection.granular_scopes;
        SyncPlan::new(match connection.kind {
            ConnectionKind::FacebookUser => {
                let lists = [SyncEdge::Businesses, SyncEdge::AdAccounts, SyncEdge::Pages];
                lists.map(SyncTask::from_start).into_iter().chain(granular_targets(granular)).collect()
            }
            ConnectionKind::BusinessSystemUser => {
                let business = connection.business_id.clone().zip(connection.business_name.clone());
                of_system_user(business.as_ref(), granular)
            }
            ConnectionKind::InstagramUser => vec![SyncTask::from_start(SyncEdge::Me)],
        })
    }

    /// Whether a cursor leads to the very page that it came with.
    pub fn is_cursor_loop(&self, after: Option<&str>) -> bool {
        after.is_some() && self.tasks.first().is_some_and(|task| task.after.as_deref() == after)
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

/// Starts a full sync. False if the connection is not connected.
pub async fn start_sync(app: &App, id: &ConnectionId, priority: Priority) -> Result<bool, StoreError> {
    let Some(connection) = app.store.find_connection_for_job(id).await? else { return Ok(false) };
    let plan = SyncPlan::everything(&connection).to_payload();
    let job = NewJob { priority, ..app.new_job(JobKind::Sync, id.as_str(), plan) };
    let started = app.store.start_sync(id, &job).await?;
    app.signals.enqueued.notify();
    Ok(started)
}

/// What the first batch of a Facebook login brought, and what is left to sync.
pub fn after_profile(profile: &Profile, granular: &[GranularScope]) -> (AssetBatch, Vec<SyncTask>) {
    let mut batch = AssetBatch::default();
    let mut tasks = Vec::new();
    let mut own_businesses = HashMap::new();
    match &profile.businesses {
        Ok(page) => {
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
        Err(_) => tasks.push(SyncTask::from_start(SyncEdge::Businesses)),
    }
    match &profile.ad_accounts {
        Ok(page) => {
            let row = |account| rows::new_ad_account(account, &Edge::MyAdAccounts, &own_businesses);
            batch.ad_accounts = page.items.iter().map(row).collect();
            tasks.extend(rest(SyncEdge::AdAccounts, page));
        }
        Err(_) => tasks.push(SyncTask::from_start(SyncEdge::AdAccounts)),
    }
    match &profile.pages {
        Ok(page) => {
            rows::add_pages(&mut batch, &page.items);
            tasks.extend(rest(SyncEdge::Pages, page));
        }
        Err(_) => tasks.push(SyncTask::from_start(SyncEdge::Pages)),
    }
    tasks.extend(targets(granular.iter().map(|scope| (scope.scope.as_str(), scope.target_ids.as_slice()))));
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
    page.after.clone().map(|after| SyncTask { edge, after: Some(after) })
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
}
