//! Which node a person or system user can see.

use super::ad_accounts::AdAccount;
use super::tables::{Node, World};

impl World {
    /// Whether a person can see a node at all. No one here can see the client companies.
    pub(crate) fn can_see(&self, person: usize, node: Node) -> bool {
        if let Node::AdObject(object) = node {
            return self.can_see(person, Node::AdAccount(object.account));
        }
        if let Some(business) = self.people[person].business {
            return match node {
                Node::Person(index) => index == person,
                Node::Business(index) => index == business,
                Node::AdAccount(index) => {
                    let account = &self.ad_accounts[index];
                    [account.owner, account.agency].contains(&Some(business))
                }
                Node::Page(index) | Node::Instagram(index) => {
                    let page = &self.pages[index];
                    [page.business, page.agency].contains(&Some(business))
                }
                Node::AdObject(_) => false,
            };
        }
        let seen_by = match node {
            Node::Person(index) => Some(index),
            Node::Business(index) => self.businesses[index].member,
            Node::AdAccount(index) => return self.can_open(person, &self.ad_accounts[index]),
            Node::Page(index) | Node::Instagram(index) => Some(self.pages[index].person),
            Node::AdObject(_) => None,
        };
        seen_by == Some(person)
    }

    /// Whether a person has a role on an ad account, or full control of a business that owns or manages it.
    fn can_open(&self, person: usize, account: &AdAccount) -> bool {
        let businesses = [account.owner, account.agency].into_iter().flatten();
        let mut businesses = businesses.map(|index| &self.businesses[index]);
        account.person == Some(person)
            || businesses.any(|business| business.member == Some(person) && business.is_admin)
    }

    /// Ad accounts on which the person has a role, and those of businesses under the person's full control.
    pub(crate) fn accessible_ad_accounts(&self, person: usize) -> Vec<Node> {
        self.ad_accounts_where(|account| self.can_open(person, account))
    }
}
