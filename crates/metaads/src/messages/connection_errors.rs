//! The note on a connection that stopped working.

use crate::codes::error_code::Code;
use crate::messages::connection_label::ConnectionLabel;
use crate::messages::format::count;

#[derive(Debug, Clone)]
pub struct ConnectionErrorText {
    pub title: String,
    pub text: String,
    /// The button.
    pub reconnect: String,
}

/// `day` is when it broke; `accounts` is the number of selected ad accounts.
pub fn connection_error(
    reason: Code,
    who: ConnectionLabel<'_>,
    day: &str,
    accounts: i64,
) -> ConnectionErrorText {
    let name = who.name;
    ConnectionErrorText {
        title: title(reason, who, day),
        text: text(reason, who, accounts),
        reconnect: format!("Reconnect {name}"),
    }
}

fn title(reason: Code, who: ConnectionLabel<'_>, day: &str) -> String {
    let ConnectionLabel { name, place, .. } = who;
    match reason {
        Code::PasswordChanged => format!("{name}’s {place} password changed, noticed on {day}"),
        Code::Checkpoint => format!("{place} wants to verify that it is {name}"),
        Code::UserUnconfirmed => format!("{place} is waiting for {name} to confirm the account"),
        Code::AppRemoved => format!("{name} removed this app on {place}, noticed on {day}"),
        Code::TokenExpired => format!("{place}’s permission expired on {day}"),
        Code::DataAccessExpired => format!("Facebook’s 90-day access ended on {day}"),
        Code::OtherApp => "This connection was made with another Meta app".to_owned(),
        Code::SealedValueUnreadable => "The stored access of this connection cannot be read".to_owned(),
        _ => format!("{place} no longer accepts this connection"),
    }
}

fn text(reason: Code, who: ConnectionLabel<'_>, accounts: i64) -> String {
    let ConnectionLabel { name, is_person, .. } = who;
    let these = match accounts {
        0 => "this connection".to_owned(),
        1 => "this ad account".to_owned(),
        more => format!("these {} ad accounts", count(more)),
    };
    let paused = |until: &str| {
        format!("Everything that uses {these} is paused until {until}. Your selection is kept.")
    };
    match reason {
        Code::Checkpoint | Code::UserUnconfirmed => {
            paused(&format!("{name} has done what facebook.com asks for"))
        }
        Code::SealedValueUnreadable => {
            format!("{} Or {name} can reconnect.", paused("your admin has fixed it"))
        }
        _ if is_person => paused(&format!("{name} signs in again")),
        _ => paused(&format!("{name} is connected again")),
    }
}
