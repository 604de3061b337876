//! People, and the businesses they belong to.

use super::persona::Persona;

#[derive(Debug)]
pub(crate) struct Person {
    /// The app-scoped user id.
    pub(crate) user_id: String,
    pub(crate) name: String,
    /// `None`: a bulk user or a system user; the dialog does not offer them.
    pub(crate) persona: Option<Persona>,
    /// System users only: the business it belongs to.
    pub(crate) business: Option<usize>,
    /// Determines the ids in Instagram Login. Stays the same when personas are added.
    pub(super) seed: usize,
}

impl Person {
    pub(crate) fn email(&self) -> String {
        match self.persona {
            Some(persona) => persona.email().to_owned(),
            None => format!("{}@example.com", self.handle()),
        }
    }

    /// The name as used in email addresses and usernames.
    pub(super) fn handle(&self) -> String {
        self.name.to_lowercase().replace(' ', ".")
    }
}

#[derive(Debug)]
pub(crate) struct Business {
    pub(crate) id: u64,
    pub(crate) name: Box<str>,
    pub(crate) verification: &'static str,
    /// The person whose `/me/businesses` lists this business; `None` for the clients of an agency.
    pub(crate) member: Option<usize>,
    /// Whether the member has full control. Without it, they see the business, but nothing in it.
    pub(crate) is_admin: bool,
}
