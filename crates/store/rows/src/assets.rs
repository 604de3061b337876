//! Ad accounts, businesses, Pages and Instagram accounts that a connection reaches.

use serde::Serialize;

use crate::text::{ConnectionId, ScopeSet, text_enum};

text_enum!(
    /// How a connection reaches an ad account.
    Relation {
        Owned = "owned",
        Client = "client",
        Personal = "personal",
        Shared = "shared",
    }
);

/// An ad account as a sync writes it. Serialized, since many rows go into one statement as JSON.
#[derive(Debug, Clone, Serialize)]
pub struct NewAdAccount {
    pub account_id: String,
    pub account_name: String,
    pub name_key: String,
    pub currency: String,
    pub timezone: String,
    pub is_selectable: bool,
    pub account_status: Option<i64>,
    pub disable_reason: Option<i64>,
    pub business_id: Option<String>,
    pub business_name: Option<String>,
    pub group_id: String,
    pub group_name: String,
    pub relation: String,
    pub tasks: String,
    /// Why it cannot be used: a stable error code.
    pub lost_reason: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct NewBusiness {
    pub business_id: String,
    pub name: String,
    pub verification_status: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct NewPage {
    pub page_id: String,
    pub name: String,
    pub tasks: String,
    pub has_linked_instagram: bool,
    pub business_id: Option<String>,
    pub business_name: Option<String>,
}

text_enum!(
    /// Why a list could not be read.
    UnreadReason {
        /// A permission or role is missing.
        Permission = "permission",
        /// Meta says that it does not exist, or that this token cannot see it.
        Unreachable = "unreachable",
        /// The app lacks an approval.
        AppReview = "app",
        /// The business requires two-factor authentication of the person.
        TwoFactor = "two_factor",
        /// Meta's quota for it was used up.
        RateLimited = "rate_limited",
        /// Its pages lead in a circle: what was read is kept, and there may be more.
        Endless = "endless",
        /// Meta refused for a temporary reason.
        Refused = "refused",
    }
);

/// A list that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadList {
    /// The Graph API edge.
    pub list: String,
    /// "" for the person's own lists.
    pub business_id: String,
    pub business_name: String,
    pub reason: UnreadReason,
}

#[derive(Debug, Clone, Serialize)]
pub struct NewInstagramAccount {
    pub instagram_id: String,
    pub username: String,
    pub name: String,
    pub page_id: Option<String>,
}

/// The assets of one page of a list, or of one batch request.
#[derive(Debug, Clone, Default)]
pub struct AssetBatch {
    pub ad_accounts: Vec<NewAdAccount>,
    pub businesses: Vec<NewBusiness>,
    pub pages: Vec<NewPage>,
    pub instagram_accounts: Vec<NewInstagramAccount>,
}

#[derive(Debug, Clone)]
pub struct AdAccount {
    pub account_id: String,
    pub account_name: String,
    pub name_key: String,
    pub currency: String,
    pub timezone: String,
    pub is_selected: bool,
    pub is_selectable: bool,
    pub account_status: Option<i64>,
    pub disable_reason: Option<i64>,
    pub is_reachable: bool,
    pub business_id: Option<String>,
    pub business_name: Option<String>,
    pub group_id: String,
    pub relation: Relation,
    pub tasks: ScopeSet,
    pub last_validated_at: i64,
    /// Why it is unreachable: a stable error code. None: it is reachable.
    pub lost_reason: Option<String>,
}

/// Which ad accounts a filter matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    All,
    Selected,
    Unusable,
}

impl Only {
    pub fn as_str(self) -> &'static str {
        match self {
            Only::All => "all",
            Only::Selected => "selected",
            Only::Unusable => "unusable",
        }
    }
}

#[derive(Debug, Clone)]
pub struct AdAccountFilter {
    pub connection_id: ConnectionId,
    /// A business id, or "" for the accounts in no business; None: every group.
    pub group_id: Option<String>,
    /// Only these ids; None: every id.
    pub account_ids: Option<Vec<String>>,
    /// Text that the name or the id contains.
    pub search: Option<String>,
    pub only: Only,
    /// Name key and id of the last row of the previous page.
    pub after: Option<(String, String)>,
    pub limit: i64,
}

impl AdAccountFilter {
    /// Every ad account of a connection.
    pub fn all(connection_id: &ConnectionId, limit: i64) -> AdAccountFilter {
        AdAccountFilter {
            connection_id: connection_id.clone(),
            group_id: None,
            account_ids: None,
            search: None,
            only: Only::All,
            after: None,
            limit,
        }
    }

    /// The ids as `,1,2,`, to be searched by LIKE; "" matches every row.
    pub fn account_list(&self) -> String {
        self.account_ids.as_ref().map_or_else(String::new, |ids| format!(",{},", ids.join(",")))
    }

    /// The pattern for LIKE with `\` as the escape character; "" matches every row.
    pub fn pattern(&self) -> String {
        let Some(search) = self.search.as_deref().map(str::trim).filter(|search| !search.is_empty()) else {
            return String::new();
        };
        let search = search.strip_prefix("act_").unwrap_or(search).to_lowercase();
        let mut pattern = String::from("%");
        for character in search.chars().filter(|character| !character.is_control()).take(100) {
            if matches!(character, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        pattern.push('%');
        pattern
    }
}

/// Counts of one business's ad accounts that match a filter.
#[derive(Debug, Clone)]
pub struct AccountGroup {
    pub group_id: String,
    pub name: String,
    pub relation: Relation,
    pub total: i64,
    pub selected: i64,
    pub selectable: i64,
}

#[derive(Debug, Clone)]
pub struct Business {
    pub business_id: String,
    pub name: String,
}

#[derive(Debug, Clone)]
pub struct Page {
    pub page_id: String,
    pub name: String,
    pub tasks: ScopeSet,
    /// An Instagram account is linked to it, professional or not.
    pub has_linked_instagram: bool,
    /// A professional one, which apps can use.
    pub has_instagram: bool,
    pub business_name: Option<String>,
}

#[derive(Debug, Clone)]
pub struct InstagramAccount {
    pub instagram_id: String,
    pub username: String,
    pub name: String,
}

/// How a new selection differs from the old one, in numbers of ad accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SelectionChange {
    pub added: usize,
    pub removed: usize,
    pub selected: usize,
    /// Requested, but unreachable or unusable: not selected.
    pub refused: usize,
}
