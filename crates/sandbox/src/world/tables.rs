//! The tables of all people, businesses, ad accounts and Pages, and lookups in them.

use std::collections::HashMap;

use super::ad_accounts::AdAccount;
use super::ad_objects::AdObject;
use super::pages::Page;
use super::people::{Business, Person};

/// A node of the graph, as an index into the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    Person(usize),
    Business(usize),
    AdAccount(usize),
    Page(usize),
    /// The Instagram account of the Page with this index.
    Instagram(usize),
    AdObject(AdObject),
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) people: Vec<Person>,
    pub(crate) businesses: Vec<Business>,
    pub(crate) ad_accounts: Vec<AdAccount>,
    pub(crate) pages: Vec<Page>,
    /// User id to index in `people`.
    pub(super) by_user_id: HashMap<String, usize>,
}

impl World {
    pub(crate) fn person(&self, user_id: &str) -> Option<usize> {
        self.by_user_id.get(user_id).copied()
    }

    /// The node with this id, as it appears in a path: ad accounts only with `act_`. An ad object need not exist.
    pub(crate) fn find(&self, id: &str) -> Option<Node> {
        if let Some(number) = id.strip_prefix("act_") {
            let number: u64 = number.parse().ok()?;
            return self.ad_accounts.iter().position(|account| account.id == number).map(Node::AdAccount);
        }
        if let Some(person) = self.person(id) {
            return Some(Node::Person(person));
        }
        let number: u64 = id.parse().ok()?;
        if let Some(object) = AdObject::from_id(number) {
            return (object.account < self.ad_accounts.len()).then_some(Node::AdObject(object));
        }
        if let Some(index) = self.businesses.iter().position(|business| business.id == number) {
            return Some(Node::Business(index));
        }
        if let Some(index) = self.pages.iter().position(|page| page.id == number) {
            return Some(Node::Page(index));
        }
        self.pages
            .iter()
            .position(|page| page.instagram.as_ref().is_some_and(|instagram| instagram.id == number))
            .map(Node::Instagram)
    }

    pub(crate) fn id(&self, node: Node) -> String {
        match node {
            Node::Person(index) => self.people[index].user_id.clone(),
            Node::Business(index) => self.businesses[index].id.to_string(),
            Node::AdAccount(index) => format!("act_{}", self.ad_accounts[index].id),
            Node::Page(index) => self.pages[index].id.to_string(),
            Node::Instagram(index) => {
                self.pages[index].instagram.as_ref().map_or(0, |instagram| instagram.id).to_string()
            }
            Node::AdObject(object) => object.id().to_string(),
        }
    }

    /// The system user of the person's business number `index`.
    pub(crate) fn system_user(&self, user_id: &str, index: usize) -> Option<&Person> {
        let mine = self.businesses_of(self.person(user_id)?);
        let Some(Node::Business(business)) = mine.get(index) else { return None };
        self.system_user_of(*business)
    }

    pub(crate) fn system_user_of(&self, business: usize) -> Option<&Person> {
        self.people.iter().find(|person| person.business == Some(business))
    }

    /// The ad accounts and Pages that can be assigned to a system user.
    pub(crate) fn assets_of_system_user(&self, user: usize) -> Vec<Node> {
        let Some(business) = self.people[user].business else { return Vec::new() };
        let mut nodes = self.ad_accounts_of_business(business);
        nodes.extend(self.pages_where(|page| [page.business, page.agency].contains(&Some(business))));
        nodes
    }

    pub(crate) fn ad_accounts_of(&self, person: usize) -> Vec<Node> {
        self.ad_accounts_where(|account| account.person == Some(person))
    }

    pub(crate) fn owned_ad_accounts(&self, business: usize) -> Vec<Node> {
        self.ad_accounts_where(|account| account.owner == Some(business))
    }

    pub(crate) fn client_ad_accounts(&self, business: usize) -> Vec<Node> {
        self.ad_accounts_where(|account| account.agency == Some(business))
    }

    /// The ad accounts assigned to the system user of a business.
    pub(crate) fn ad_accounts_of_business(&self, business: usize) -> Vec<Node> {
        self.ad_accounts_where(|account| [account.owner, account.agency].contains(&Some(business)))
    }

    pub(super) fn ad_accounts_where(&self, keep: impl Fn(&AdAccount) -> bool) -> Vec<Node> {
        let kept = self.ad_accounts.iter().enumerate().filter(|(_, account)| keep(account));
        kept.map(|(index, _)| Node::AdAccount(index)).collect()
    }

    pub(crate) fn businesses_of(&self, person: usize) -> Vec<Node> {
        let mine = self.businesses.iter().enumerate().filter(|(_, business)| business.member == Some(person));
        mine.map(|(index, _)| Node::Business(index)).collect()
    }

    pub(crate) fn pages_where(&self, keep: impl Fn(&Page) -> bool) -> Vec<Node> {
        let kept = self.pages.iter().enumerate().filter(|(_, page)| keep(page));
        kept.map(|(index, _)| Node::Page(index)).collect()
    }
}
