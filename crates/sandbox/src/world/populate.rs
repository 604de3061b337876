//! Builds the world: the personas with their assets, the bulk users, the system users.

use super::ad_accounts::{self, AdAccount};
use super::ids::hashed_id;
use super::people::{Business, Person};
use super::persona::{FIRST_PERSONAS, Persona};
use super::tables::World;
use super::{bulk_users, names, populate_pages};

/// Seeds of later personas start here, beyond those of all bulk users.
const LATER_PERSONAS: usize = 100_000_000;

impl World {
    /// The personas, and this many bulk users.
    pub(crate) fn build(bulk_users: usize) -> World {
        let people: Vec<Person> = personas().chain(bulk_users::people(bulk_users)).collect();
        let by_user_id =
            people.iter().enumerate().map(|(index, person)| (person.user_id.clone(), index)).collect();
        let mut world =
            World { people, businesses: Vec::new(), ad_accounts: Vec::new(), pages: Vec::new(), by_user_id };
        add_assets(&mut world);
        world.add_system_users(FIRST_PERSONAS + bulk_users);
        world
    }

    /// Every business with a member in full control has a system user for the app.
    fn add_system_users(&mut self, first_seed: usize) {
        let is_managed = |business: &Business| business.member.is_some() && business.is_admin;
        let managed = self.businesses.iter().enumerate().filter(|(_, business)| is_managed(business));
        let users: Vec<Person> = managed
            .enumerate()
            .map(|(nth, (index, business))| Person {
                user_id: format!("122{}", hashed_id(7, index as u64, 14)),
                name: format!("The app under test for {}", business.name),
                persona: None,
                business: Some(index),
                seed: first_seed + nth,
            })
            .collect();
        for user in users {
            self.by_user_id.insert(user.user_id.clone(), self.people.len());
            self.people.push(user);
        }
    }
}

fn personas() -> impl Iterator<Item = Person> {
    Persona::ALL.into_iter().enumerate().map(|(index, persona)| Person {
        user_id: persona.user_id().to_owned(),
        name: persona.name().to_owned(),
        persona: Some(persona),
        business: None,
        seed: if index < FIRST_PERSONAS { index } else { LATER_PERSONAS + index },
    })
}

/// Creates the businesses, ad accounts and Pages of the personas, which are the first people in the table.
fn add_assets(world: &mut World) {
    for (index, persona) in Persona::ALL.into_iter().enumerate() {
        match persona {
            Persona::Agency => agency(world, index),
            Persona::SoleTrader => sole_trader(world, index, "Okafor Fahrradwerkstatt", "EUR", true),
            Persona::SecondSoleTrader => sole_trader(world, index, "Carter Joinery", "USD", false),
            Persona::Trouble => trouble(world, index),
            Persona::Nobody => {}
            Persona::RoleTooLow => role_too_low(world, index),
            Persona::PortfolioPages => portfolio_pages(world, index),
            Persona::ClientsOnly => clients_only(world, index),
        }
    }
}

fn add_business(world: &mut World, name: &str, verification: &'static str, member: Option<usize>) -> usize {
    let index = world.businesses.len();
    let id = hashed_id(2, index as u64, 15);
    world.businesses.push(Business { id, name: name.into(), verification, member, is_admin: true });
    index
}

fn agency(world: &mut World, person: usize) {
    let nordlicht = add_business(world, "Studio Nordlicht GmbH", "verified", Some(person));
    let brandl = add_business(world, "Kaufhaus Brandl & Söhne Handelsgesellschaft", "verified", Some(person));
    let sakura = add_business(world, "さくら商店株式会社", "not_verified", Some(person));
    let clients: Vec<usize> =
        names::CLIENT_COMPANIES.iter().map(|name| add_business(world, name, "verified", None)).collect();
    for index in 0..1307 {
        let (owner, agency) = match index {
            0..412 => (Some(nordlicht), None),
            412..1285 => (Some(clients[index % clients.len()]), Some(brandl)),
            1285..1306 => (Some(sakura), None),
            _ => (None, None),
        };
        let account = ad_accounts::agency_account(person, index, owner, agency);
        world.ad_accounts.push(account);
    }
    populate_pages::agency(world, person, [nordlicht, brandl, sakura]);
}

fn sole_trader(world: &mut World, person: usize, name: &str, currency: &str, with_instagram: bool) {
    world.ad_accounts.push(AdAccount::plain(Some(person), name, currency, 1, 0));
    populate_pages::sole_trader(world, person, name, with_instagram);
}

fn trouble(world: &mut World, person: usize) {
    let business = add_business(world, "芽衣デザイン Mei Design", "pending", Some(person));
    let rows = [
        ("Mei Design — laufende Kampagnen", "EUR", 1, 0),
        ("Mei Design Japan 広告", "JPY", 2, 3),
        ("Mei Design Swiss", "CHF", 3, 0),
        ("Mei Design Frühjahr", "EUR", 7, 0),
        ("Mei Design US", "USD", 9, 0),
        ("Mei Design (alt)", "EUR", 101, 7),
    ];
    for (name, currency, status, reason) in rows {
        let mut account = AdAccount::plain(Some(person), name, currency, status, reason);
        account.owner = Some(business);
        account.balance = if status == 1 { 0 } else { 12_345 };
        world.ad_accounts.push(account);
    }
    populate_pages::trouble(world, person, business);
}

fn role_too_low(world: &mut World, person: usize) {
    let business = add_business(world, "Fahrschule Blinklicht GmbH", "verified", Some(person));
    world.businesses[business].is_admin = false;
    for name in ["Blinklicht Innenstadt", "Blinklicht Ferienkurse", "Blinklicht Motorrad"] {
        let mut account = AdAccount::plain(None, name, "EUR", 1, 0);
        account.owner = Some(business);
        world.ad_accounts.push(account);
    }
}

fn portfolio_pages(world: &mut World, person: usize) {
    let business = add_business(world, "Konditorei Wolkenkuchen OHG", "verified", Some(person));
    let mut account = AdAccount::plain(Some(person), "Wolkenkuchen Torten", "EUR", 1, 0);
    account.owner = Some(business);
    world.ad_accounts.push(account);
    populate_pages::portfolio(world, person, business);
}

fn clients_only(world: &mut World, person: usize) {
    let agency = add_business(world, "Agentur Leuchtturm", "verified", Some(person));
    let clients = [
        ("Seilerei Tau & Ende", ["Tau & Ende Segel", "Tau & Ende Kletterhalle"].as_slice()),
        ("Imkerei Summ", &["Summ Honig", "Summ Kerzen"]),
        ("Drachenbau Aufwind", &["Aufwind Herbst"]),
    ];
    for (index, (company, accounts)) in clients.into_iter().enumerate() {
        let client = add_business(world, company, "verified", None);
        for name in accounts {
            let mut account = AdAccount::plain(None, name, "EUR", 1, 0);
            account.owner = Some(client);
            account.agency = Some(agency);
            world.ad_accounts.push(account);
        }
        if index == 0 {
            populate_pages::of_client(world, person, client, agency);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::world::tables::Node;

    #[test]
    fn the_agency_has_the_documented_assets() {
        let world = World::build(0);
        let aylin = world.person(Persona::Agency.user_id()).expect("the agency exists");
        let businesses = world.businesses_of(aylin);
        assert_eq!(businesses.len(), 3);
        let sizes: Vec<(usize, usize)> = businesses
            .iter()
            .map(|node| match node {
                Node::Business(index) => {
                    (world.owned_ad_accounts(*index).len(), world.client_ad_accounts(*index).len())
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(sizes, [(412, 0), (0, 873), (21, 0)]);
        assert_eq!(world.ad_accounts_of(aylin).len(), 1307);
        let pages = world.pages_where(|page| page.person == aylin);
        assert_eq!(pages.len(), 41);
        let instagram = world.pages_where(|page| page.person == aylin && page.instagram.is_some());
        assert_eq!(instagram.len(), 27);
        let unusable = world
            .ad_accounts
            .iter()
            .filter(|account| account.person == Some(aylin) && matches!(account.status, 2 | 100 | 101));
        assert_eq!(unusable.count(), 39);
    }

    #[test]
    fn all_ids_are_unique() {
        let world = World::build(0);
        let mut ids = HashSet::new();
        let all = world.ad_accounts.iter().map(|account| account.id);
        for id in all.chain(world.businesses.iter().map(|b| b.id)).chain(world.pages.iter().map(|p| p.id)) {
            assert!(ids.insert(id), "{id}");
            assert!((12..=17).contains(&id.to_string().len()));
        }
    }
}
