//! People, and the businesses they belong to.

use super::persona::Persona;

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
    pub(super) seed: usize,
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
