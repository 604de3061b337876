//! Which person or system user can see which node.

use super::ad_accounts::AdAccount;
use super::tables::{Node, World};

impl World {
    /// Whether somebody can see this thing at all; client companies are seen by nobody here.
    pub(crate) fn can_see(&self, person: usize, node: Node) -> bool {
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
            };
        }
        let seen_by = match node {
            Node::Person(index) => Some(index),
            Node::Business(index) => self.businesses[index].member,
            Node::AdAccount(index) => return self.can_open(person, &self.ad_accounts[index]),
            Node::Page(index) | Node::Instagram(index) => Some(self.pages[index].person),
        };
        seen_by == Some(person)
    }

    /// Whether somebody has a role on an ad account, or full control of a business that has.
    fn can_open(&self, person: usize, account: &AdAccount) -> bool {
        let businesses = [account.owner, account.agency].into_iter().flatten();
        let mut businesses = businesses.map(|index| &self.businesses[index]);
        account.person == Some(person)
            || businesses.any(|business| business.member == Some(person) && business.is_admin)
    }

    /// Those with a role for this person, and those that a business opens to them.
    pub(crate) fn accessible_ad_accounts(&self, person: usize) -> Vec<Node> {
        self.ad_accounts_where(|account| self.can_open(person, account))
    }
}
