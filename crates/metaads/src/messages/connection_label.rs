//! How a connection is spoken of.

use metaads_store::{Connection, ConnectionKind};

use crate::messages::format::first_name;

/// Whose it is, and with whom they deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLabel<'a> {
    /// A person's first name, else the whole name.
    pub name: &'a str,
    /// A person signs in; for a business somebody agrees.
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
