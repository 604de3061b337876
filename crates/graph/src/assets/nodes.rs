//! Graph nodes that a grant can reach: the person, permissions, businesses, ad accounts, Pages and Instagram
//! accounts. Source: Graph API reference of User, Business, Ad Account and Page.

use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::error::GraphError;
use crate::ids::{AdAccountId, AppScopedUserId, BusinessId, InstagramId, PageId};
use crate::json;

/// `status` of a granted permission; the others are `declined` and `expired`.
pub const PERMISSION_GRANTED: &str = "granted";
/// Longest name that is kept.
const MAX_NAME_CHARS: usize = 300;

/// The Meta person behind a token. The id is app-scoped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: AppScopedUserId,
    pub name: String,
    pub picture_url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    pub permission: String,
    /// `granted`, `declined` or `expired`.
    pub status: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Business {
    pub id: BusinessId,
    pub name: String,
    pub verification_status: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdAccount {
    pub id: AdAccountId,
    pub name: String,
    pub currency: String,
    pub timezone: String,
    /// Meta's number as it is, since Meta may add new ones.
    pub account_status: Option<i64>,
    pub disable_reason: Option<i64>,
    /// Id and name of the business that owns it; none for a personal account.
    pub business: Option<(BusinessId, String)>,
    pub tasks: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub id: PageId,
    pub name: String,
    pub tasks: Vec<String>,
    /// None if the Page is linked to no professional account, or `instagram_basic` is missing.
    pub instagram: Option<InstagramAccount>,
    /// Whether any Instagram account is linked in the Page's settings, professional or not.
    pub has_linked_instagram: bool,
    /// Id and name of the business that it belongs to, where Meta reports it.
    pub business: Option<(BusinessId, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstagramAccount {
    pub id: InstagramId,
    pub username: String,
    pub name: String,
}

pub(crate) fn parse_person(body: &Value) -> Result<Person, GraphError> {
    let id = json::text(body, "id").and_then(|id| AppScopedUserId::parse(&id).ok());
    let id = id.ok_or(GraphError::Malformed { endpoint: Endpoint::Me, status: 200, reason: "no id" })?;
    let picture = body.get("picture").and_then(|picture| picture.get("data"));
    Ok(Person {
        name: name(body).unwrap_or_else(|| id.to_string()),
        picture_url: picture.and_then(|data| json::text(data, "url")),
        id,
    })
}

pub(crate) fn parse_permissions(body: &Value) -> Vec<Permission> {
    let read = |item: &Value| {
        Some(Permission { permission: json::text(item, "permission")?, status: json::text(item, "status")? })
    };
    json::list(body, "data").iter().filter_map(read).collect()
}

/// A name without blanks around it, and bounded.
fn name(value: &Value) -> Option<String> {
    let name: String = json::text(value, "name")?.trim().chars().take(MAX_NAME_CHARS).collect();
    (!name.is_empty()).then_some(name)
}

impl AdAccount {
    pub(crate) fn from_json(value: &Value) -> Option<AdAccount> {
        let id = json::text(value, "account_id").or_else(|| json::text(value, "id"))?;
        let id = AdAccountId::parse_any(&id).ok()?;
        let business = business_of(value);
        Some(AdAccount {
            name: name(value).unwrap_or_else(|| format!("act_{id}")),
            currency: json::text(value, "currency").unwrap_or_default(),
            timezone: json::text(value, "timezone_name").unwrap_or_default(),
            account_status: json::whole(value, "account_status"),
            disable_reason: json::whole(value, "disable_reason"),
            tasks: json::words(value, "user_tasks"),
            business,
            id,
        })
    }
}

/// Id and name of the business that a node belongs to.
fn business_of(value: &Value) -> Option<(BusinessId, String)> {
    let business = value.get("business")?;
    let id = BusinessId::parse(&json::text(business, "id")?).ok()?;
    Some((id.clone(), name(business).unwrap_or_else(|| id.to_string())))
}

impl Business {
    pub(crate) fn from_json(value: &Value) -> Option<Business> {
        let id = BusinessId::parse(&json::text(value, "id")?).ok()?;
        Some(Business {
            name: name(value).unwrap_or_else(|| id.to_string()),
            verification_status: json::text(value, "verification_status"),
            id,
        })
    }
}

impl Page {
    pub(crate) fn from_json(value: &Value) -> Option<Page> {
        let id = PageId::parse(&json::text(value, "id")?).ok()?;
        let instagram = value.get("instagram_business_account").and_then(InstagramAccount::from_json);
        let is_linked = value.get("connected_instagram_account").is_some_and(Value::is_object);
        Some(Page {
            name: name(value).unwrap_or_else(|| id.to_string()),
            tasks: json::words(value, "tasks"),
            has_linked_instagram: is_linked || instagram.is_some(),
            business: business_of(value),
            instagram,
            id,
        })
    }
}

impl InstagramAccount {
    pub(crate) fn from_json(value: &Value) -> Option<InstagramAccount> {
        let id = InstagramId::parse(&json::text(value, "id")?).ok()?;
        let username = json::text(value, "username").unwrap_or_default();
        let name = name(value).unwrap_or_else(|| username.clone());
        Some(InstagramAccount { id, username, name })
    }
}
