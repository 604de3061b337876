//! Reading assets: one batch for a new token, pages of lists, and nodes by id.

use serde_json::Value;

use super::edge::{AD_ACCOUNT_FIELDS, BUSINESS_FIELDS, Edge, PAGE_FIELDS};
use super::nodes::{
    AdAccount, Business, InstagramAccount, Page, Permission, Person, parse_permissions, parse_person,
};
use super::paging::{ListPage, parse_page};
use crate::batch::Item;
use crate::client::Graph;
use crate::endpoint::Endpoint;
use crate::error::GraphError;
use crate::ids::{AccessToken, AdAccountId, AppScopedUserId, BusinessId, PageId};
use crate::json;

const PERSON_FIELDS: &str = "id,name,picture";

/// What one batch reads with a new token. Each part can fail on its own.
#[derive(Debug)]
pub struct Profile {
    pub person: Result<Person, GraphError>,
    pub permissions: Result<Vec<Permission>, GraphError>,
    pub lists: FirstLists,
}

/// The first page of each of a person's lists. Each part can fail on its own.
#[derive(Debug)]
pub struct FirstLists {
    pub ad_accounts: Result<ListPage<AdAccount>, GraphError>,
    pub businesses: Result<ListPage<Business>, GraphError>,
    pub pages: Result<ListPage<Page>, GraphError>,
}

/// A system user, as its own token reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemUser {
    pub id: AppScopedUserId,
    pub name: String,
    /// The business portfolio that it belongs to; only tokens of Facebook Login for Business report it.
    pub business: Option<BusinessId>,
}

impl Graph {
    /// Reads a [`Profile`] in one round trip.
    pub async fn read_profile(&self, token: &AccessToken, limit: u32) -> Result<Profile, GraphError> {
        let person = Item {
            endpoint: Endpoint::Me,
            path: "me".to_owned(),
            query: vec![("fields", PERSON_FIELDS.to_owned())],
        };
        let permissions =
            Item { endpoint: Endpoint::Permissions, path: "me/permissions".to_owned(), query: Vec::new() };
        let items = [
            person,
            permissions,
            Edge::MyAdAccounts.batch_item(limit),
            Edge::MyBusinesses.batch_item(limit),
            Edge::MyPages.batch_item(limit),
        ];
        let outcomes = self.batch(token, &items).await?;
        let [person, permissions, ad_accounts, businesses, pages] =
            <[_; 5]>::try_from(outcomes).expect("a batch has one outcome for each item");
        let graph = &self.app.graph_url;
        Ok(Profile {
            person: person.and_then(|body| parse_person(&body)),
            permissions: permissions.map(|body| parse_permissions(&body)),
            lists: FirstLists {
                ad_accounts: ad_accounts
                    .and_then(|body| parse_page(Endpoint::AdAccounts, &body, graph, AdAccount::from_json)),
                businesses: businesses
                    .and_then(|body| parse_page(Endpoint::Businesses, &body, graph, Business::from_json)),
                pages: pages.and_then(|body| parse_page(Endpoint::Pages, &body, graph, Page::from_json)),
            },
        })
    }

    /// Reads the person behind the token, without the rest of the profile.
    pub async fn read_person(&self, token: &AccessToken) -> Result<Person, GraphError> {
        let params = vec![("fields", PERSON_FIELDS.to_owned())];
        parse_person(&self.get(Endpoint::Me, "me", token, params).await?)
    }

    /// Reads what the person granted and declined, without the rest of the profile.
    pub async fn read_permissions(&self, token: &AccessToken) -> Result<Vec<Permission>, GraphError> {
        let response = self.get(Endpoint::Permissions, "me/permissions", token, Vec::new()).await?;
        Ok(parse_permissions(&response))
    }

    pub async fn list_ad_accounts(
        &self,
        token: &AccessToken,
        edge: &Edge,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ListPage<AdAccount>, GraphError> {
        self.list(token, edge, after, limit, AdAccount::from_json).await
    }

    pub async fn list_businesses(
        &self,
        token: &AccessToken,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ListPage<Business>, GraphError> {
        self.list(token, &Edge::MyBusinesses, after, limit, Business::from_json).await
    }

    pub async fn list_pages(
        &self,
        token: &AccessToken,
        edge: &Edge,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ListPage<Page>, GraphError> {
        self.list(token, edge, after, limit, Page::from_json).await
    }

    /// Reads a page of a business's Instagram accounts.
    pub async fn list_instagram_accounts(
        &self,
        token: &AccessToken,
        edge: &Edge,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ListPage<InstagramAccount>, GraphError> {
        self.list(token, edge, after, limit, InstagramAccount::from_json).await
    }

    /// Reads up to 50 ad accounts by id in one batch, with one outcome for each.
    pub async fn read_ad_accounts(
        &self,
        token: &AccessToken,
        ids: &[AdAccountId],
    ) -> Result<Vec<Result<AdAccount, GraphError>>, GraphError> {
        let paths = ids.iter().map(|id| format!("act_{id}"));
        self.read_nodes(token, Endpoint::AdAccount, AD_ACCOUNT_FIELDS, paths, AdAccount::from_json).await
    }

    /// Reads up to 50 Pages by id in one batch, with one outcome for each.
    pub async fn read_pages(
        &self,
        token: &AccessToken,
        ids: &[PageId],
    ) -> Result<Vec<Result<Page, GraphError>>, GraphError> {
        self.read_nodes(
            token,
            Endpoint::Page,
            PAGE_FIELDS,
            ids.iter().map(ToString::to_string),
            Page::from_json,
        )
        .await
    }

    async fn read_nodes<T>(
        &self,
        token: &AccessToken,
        endpoint: Endpoint,
        fields: &str,
        paths: impl Iterator<Item = String>,
        parse: fn(&Value) -> Option<T>,
    ) -> Result<Vec<Result<T, GraphError>>, GraphError> {
        let item = |path| Item { endpoint, path, query: vec![("fields", fields.to_owned())] };
        let items: Vec<Item> = paths.map(item).collect();
        let malformed = || GraphError::Malformed { endpoint, status: 200, reason: "a node without an id" };
        let outcomes = self.batch(token, &items).await?.into_iter();
        Ok(outcomes.map(|outcome| outcome.and_then(|body| parse(&body).ok_or_else(malformed))).collect())
    }

    /// Reads the system user behind a token. Only tokens of Facebook Login for Business know
    /// `client_business_id`; for the others Meta refuses the field, and the read is repeated without it.
    pub async fn read_system_user(&self, token: &AccessToken) -> Result<SystemUser, GraphError> {
        let read =
            |fields: &'static str| self.get(Endpoint::Me, "me", token, vec![("fields", fields.to_owned())]);
        let response = match read("id,name,client_business_id").await {
            Err(GraphError::Api(error)) if error.code == Some(100) => read("id,name").await?,
            outcome => outcome?,
        };
        let business = json::text(&response, "client_business_id").and_then(|id| BusinessId::parse(&id).ok());
        let person = parse_person(&response)?;
        Ok(SystemUser { id: person.id, name: person.name, business })
    }

    /// Reads one business by id.
    pub async fn read_business(&self, token: &AccessToken, id: &BusinessId) -> Result<Business, GraphError> {
        let endpoint = Endpoint::Business;
        let params = vec![("fields", BUSINESS_FIELDS.to_owned())];
        let response = self.get(endpoint, id.as_str(), token, params).await?;
        Business::from_json(&response).ok_or(GraphError::Malformed { endpoint, status: 200, reason: "no id" })
    }

    async fn list<T>(
        &self,
        token: &AccessToken,
        edge: &Edge,
        after: Option<&str>,
        limit: u32,
        parse: fn(&Value) -> Option<T>,
    ) -> Result<ListPage<T>, GraphError> {
        let endpoint = edge.endpoint();
        let response = self.get(endpoint, &edge.path(), token, edge.query(after, limit)).await?;
        parse_page(endpoint, &response, &self.app.graph_url, parse)
    }
}
