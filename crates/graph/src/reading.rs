//! Reading lists and nodes: the paths and fields. Source: Graph API reference of User, Business,
//! Ad Account and Page.

use serde_json::Value;

use crate::assets::{
    AdAccount, Business, InstagramAccount, Page, Permission, Person, read_permissions, read_person,
};
use crate::batch::Item;
use crate::client::Graph;
use crate::error::GraphError;
use crate::ids::{AccessToken, AdAccountId, AppScopedUserId, BusinessId, PageId};
use crate::json;
use crate::paging::{ListPage, asks_for, read_page};

const AD_ACCOUNT_FIELDS: &str =
    "id,account_id,name,currency,timezone_name,account_status,disable_reason,business{id,name},user_tasks";
const PAGE_FIELDS: &str = "id,name,tasks,business{id,name},instagram_business_account{id,username,name,profile_picture_url},\
     connected_instagram_account{id,username}";
const BUSINESS_FIELDS: &str = "id,name,verification_status";
const INSTAGRAM_FIELDS: &str = "id,username,name";

/// Which list of ad accounts or other assets to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    MyAdAccounts,
    /// What was assigned to a system user.
    AssignedAdAccounts,
    OwnedAdAccounts(BusinessId),
    ClientAdAccounts(BusinessId),
    MyBusinesses,
    MyPages,
    /// What was assigned to a system user.
    AssignedPages,
    OwnedPages(BusinessId),
    ClientPages(BusinessId),
    OwnedInstagram(BusinessId),
    BusinessInstagram(BusinessId),
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

/// A system user, as its own token shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemUser {
    pub id: AppScopedUserId,
    pub name: String,
    /// The portfolio that it belongs to, for tokens of Facebook Login for Business.
    pub business: Option<BusinessId>,
}

impl Reading {
    fn endpoint(&self) -> &'static str {
        match self {
            Reading::MyAdAccounts => "adaccounts",
            Reading::OwnedAdAccounts(_) => "owned_ad_accounts",
            Reading::ClientAdAccounts(_) => "client_ad_accounts",
            Reading::AssignedAdAccounts => "assigned_ad_accounts",
            Reading::MyBusinesses => "businesses",
            Reading::MyPages => "accounts",
            Reading::AssignedPages => "assigned_pages",
            Reading::OwnedPages(_) => "owned_pages",
            Reading::ClientPages(_) => "client_pages",
            Reading::OwnedInstagram(_) => "owned_instagram_accounts",
            Reading::BusinessInstagram(_) => "instagram_business_accounts",
        }
    }

    /// The business whose list it is; None: the person's or system user's own.
    pub fn business(&self) -> Option<&BusinessId> {
        match self {
            Reading::OwnedAdAccounts(id)
            | Reading::ClientAdAccounts(id)
            | Reading::OwnedPages(id)
            | Reading::ClientPages(id)
            | Reading::OwnedInstagram(id)
            | Reading::BusinessInstagram(id) => Some(id),
            Reading::MyAdAccounts
            | Reading::AssignedAdAccounts
            | Reading::MyBusinesses
            | Reading::MyPages
            | Reading::AssignedPages => None,
        }
    }

    fn path(&self) -> String {
        let owner = self.business().map_or("me", BusinessId::as_str);
        format!("{owner}/{}", self.endpoint())
    }

    fn query(&self, after: Option<&str>, limit: u32) -> Vec<(&'static str, String)> {
        let fields = match self {
            Reading::MyAdAccounts
            | Reading::AssignedAdAccounts
            | Reading::OwnedAdAccounts(_)
            | Reading::ClientAdAccounts(_) => AD_ACCOUNT_FIELDS,
            Reading::MyBusinesses => BUSINESS_FIELDS,
            Reading::MyPages | Reading::AssignedPages | Reading::OwnedPages(_) | Reading::ClientPages(_) => {
                PAGE_FIELDS
            }
            Reading::OwnedInstagram(_) | Reading::BusinessInstagram(_) => INSTAGRAM_FIELDS,
        };
        let mut query = vec![("fields", fields.to_owned()), ("limit", limit.to_string())];
        if matches!(self, Reading::MyAdAccounts | Reading::AssignedAdAccounts) {
            query.push(("summary", "true".to_owned()));
        }
        query.extend(after.map(asks_for).unwrap_or_default());
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
        let graph = &self.app.graph_url;
        Ok(Profile {
            person: person.and_then(|body| read_person(&body)),
            permissions: permissions.map(|body| read_permissions(&body)),
            ad_accounts: ad_accounts.and_then(|body| read_page("adaccounts", &body, graph, AdAccount::read)),
            businesses: businesses.and_then(|body| read_page("businesses", &body, graph, Business::read)),
            pages: pages.and_then(|body| read_page("accounts", &body, graph, Page::read)),
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
        reading: &Reading,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ListPage<Page>, GraphError> {
        self.list(token, reading, after, limit, Page::read).await
    }

    /// A business's Instagram accounts.
    pub async fn list_instagram_accounts(
        &self,
        token: &AccessToken,
        reading: &Reading,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ListPage<InstagramAccount>, GraphError> {
        self.list(token, reading, after, limit, InstagramAccount::read).await
    }

    /// Up to 50 ad accounts by id in one batch, each with an outcome of its own.
    pub async fn read_ad_accounts(
        &self,
        token: &AccessToken,
        ids: &[AdAccountId],
    ) -> Result<Vec<Result<AdAccount, GraphError>>, GraphError> {
        let paths = ids.iter().map(|id| format!("act_{id}"));
        self.read_nodes(token, "act", AD_ACCOUNT_FIELDS, paths, AdAccount::read).await
    }

    /// Up to 50 Pages by id in one batch, each with an outcome of its own.
    pub async fn read_pages(
        &self,
        token: &AccessToken,
        ids: &[PageId],
    ) -> Result<Vec<Result<Page, GraphError>>, GraphError> {
        self.read_nodes(token, "page", PAGE_FIELDS, ids.iter().map(ToString::to_string), Page::read).await
    }

    async fn read_nodes<T>(
        &self,
        token: &AccessToken,
        endpoint: &'static str,
        fields: &str,
        paths: impl Iterator<Item = String>,
        read: fn(&Value) -> Option<T>,
    ) -> Result<Vec<Result<T, GraphError>>, GraphError> {
        let item = |path| Item { endpoint, path, query: vec![("fields", fields.to_owned())] };
        let items: Vec<Item> = paths.map(item).collect();
        let malformed = || GraphError::Malformed { endpoint, status: 200, reason: "a node without an id" };
        let answers = self.batch(token, &items).await?.into_iter();
        Ok(answers.map(|answer| answer.and_then(|body| read(&body).ok_or_else(malformed))).collect())
    }

    /// Whose a system user's token is. Two shapes of the question: only tokens of Facebook Login for
    /// Business know `client_business_id`.
    pub async fn read_system_user(&self, token: &AccessToken) -> Result<SystemUser, GraphError> {
        let ask = |fields: &'static str| self.get("me", "me", token, vec![("fields", fields.to_owned())]);
        let answer = match ask("id,name,client_business_id").await {
            Err(GraphError::Refused(refusal)) if refusal.code == Some(100) => ask("id,name").await?,
            answer => answer?,
        };
        let business = json::text(&answer, "client_business_id").and_then(|id| BusinessId::parse(&id).ok());
        let person = read_person(&answer)?;
        Ok(SystemUser { id: person.id, name: person.name, business })
    }

    /// A business's own name.
    pub async fn read_business(&self, token: &AccessToken, id: &BusinessId) -> Result<Business, GraphError> {
        let endpoint = "business";
        let more = vec![("fields", BUSINESS_FIELDS.to_owned())];
        let answer = self.get(endpoint, id.as_str(), token, more).await?;
        Business::read(&answer).ok_or(GraphError::Malformed { endpoint, status: 200, reason: "no id" })
    }

    async fn list<T>(
        &self,
        token: &AccessToken,
        reading: &Reading,
        after: Option<&str>,
        limit: u32,
        read: fn(&Value) -> Option<T>,
    ) -> Result<ListPage<T>, GraphError> {
        let endpoint = reading.endpoint();
        let answer = self.get(endpoint, &reading.path(), token, reading.query(after, limit)).await?;
        read_page(endpoint, &answer, &self.app.graph_url, read)
    }
}
