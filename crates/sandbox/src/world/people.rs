//! The people of the pretend Meta whom the dialog offers, and what each of them has.

use serde::{Deserialize, Serialize};

use super::accounts::{self, Account};
use super::{World, names, pages, spread_id};

/// Whom the dialog lets you be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Persona {
    /// Tom Okafor: one ad account, one Page, no business.
    SoleTrader,
    /// Aylin Kaya-Öztürk: 3 businesses, 1,307 ad accounts, 41 Pages, 27 Instagram accounts.
    Agency,
    /// Nora None: nothing at all.
    Nobody,
    /// Mei Tanaka: six ad accounts, most of them in some trouble.
    Trouble,
    /// Ben Carter: as Tom, but somebody else.
    SecondSoleTrader,
    /// Rita Roleless: member of a business with ad accounts, without a role on any of them.
    RoleTooLow,
    /// Pia Portfolio: one ad account; three Pages that belong to a portfolio, with three kinds of Instagram.
    PortfolioPages,
    /// Cleo Clients: ad accounts only as an agency's, through `client_ad_accounts`.
    ClientsOnly,
}

/// Those who were here before the crowd; their numbers and the crowd's stay.
pub(super) const FIRST_PERSONAS: usize = 5;
/// Later personas are numbered from here, beyond every crowd.
const LATER_PERSONAS: usize = 100_000_000;

impl Persona {
    /// In the order of the dialog.
    pub const ALL: [Persona; 8] = [
        Persona::Agency,
        Persona::SoleTrader,
        Persona::SecondSoleTrader,
        Persona::Trouble,
        Persona::Nobody,
        Persona::RoleTooLow,
        Persona::PortfolioPages,
        Persona::ClientsOnly,
    ];

    /// The app-scoped id this app sees.
    pub fn user_id(self) -> &'static str {
        match self {
            Persona::SoleTrader => "10158760143021101",
            Persona::Agency => "10226498135524402",
            Persona::Nobody => "10161330950768803",
            Persona::Trouble => "10209117746235504",
            Persona::SecondSoleTrader => "10173255081943605",
            Persona::RoleTooLow => "10158311402277906",
            Persona::PortfolioPages => "10221745093318207",
            Persona::ClientsOnly => "10163920587741108",
        }
    }

    /// The name on the profile.
    pub fn name(self) -> &'static str {
        match self {
            Persona::SoleTrader => "Tom Okafor",
            Persona::Agency => "Aylin Kaya-Öztürk",
            Persona::Nobody => "Nora None",
            Persona::Trouble => "Mei Tanaka (田中 芽衣)",
            Persona::SecondSoleTrader => "Ben Carter",
            Persona::RoleTooLow => "Rita Roleless",
            Persona::PortfolioPages => "Pia Portfolio",
            Persona::ClientsOnly => "Cleo Clients",
        }
    }

    /// The word for this person in forms and element ids.
    pub fn key(self) -> &'static str {
        match self {
            Persona::SoleTrader => "sole-trader",
            Persona::Agency => "agency",
            Persona::Nobody => "nobody",
            Persona::Trouble => "trouble",
            Persona::SecondSoleTrader => "second-sole-trader",
            Persona::RoleTooLow => "role-too-low",
            Persona::PortfolioPages => "portfolio-pages",
            Persona::ClientsOnly => "clients-only",
        }
    }

    pub(crate) fn from_key(key: &str) -> Option<Persona> {
        Persona::ALL.into_iter().find(|persona| persona.key() == key)
    }

    pub(crate) fn note(self) -> &'static str {
        match self {
            Persona::SoleTrader => "1 ad account",
            Persona::Agency => "agency: 3 businesses, 1,307 ad accounts, Instagram",
            Persona::Nobody => "no ad account at all",
            Persona::Trouble => "disabled and unsettled accounts",
            Persona::SecondSoleTrader => "1 ad account, another person",
            Persona::RoleTooLow => "in a business with 3 ad accounts, without a role on them",
            Persona::PortfolioPages => {
                "1 ad account; Pages of a portfolio, Instagram professional, personal and none"
            }
            Persona::ClientsOnly => "5 ad accounts, all of them clients’",
        }
    }

    pub(crate) fn email(self) -> &'static str {
        match self {
            Persona::SoleTrader => "tom.okafor@example.com",
            Persona::Agency => "aylin@studio-nordlicht.example",
            Persona::Nobody => "nora@example.com",
            Persona::Trouble => "mei.tanaka@example.jp",
            Persona::SecondSoleTrader => "ben.carter@example.com",
            Persona::RoleTooLow => "rita@fahrschule-blinklicht.example",
            Persona::PortfolioPages => "pia@wolkenkuchen.example",
            Persona::ClientsOnly => "cleo@agentur-leuchtturm.example",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Person {
    /// The app-scoped id this app sees.
    pub(crate) user_id: String,
    pub(crate) name: String,
    /// `None`: one of the crowd or a system user, whom the dialog does not offer.
    pub(crate) persona: Option<Persona>,
    /// A system user: the business it belongs to.
    pub(crate) business: Option<usize>,
    /// What the id on Instagram's own login is drawn from; stays when people are added.
    pub(super) number: usize,
}

impl Person {
    pub(crate) fn email(&self) -> String {
        match self.persona {
            Some(persona) => persona.email().to_owned(),
            None => format!("{}@example.com", self.handle()),
        }
    }

    /// The name as it stands in addresses.
    pub(super) fn handle(&self) -> String {
        self.name.to_lowercase().replace(' ', ".")
    }
}

#[derive(Debug)]
pub(crate) struct Business {
    pub(crate) id: u64,
    pub(crate) name: Box<str>,
    pub(crate) verification: &'static str,
    /// Who sees this business on `/me/businesses`; `None` for the companies the agency works for.
    pub(crate) member: Option<usize>,
    /// Whether the member has full control; else they see the business and nothing in it.
    pub(crate) is_admin: bool,
}

pub(super) fn all() -> impl Iterator<Item = Person> {
    Persona::ALL.into_iter().enumerate().map(|(index, persona)| Person {
        user_id: persona.user_id().to_owned(),
        name: persona.name().to_owned(),
        persona: Some(persona),
        business: None,
        number: if index < FIRST_PERSONAS { index } else { LATER_PERSONAS + index },
    })
}

/// Gives the personas their businesses, ad accounts and Pages; they are the first of the people.
pub(super) fn settle(world: &mut World) {
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
    let id = spread_id(2, index as u64, 15);
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
        let account = accounts::agency_account(person, index, owner, agency);
        world.accounts.push(account);
    }
    pages::agency(world, person, [nordlicht, brandl, sakura]);
}

fn sole_trader(world: &mut World, person: usize, name: &str, currency: &str, with_instagram: bool) {
    world.accounts.push(Account::plain(Some(person), name, currency, 1, 0));
    pages::sole_trader(world, person, name, with_instagram);
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
        let mut account = Account::plain(Some(person), name, currency, status, reason);
        account.owner = Some(business);
        account.balance = if status == 1 { 0 } else { 12_345 };
        world.accounts.push(account);
    }
    pages::trouble(world, person, business);
}

fn role_too_low(world: &mut World, person: usize) {
    let business = add_business(world, "Fahrschule Blinklicht GmbH", "verified", Some(person));
    world.businesses[business].is_admin = false;
    for name in ["Blinklicht Innenstadt", "Blinklicht Ferienkurse", "Blinklicht Motorrad"] {
        let mut account = Account::plain(None, name, "EUR", 1, 0);
        account.owner = Some(business);
        world.accounts.push(account);
    }
}

fn portfolio_pages(world: &mut World, person: usize) {
    let business = add_business(world, "Konditorei Wolkenkuchen OHG", "verified", Some(person));
    let mut account = Account::plain(Some(person), "Wolkenkuchen Torten", "EUR", 1, 0);
    account.owner = Some(business);
    world.accounts.push(account);
    pages::portfolio(world, person, business);
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
            let mut account = Account::plain(None, name, "EUR", 1, 0);
            account.owner = Some(client);
            account.agency = Some(agency);
            world.accounts.push(account);
        }
        if index == 0 {
            pages::of_client(world, person, client, agency);
        }
    }
}
