//! The note on a connection that needs somebody.

use crate::codes::error_code::Code;
use crate::messages::connection_label::ConnectionLabel;

/// What the note says, and the one thing to press.
#[derive(Debug, Clone)]
pub struct ConnectionErrorText {
    pub title: String,
    pub text: String,
    /// Label of the reconnect button; None where reconnecting would not help.
    pub reconnect: Option<String>,
    /// Whether the person must open facebook.com first; then it is enough to check again.
    pub is_facebook_first: bool,
}

/// The note for a reason code; `day` is when it broke, as words.
pub fn connection_error(
    reason: &str,
    who: ConnectionLabel<'_>,
    day: &str,
    accounts: i64,
) -> ConnectionErrorText {
    let ConnectionLabel { name: who, is_person, place } = who;
    let code = Code::from_text(reason);
    let title = match code {
        Some(Code::PasswordChanged) => format!("{who}’s {place} password changed by {day}"),
        Some(Code::Checkpoint) => format!("{place} wants to be sure that it is {who}"),
        Some(Code::UserUnconfirmed) => format!("{place} waits for {who} to confirm the account"),
        Some(Code::AppRemoved) => format!("{who} removed this app on {place} by {day}"),
        Some(Code::TokenExpired) => format!("{place}’s permission ran out on {day}"),
        Some(Code::DataAccessExpired) => format!("Facebook’s 90-day access ended on {day}"),
        Some(Code::SealedValueUnreadable) => "The stored access of this connection cannot be read".to_owned(),
        _ => format!("{place} no longer accepts this connection"),
    };
    let these = match accounts {
        0 => "this connection".to_owned(),
        1 => "this ad account".to_owned(),
        more => format!("these {} ad accounts", crate::messages::format::count(more)),
    };
    let paused =
        |until: &str| format!("Everything that uses {these} is paused until {until}. Your choices are kept.");
    let (text, reconnect) = match code {
        Some(Code::Checkpoint | Code::UserUnconfirmed) => {
            (paused(&format!("{who} has done what facebook.com asks")), None)
        }
        Some(Code::SealedValueUnreadable) => (
            format!("{} Or {who} connects again.", paused("your admin has mended it")),
            Some(format!("Reconnect {who}")),
        ),
        _ if is_person => (paused(&format!("{who} signs in again")), Some(format!("Reconnect {who}"))),
        _ => (paused(&format!("{who} is connected again")), Some(format!("Reconnect {who}"))),
    };
    let is_facebook_first = matches!(code, Some(Code::Checkpoint | Code::UserUnconfirmed));
    ConnectionErrorText { title, text, reconnect, is_facebook_first }
}
