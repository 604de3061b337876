//! What of a connection's assets is still to be read: lists at Meta, each with the cursor where it goes on. It
//! is stored with the job that reads them.

use metaads_store::{Connection, ConnectionKind};
use serde::{Deserialize, Serialize};

use crate::connections::assets::rows;
use crate::connections::connect::grant::granular_of;

/// Rows asked for at once.
pub const PAGE_LIMIT: u32 = 100;
/// What is still to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncPlan {
    pub todo: Vec<SyncTask>,
    pub limit: u32,
    /// Pages read so far.
    #[serde(default)]
    pub pages: u32,
}

/// What follows a login: `todo` is what its first answers left.
pub fn plan_after_login(todo: Vec<SyncTask>) -> String {
    SyncPlan { todo, limit: PAGE_LIMIT, pages: 0 }.to_text()
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncTask {
    pub list: SyncEdge,
    /// Meta's cursor; None: from the start.
    pub after: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncEdge {
    Businesses,
    AdAccounts,
    Pages,
    Owned {
        id: String,
        name: String,
    },
    Client {
        id: String,
        name: String,
    },
    OwnedPages {
        id: String,
        name: String,
    },
    ClientPages {
        id: String,
        name: String,
    },
    Instagram {
        id: String,
        name: String,
    },
    /// The same list under the name of another edge.
    BusinessInstagram {
        id: String,
        name: String,
    },
    /// The account behind Instagram Login.
    OwnInstagram,
    /// A system user's own.
    AssignedAdAccounts,
    AssignedPages,
    /// Assets that the permissions name: read by id where no list showed them. Left out again once read.
    Targets {
        accounts: Vec<String>,
        pages: Vec<String>,
    },
}

impl SyncEdge {
    /// What Meta calls it, and the business whose list it is ("" for the person's own).
    pub fn names(&self) -> (&'static str, &str, &str) {
        match self {
            SyncEdge::Businesses => ("businesses", "", ""),
            SyncEdge::AdAccounts => ("adaccounts", "", ""),
            SyncEdge::Pages => ("accounts", "", ""),
            SyncEdge::AssignedAdAccounts => ("assigned_ad_accounts", "", ""),
            SyncEdge::AssignedPages => ("assigned_pages", "", ""),
            SyncEdge::Targets { .. } => ("granular_scopes", "", ""),
            SyncEdge::OwnInstagram => ("me", "", ""),
            SyncEdge::Owned { id, name } => ("owned_ad_accounts", id, name),
            SyncEdge::Client { id, name } => ("client_ad_accounts", id, name),
            SyncEdge::OwnedPages { id, name } => ("owned_pages", id, name),
            SyncEdge::ClientPages { id, name } => ("client_pages", id, name),
            SyncEdge::Instagram { id, name } => ("owned_instagram_accounts", id, name),
            SyncEdge::BusinessInstagram { id, name } => ("instagram_business_accounts", id, name),
        }
    }
}

/// What there is to be read of a system user.
pub fn of_system_user(business: Option<&(String, String)>, granular: &str) -> Vec<SyncTask> {
    let own =
        [SyncEdge::AssignedAdAccounts, SyncEdge::AssignedPages].map(|list| SyncTask { list, after: None });
    let of_business = business.map(|(id, name)| rows::lists_of_business(id, name)).unwrap_or_default();
    of_business.into_iter().chain(own).chain(targets_of(granular)).collect()
}

fn targets_of(granular: &str) -> Option<SyncTask> {
    let granular = granular_of(granular);
    rows::targets(granular.iter().map(|(scope, ids)| (scope.as_str(), ids.as_slice())))
}

impl SyncPlan {
    /// Everything, from the start.
    pub fn everything(connection: &Connection) -> SyncPlan {
        let todo = match connection.kind {
            ConnectionKind::FacebookUser => {
                let lists = [SyncEdge::Businesses, SyncEdge::AdAccounts, SyncEdge::Pages];
                let lists = lists.map(|list| SyncTask { list, after: None });
                lists.into_iter().chain(targets_of(&connection.granular_scopes)).collect()
            }
            ConnectionKind::BusinessSystemUser => {
                let business = connection.business_id.clone().zip(connection.business_name.clone());
                of_system_user(business.as_ref(), &connection.granular_scopes)
            }
            ConnectionKind::InstagramUser => vec![SyncTask { list: SyncEdge::OwnInstagram, after: None }],
        };
        SyncPlan { todo, limit: PAGE_LIMIT, pages: 0 }
    }

    /// Whether a cursor leads to the very page that it came with.
    pub fn is_cursor_loop(&self, after: Option<&str>) -> bool {
        after.is_some() && self.todo.first().is_some_and(|todo| todo.after.as_deref() == after)
    }

    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a plan of texts and numbers always serializes")
    }

    pub fn from_text(text: &str, connection: &Connection) -> SyncPlan {
        serde_json::from_str(text).unwrap_or_else(|_| SyncPlan::everything(connection))
    }
}
