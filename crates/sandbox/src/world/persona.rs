//! The people the login dialog offers.

use serde::{Deserialize, Serialize};

/// A person to log in as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Persona {
    /// Tom Okafor: one ad account, one Page, no business.
    SoleTrader,
    /// Aylin Kaya-Öztürk: 3 businesses, 1,307 ad accounts, 41 Pages, 27 Instagram accounts.
    Agency,
    /// Nora None: no assets at all.
    Nobody,
    /// Mei Tanaka: six ad accounts, most of them disabled, unsettled or closed.
    Trouble,
    /// Ben Carter: like Tom, but another person.
    SecondSoleTrader,
    /// Rita Roleless: member of a business with ad accounts, without a role on any of them.
    RoleTooLow,
    /// Pia Portfolio: one ad account; three Pages owned by a business portfolio: one with a professional
    /// Instagram account, one with a personal one, one without.
    PortfolioPages,
    /// Cleo Clients: only ad accounts of clients, through `client_ad_accounts`.
    ClientsOnly,
}

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

    /// The app-scoped user id.
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

    /// The name of this persona in forms and element ids.
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

    pub(crate) fn description(self) -> &'static str {
        match self {
            Persona::SoleTrader => "1 ad account",
            Persona::Agency => "agency: 3 businesses, 1,307 ad accounts, Instagram",
            Persona::Nobody => "no ad accounts",
            Persona::Trouble => "disabled and unsettled accounts",
            Persona::SecondSoleTrader => "1 ad account; another person",
            Persona::RoleTooLow => "in a business with 3 ad accounts, without a role on them",
            Persona::PortfolioPages => {
                "1 ad account; Pages of a business portfolio, with and without Instagram"
            }
            Persona::ClientsOnly => "5 ad accounts, all owned by clients",
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

/// The personas that existed before bulk users. Their seeds, and those of the bulk users, must not change.
pub(super) const FIRST_PERSONAS: usize = 5;
