//! What a grant reaches: the person, permissions, businesses, ad accounts, Pages and Instagram
//! accounts. Source: Graph API reference of User, Business, Ad Account and Page.

use serde_json::Value;

use crate::batch::Item;
use crate::client::Graph;
use crate::error::GraphError;
use crate::ids::{AccessToken, AdAccountId, AppScopedUserId, BusinessId, InstagramId, PageId};
use crate::json;

/// `status` of a permission that was given; the others are `declined` and `expired`.
pub const PERMISSION_GRANTED: &str = "granted";

const AD_ACCOUNT_FIELDS: &str =
    "id,account_id,name,currency,timezone_name,account_status,disable_reason,business{id,name},user_tasks";
const PAGE_FIELDS: &str = "id,name,tasks,instagram_business_account{id,username,name,profile_picture_url}";
const BUSINESS_FIELDS: &str = "id,name,verification_status";

/// The Meta person behind a token, as this app sees them.
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
    /// Meta's number; kept raw, since new ones may come.
    pub account_status: Option<i64>,
    pub disable_reason: Option<i64>,
    /// The business that owns it; none for a personal account.
    pub business: Option<(BusinessId, String)>,
    pub tasks: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub id: PageId,
    pub name: String,
    pub tasks: Vec<String>,
    /// Absent where the Page is linked to no professional account, or `instagram_basic` is missing.
    pub instagram: Option<InstagramAccount>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstagramAccount {
    pub id: InstagramId,
    pub username: String,
    pub name: String,
}

/// One page of a list. `after` is the cursor of the next page, absent on the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage<T> {
    pub items: Vec<T>,
    pub after: Option<String>,
    /// `summary.total_count`, where Meta sends it.
    pub total: Option<i64>,
}

/// Which list of ad accounts or other assets to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    MyAdAccounts,
    OwnedAdAccounts(BusinessId),
    ClientAdAccounts(BusinessId),
    MyBusinesses,
    MyPages,
}

/// What one batch tells about a new token. Each part may fail by itself.
#[derive(Debug)]
pub struct Profile {
    pub person: Result<Person, GraphError>,
    pub permissions: Result<Vec<Permission>, GraphError>,
    pub ad_accounts: Result<ListPage<AdAccount>, GraphError>,
    pub businesses: Result<ListPage<Business>, GraphError>,
    pub pages: Result<ListPage<Page>, GraphError>,
}

impl Reading {
    fn endpoint(&self) -> &'static str {
        match self {
            Reading::MyAdAccounts => "adaccounts",
            Reading::OwnedAdAccounts(_) => "owned_ad_accounts",
            Reading::ClientAdAccounts(_) => "client_ad_accounts",
            Reading::MyBusinesses => "businesses",
            Reading::MyPages => "accounts",
        }
    }

    fn path(&self) -> String {
        match self {
            Reading::OwnedAdAccounts(business) | Reading::ClientAdAccounts(business) => {
                format!("{business}/{}", self.endpoint())
            }
            Reading::MyAdAccounts | Reading::MyBusinesses | Reading::MyPages => {
                format!("me/{}", self.endpoint())
            }
        }
    }

    fn query(&self, after: Option<&str>, limit: u32) -> Vec<(&'static str, String)> {
        let fields = match self {
            Reading::MyAdAccounts | Reading::OwnedAdAccounts(_) | Reading::ClientAdAccounts(_) => {
                AD_ACCOUNT_FIELDS
            }
            Reading::MyBusinesses => BUSINESS_FIELDS,
            Reading::MyPages => PAGE_FIELDS,
        };
        let mut query = vec![("fields", fields.to_owned()), ("limit", limit.to_string())];
        if matches!(self, Reading::MyAdAccounts) {
            query.push(("summary", "true".to_owned()));
        }
        if let Some(after) = after {
            query.push(("after", after.to_owned()));
        }
        query
    }

    fn item(&self, limit: u32) -> Item {
        Item { endpoint: self.endpoint(), path: self.path(), query: self.query(None, limit) }
    }
}

impl Graph {
    /// One batch: person, permissions, and the first page of each list.
    pub async fn read_profile(&self, token: &AccessToken, limit: u32) -> Result<Profile, GraphError> {
        let person = Item {
            endpoint: "me",
            path: "me".to_owned(),
            query: vec![("fields", "id,name,picture".to_owned())],
        };
        let permissions =
            Item { endpoint: "permissions", path: "me/permissions".to_owned(), query: Vec::new() };
        let items = [
            person,
            permissions,
            Reading::MyAdAccounts.item(limit),
            Reading::MyBusinesses.item(limit),
            Reading::MyPages.item(limit),
        ];
        let answers = self.batch(token, &items).await?;
        let [person, permissions, ad_accounts, businesses, pages] =
            <[_; 5]>::try_from(answers).expect("batch gives one answer for each item");
        Ok(Profile {
            person: person.and_then(|body| read_person(&body)),
            permissions: permissions.map(|body| read_permissions(&body)),
            ad_accounts: ad_accounts.and_then(|body| read_page("adaccounts", &body, AdAccount::read)),
            businesses: businesses.and_then(|body| read_page("businesses", &body, Business::read)),
            pages: pages.and_then(|body| read_page("accounts", &body, Page::read)),
        })
    }

    /// Who the token acts for, asked alone.
    pub async fn read_person(&self, token: &AccessToken) -> Result<Person, GraphError> {
        let more = vec![("fields", "id,name,picture".to_owned())];
        read_person(&self.get("me", "me", token, more).await?)
    }

    /// What the person granted and declined, asked alone.
    pub async fn read_permissions(&self, token: &AccessToken) -> Result<Vec<Permission>, GraphError> {
        Ok(read_permissions(&self.get("permissions", "me/permissions", token, Vec::new()).await?))
    }

    pub async fn list_ad_accounts(
        &self,
        token: &AccessToken,
        reading: &Reading,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ListPage<AdAccount>, GraphError> {
        self.list(token, reading, after, limit, AdAccount::read).await
    }

    pub async fn list_businesses(
        &self,
        token: &AccessToken,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ListPage<Business>, GraphError> {
        self.list(token, &Reading::MyBusinesses, after, limit, Business::read).await
    }

    pub async fn list_pages(
        &self,
        token: &AccessToken,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ListPage<Page>, GraphError> {
        self.list(token, &Reading::MyPages, after, limit, Page::read).await
    }

    async fn list<T>(
        &self,
        token: &AccessToken,
        reading: &Reading,
        after: Option<&str>,
        limit: u32,
        read: fn(&Value) -> Option<T>,
    ) -> Result<ListPage<T>, GraphError> {
        let query = reading.query(after, limit);
        read_page(
            reading.endpoint(),
            &self.get(reading.endpoint(), &reading.path(), token, query).await?,
            read,
        )
    }
}

/// The list ends where `paging.next` is absent, not at a short page; the address in `next` holds the
/// token and is never followed, only the cursor is taken.
fn read_page<T>(
    endpoint: &'static str,
    body: &Value,
    read: fn(&Value) -> Option<T>,
) -> Result<ListPage<T>, GraphError> {
    let data = body.get("data").and_then(Value::as_array).ok_or(GraphError::Malformed {
        endpoint,
        status: 200,
        reason: "a list without data",
    })?;
    let paging = body.get("paging").filter(|paging| paging.get("next").is_some_and(Value::is_string));
    let after =
        paging.and_then(|paging| paging.get("cursors")).and_then(|cursors| json::text(cursors, "after"));
    let total = body.get("summary").and_then(|summary| json::whole(summary, "total_count"));
    Ok(ListPage { items: data.iter().filter_map(read).collect(), after, total })
}

fn read_person(body: &Value) -> Result<Person, GraphError> {
    let id = json::text(body, "id").and_then(|id| AppScopedUserId::parse(&id).ok());
    let id = id.ok_or(GraphError::Malformed { endpoint: "me", status: 200, reason: "no id" })?;
    let picture = body.get("picture").and_then(|picture| picture.get("data"));
    Ok(Person {
        name: name(body).unwrap_or_else(|| id.to_string()),
        picture_url: picture.and_then(|data| json::text(data, "url")),
        id,
    })
}

fn read_permissions(body: &Value) -> Vec<Permission> {
    let read = |item: &Value| {
        Some(Permission { permission: json::text(item, "permission")?, status: json::text(item, "status")? })
    };
    json::list(body, "data").iter().filter_map(read).collect()
}

/// A name, bounded: people write novels into them.
fn name(value: &Value) -> Option<String> {
    let name: String = json::text(value, "name")?.trim().chars().take(300).collect();
    (!name.is_empty()).then_some(name)
}

impl AdAccount {
    fn read(value: &Value) -> Option<AdAccount> {
        let id = json::text(value, "account_id").or_else(|| json::text(value, "id"))?;
        let id = AdAccountId::parse_any(&id).ok()?;
        let business = value.get("business").and_then(|business| {
            let id = BusinessId::parse(&json::text(business, "id")?).ok()?;
            Some((id.clone(), name(business).unwrap_or_else(|| id.to_string())))
        });
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

impl Business {
    fn read(value: &Value) -> Option<Business> {
        let id = BusinessId::parse(&json::text(value, "id")?).ok()?;
        Some(Business {
            name: name(value).unwrap_or_else(|| id.to_string()),
            verification_status: json::text(value, "verification_status"),
            id,
        })
    }
}

impl Page {
    fn read(value: &Value) -> Option<Page> {
        let id = PageId::parse(&json::text(value, "id")?).ok()?;
        let instagram = value.get("instagram_business_account").and_then(|account| {
            let id = InstagramId::parse(&json::text(account, "id")?).ok()?;
            let username = json::text(account, "username").unwrap_or_default();
            let name = name(account).unwrap_or_else(|| username.clone());
            Some(InstagramAccount { id, username, name })
        });
        Some(Page {
            name: name(value).unwrap_or_else(|| id.to_string()),
            tasks: json::words(value, "tasks"),
            instagram,
            id,
        })
    }
}
