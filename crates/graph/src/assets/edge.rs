//! Graph edges: the lists of assets that can be read, with their paths and fields. Source: Graph API
//! reference of User, Business, Ad Account and Page.

use super::paging::next_page_params;
use crate::batch::Item;
use crate::endpoint::Endpoint;
use crate::ids::BusinessId;

pub(super) const AD_ACCOUNT_FIELDS: &str =
    "id,account_id,name,currency,timezone_name,account_status,disable_reason,business{id,name},user_tasks";
pub(super) const PAGE_FIELDS: &str = "id,name,tasks,business{id,name},instagram_business_account{id,username,name,profile_picture_url},\
     connected_instagram_account{id,username}";
pub(super) const BUSINESS_FIELDS: &str = "id,name,verification_status";
const INSTAGRAM_FIELDS: &str = "id,username,name";

/// A list of assets, of the person or system user behind the token (`My…`, `Assigned…`) or of a business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edge {
    MyAdAccounts,
    /// Of a system user.
    AssignedAdAccounts,
    OwnedAdAccounts(BusinessId),
    ClientAdAccounts(BusinessId),
    MyBusinesses,
    MyPages,
    /// Of a system user.
    AssignedPages,
    OwnedPages(BusinessId),
    ClientPages(BusinessId),
    OwnedInstagram(BusinessId),
    BusinessInstagram(BusinessId),
}

impl Edge {
    pub(super) fn endpoint(&self) -> Endpoint {
        match self {
            Edge::MyAdAccounts => Endpoint::AdAccounts,
            Edge::OwnedAdAccounts(_) => Endpoint::OwnedAdAccounts,
            Edge::ClientAdAccounts(_) => Endpoint::ClientAdAccounts,
            Edge::AssignedAdAccounts => Endpoint::AssignedAdAccounts,
            Edge::MyBusinesses => Endpoint::Businesses,
            Edge::MyPages => Endpoint::Pages,
            Edge::AssignedPages => Endpoint::AssignedPages,
            Edge::OwnedPages(_) => Endpoint::OwnedPages,
            Edge::ClientPages(_) => Endpoint::ClientPages,
            Edge::OwnedInstagram(_) => Endpoint::OwnedInstagramAccounts,
            Edge::BusinessInstagram(_) => Endpoint::InstagramBusinessAccounts,
        }
    }

    /// The business whose list it is; None: of the person or system user.
    pub fn business(&self) -> Option<&BusinessId> {
        match self {
            Edge::OwnedAdAccounts(id)
            | Edge::ClientAdAccounts(id)
            | Edge::OwnedPages(id)
            | Edge::ClientPages(id)
            | Edge::OwnedInstagram(id)
            | Edge::BusinessInstagram(id) => Some(id),
            Edge::MyAdAccounts
            | Edge::AssignedAdAccounts
            | Edge::MyBusinesses
            | Edge::MyPages
            | Edge::AssignedPages => None,
        }
    }

    pub(super) fn path(&self) -> String {
        let owner = self.business().map_or("me", BusinessId::as_str);
        format!("{owner}/{}", self.endpoint())
    }

    pub(super) fn query(&self, after: Option<&str>, limit: u32) -> Vec<(&'static str, String)> {
        let fields = match self {
            Edge::MyAdAccounts
            | Edge::AssignedAdAccounts
            | Edge::OwnedAdAccounts(_)
            | Edge::ClientAdAccounts(_) => AD_ACCOUNT_FIELDS,
            Edge::MyBusinesses => BUSINESS_FIELDS,
            Edge::MyPages | Edge::AssignedPages | Edge::OwnedPages(_) | Edge::ClientPages(_) => PAGE_FIELDS,
            Edge::OwnedInstagram(_) | Edge::BusinessInstagram(_) => INSTAGRAM_FIELDS,
        };
        let mut query = vec![("fields", fields.to_owned()), ("limit", limit.to_string())];
        if matches!(self, Edge::MyAdAccounts | Edge::AssignedAdAccounts) {
            query.push(("summary", "true".to_owned()));
        }
        query.extend(after.map(next_page_params).unwrap_or_default());
        query
    }

    /// The first page, as an item of a batch.
    pub(super) fn batch_item(&self, limit: u32) -> Item {
        Item { endpoint: self.endpoint(), path: self.path(), query: self.query(None, limit) }
    }
}
