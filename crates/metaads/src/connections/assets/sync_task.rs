//! The items of a sync: which of Meta's lists is read, where it goes on, and until when it waits.

use serde::{Deserialize, Serialize};

use crate::random::hash;

/// No list has this many pages; cursors without an end do.
const MAX_PAGES: u32 = 2_000;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
