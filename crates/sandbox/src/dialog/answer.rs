//! An answer to the dialog: who answers, what they allow, which button they press.

use crate::world::persona::Persona;

/// An answer to the dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub persona: Persona,
    /// Permissions that are unchecked.
    pub declined: Vec<String>,
    /// Login for Business: the index of one of the person's businesses.
    pub business: usize,
    pub assets: AssetSelection,
    pub decision: Decision,
}

/// Which ad accounts, Pages and businesses the app may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssetSelection {
    /// The dialog does not ask; an earlier selection stays.
    Unchanged,
    All,
    /// Only these, by id; ad accounts with `act_`.
    Only(Vec<String>),
}

/// The button that is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Agree,
    Cancel,
    /// Pretends that the app is in development mode and this person has no role on it.
    AppNotActive,
}

impl Answer {
    pub fn agree(persona: Persona) -> Answer {
        let decision = Decision::Agree;
        Answer { persona, declined: Vec::new(), business: 0, assets: AssetSelection::Unchanged, decision }
    }

    /// Login for Business, for the person's business number `business`.
    pub fn for_business(persona: Persona, business: usize) -> Answer {
        Answer { business, ..Answer::agree(persona) }
    }

    pub fn declining(persona: Persona, declined: &[&str]) -> Answer {
        let declined = declined.iter().map(|name| (*name).to_owned()).collect();
        Answer { declined, ..Answer::agree(persona) }
    }

    /// Agrees for these ad accounts, Pages and businesses only.
    pub fn selecting(persona: Persona, ids: &[&str]) -> Answer {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        Answer { assets: AssetSelection::Only(ids), ..Answer::agree(persona) }
    }

    pub fn cancel() -> Answer {
        Answer { decision: Decision::Cancel, ..Answer::agree(Persona::Agency) }
    }

    pub fn app_not_active() -> Answer {
        Answer { decision: Decision::AppNotActive, ..Answer::agree(Persona::Agency) }
    }
}
