//! Who lives in the pretend Meta: people, their businesses, ad accounts, Pages and Instagram accounts.
//!
//! Built once at the start from small tables, kept as plain numbers and names; JSON is made on demand.

mod accounts;
mod crowd;
mod names;
mod pages;
mod people;
mod profile;

use std::collections::HashMap;

pub(crate) use accounts::{Account, CURRENCIES, TIMEZONES};
pub use crowd::crowd_user_id;
pub(crate) use pages::Page;
use people::FIRST_PERSONAS;
pub use people::Persona;
pub(crate) use people::{Business, Person};
pub(crate) use profile::Profile;

/// One thing of the graph, as an index into the world's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    Person(usize),
    Business(usize),
    Account(usize),
    Page(usize),
    /// The Instagram account of the Page with this index.
    Instagram(usize),
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) people: Vec<Person>,
    pub(crate) businesses: Vec<Business>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) pages: Vec<Page>,
    /// User id to place in `people`.
    by_user_id: HashMap<String, usize>,
}

impl World {
    /// The personas and so many people more.
    pub(crate) fn build(crowd: usize) -> World {
        let people: Vec<Person> = people::all().chain(crowd::people(crowd)).collect();
        let by_user_id =
            people.iter().enumerate().map(|(index, person)| (person.user_id.clone(), index)).collect();
        let mut world =
            World { people, businesses: Vec::new(), accounts: Vec::new(), pages: Vec::new(), by_user_id };
        people::settle(&mut world);
        world.add_system_users(FIRST_PERSONAS + crowd);
        world
    }

    /// Each business that somebody here manages has a system user for the app.
    fn add_system_users(&mut self, first_number: usize) {
        let is_managed = |business: &Business| business.member.is_some() && business.is_admin;
        let managed = self.businesses.iter().enumerate().filter(|(_, business)| is_managed(business));
        let users: Vec<Person> = managed
            .enumerate()
            .map(|(nth, (index, business))| Person {
                user_id: format!("122{}", spread_id(7, index as u64, 14)),
                name: format!("The app under test for {}", business.name),
                persona: None,
                business: Some(index),
                number: first_number + nth,
            })
            .collect();
        for user in users {
            self.by_user_id.insert(user.user_id.clone(), self.people.len());
            self.people.push(user);
        }
    }

    /// The system user of a person's business number `index`.
    pub(crate) fn system_user(&self, user_id: &str, index: usize) -> Option<&Person> {
        let mine = self.businesses_of(self.person(user_id)?);
        let Some(Node::Business(business)) = mine.get(index) else { return None };
        self.system_user_of(*business)
    }

    pub(crate) fn system_user_of(&self, business: usize) -> Option<&Person> {
        self.people.iter().find(|person| person.business == Some(business))
    }

    /// The ad accounts and Pages that a system user can have at all.
    pub(crate) fn assets_of_system_user(&self, user: usize) -> Vec<Node> {
        let Some(business) = self.people[user].business else { return Vec::new() };
        let mut nodes = self.accounts_of_business(business);
        nodes.extend(self.pages_where(|page| [page.business, page.agency].contains(&Some(business))));
        nodes
    }

    pub(crate) fn person(&self, user_id: &str) -> Option<usize> {
        self.by_user_id.get(user_id).copied()
    }

    /// What stands behind an id as it appears in a path; ad accounts only with their `act_`.
    pub(crate) fn find(&self, id: &str) -> Option<Node> {
        if let Some(number) = id.strip_prefix("act_") {
            let number: u64 = number.parse().ok()?;
            return self.accounts.iter().position(|account| account.id == number).map(Node::Account);
        }
        if let Some(person) = self.person(id) {
            return Some(Node::Person(person));
        }
        let number: u64 = id.parse().ok()?;
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
            Node::Account(index) => format!("act_{}", self.accounts[index].id),
            Node::Page(index) => self.pages[index].id.to_string(),
            Node::Instagram(index) => {
                self.pages[index].instagram.as_ref().map_or(0, |instagram| instagram.id).to_string()
            }
        }
    }

    pub(crate) fn accounts_of(&self, person: usize) -> Vec<Node> {
        self.accounts_where(|account| account.person == Some(person))
    }

    /// Those with a role for this person, and those that a business opens to them.
    pub(crate) fn accounts_opened_by(&self, person: usize) -> Vec<Node> {
        self.accounts_where(|account| self.opens(person, account))
    }

    pub(crate) fn owned_accounts(&self, business: usize) -> Vec<Node> {
        self.accounts_where(|account| account.owner == Some(business))
    }

    pub(crate) fn client_accounts(&self, business: usize) -> Vec<Node> {
        self.accounts_where(|account| account.agency == Some(business))
    }

    fn accounts_where(&self, keep: impl Fn(&Account) -> bool) -> Vec<Node> {
        let kept = self.accounts.iter().enumerate().filter(|(_, account)| keep(account));
        kept.map(|(index, _)| Node::Account(index)).collect()
    }

    pub(crate) fn businesses_of(&self, person: usize) -> Vec<Node> {
        let mine = self.businesses.iter().enumerate().filter(|(_, business)| business.member == Some(person));
        mine.map(|(index, _)| Node::Business(index)).collect()
    }

    pub(crate) fn pages_where(&self, keep: impl Fn(&Page) -> bool) -> Vec<Node> {
        let kept = self.pages.iter().enumerate().filter(|(_, page)| keep(page));
        kept.map(|(index, _)| Node::Page(index)).collect()
    }

    /// Whether somebody can see this thing at all; client companies are seen by nobody here.
    pub(crate) fn sees(&self, person: usize, node: Node) -> bool {
        if let Some(business) = self.people[person].business {
            return match node {
                Node::Person(index) => index == person,
                Node::Business(index) => index == business,
                Node::Account(index) => {
                    let account = &self.accounts[index];
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
            Node::Account(index) => return self.opens(person, &self.accounts[index]),
            Node::Page(index) | Node::Instagram(index) => Some(self.pages[index].person),
        };
        seen_by == Some(person)
    }

    /// Whether somebody has a role on an ad account, or full control of a business that has.
    fn opens(&self, person: usize, account: &Account) -> bool {
        let businesses = [account.owner, account.agency].into_iter().flatten();
        let mut businesses = businesses.map(|index| &self.businesses[index]);
        account.person == Some(person)
            || businesses.any(|business| business.member == Some(person) && business.is_admin)
    }

    /// The ad accounts assigned to a system user.
    pub(crate) fn accounts_of_business(&self, business: usize) -> Vec<Node> {
        self.accounts_where(|account| [account.owner, account.agency].contains(&Some(business)))
    }
}

/// A long id that is the same in every run: `digits` digits, spread by a fixed hash.
pub(crate) fn spread_id(kind: u64, index: u64, digits: u32) -> u64 {
    // splitmix64, written out: small, well spread, and the same on every machine.
    let mut z = (kind << 40 | index).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    let low = 10_u64.pow(digits - 1);
    low + z % (9 * low)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_agency_has_what_the_story_says() {
        let world = World::build(0);
        let aylin = world.person(Persona::Agency.user_id()).expect("everybody lives here");
        let businesses = world.businesses_of(aylin);
        assert_eq!(businesses.len(), 3);
        let sizes: Vec<(usize, usize)> = businesses
            .iter()
            .map(|node| match node {
                Node::Business(index) => {
                    (world.owned_accounts(*index).len(), world.client_accounts(*index).len())
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(sizes, [(412, 0), (0, 873), (21, 0)]);
        assert_eq!(world.accounts_of(aylin).len(), 1307);
        let pages = world.pages_where(|page| page.person == aylin);
        assert_eq!(pages.len(), 41);
        let instagram = world.pages_where(|page| page.person == aylin && page.instagram.is_some());
        assert_eq!(instagram.len(), 27);
        let unusable = world
            .accounts
            .iter()
            .filter(|account| account.person == Some(aylin) && matches!(account.status, 2 | 100 | 101));
        assert_eq!(unusable.count(), 39);
    }

    #[test]
    fn no_id_occurs_twice() {
        let world = World::build(0);
        let mut ids = HashSet::new();
        let all = world.accounts.iter().map(|account| account.id);
        for id in all.chain(world.businesses.iter().map(|b| b.id)).chain(world.pages.iter().map(|p| p.id)) {
            assert!(ids.insert(id), "{id}");
            assert!((12..=17).contains(&id.to_string().len()));
        }
    }
}
