//! How a sentence refers to a connection.

use metaads_store::{Connection, ConnectionKind, Login};

use crate::messages::format::first_name;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLabel<'a> {
    /// A person's first name, else the whole name.
    pub name: &'a str,
    /// A person signs in; for a business, one of its admins agrees.
    pub is_person: bool,
    /// Facebook or Instagram.
    pub place: &'static str,
}

impl<'a> ConnectionLabel<'a> {
    pub fn of(connection: &'a Connection) -> ConnectionLabel<'a> {
        let whole = connection.name.as_str();
        match connection.kind {
            ConnectionKind::FacebookUser => {
                ConnectionLabel { name: first_name(whole), is_person: true, place: "Facebook" }
            }
            ConnectionKind::BusinessSystemUser => {
                ConnectionLabel { name: whole, is_person: false, place: "Facebook" }
            }
            ConnectionKind::InstagramUser => {
                ConnectionLabel { name: whole, is_person: true, place: "Instagram" }
            }
        }
    }
}

/// Where the person signs in and agrees.
pub fn place(login: Login) -> &'static str {
    match login {
        Login::Facebook | Login::Business => "Facebook",
        Login::Instagram => "Instagram",
    }
}
