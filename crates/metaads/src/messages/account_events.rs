//! Lines about accounts in "Recent activity" and on the admin page.

use metaads_store::{AccountEvent, AccountEventEntry, Actor};

use crate::messages::format::{count, plural};

/// What happened.
pub fn title(entry: &AccountEventEntry) -> String {
    let text = match &entry.event {
        AccountEvent::Registered => "Account created",
        AccountEvent::RegistrationThrottled => "Registrations paused after too many attempts",
        AccountEvent::Created => "Account created by the operator",
        AccountEvent::SignedIn => "Signed in",
        AccountEvent::SignedOut => "Signed out",
        AccountEvent::SignInFailed => "Sign-in failed",
        AccountEvent::SignInThrottled => "Sign-ins paused after too many attempts",
        AccountEvent::PasswordCheckFailed => "Wrong current password",
        AccountEvent::PasswordCheckThrottled => "Password checks paused after too many attempts",
        AccountEvent::PasswordChanged => "Password changed",
        AccountEvent::PasswordReset => "Password set with a one-time link",
        AccountEvent::SessionEnded => "A session was signed out",
        AccountEvent::OtherSessionsEnded { number } => {
            return format!("{} signed out", plural(*number, "other session was", "other sessions were"));
        }
        AccountEvent::AccountDeleted { user } => return format!("Account {user} deleted"),
        AccountEvent::SetupLinkUsed => "Became the first admin with the setup link",
        AccountEvent::InvitationMade => "Somebody was invited",
        AccountEvent::InvitationAccepted => "Account created by invitation",
        AccountEvent::InvitationWithdrawn => "An invitation was withdrawn",
        AccountEvent::ResetLinkMade => "A link to reset the password was made",
        AccountEvent::Promoted => "Became an admin",
        AccountEvent::Demoted => "No longer an admin",
        AccountEvent::ApiKeyMade { name } => return format!("API key “{name}” made"),
        AccountEvent::ApiKeyReplaced { name } => return format!("API key “{name}” replaced"),
        AccountEvent::ApiKeyEnded { name } => return format!("API key “{name}” ended"),
        AccountEvent::WebhookEventsReplayed { hours, number } => {
            return format!(
                "{} replayed from the last {}",
                plural(*number, "webhook event was", "webhook events were"),
                plural(*hours, "hour", "hours")
            );
        }
        AccountEvent::DeletionsImported { number } => {
            return format!("{} started", plural(*number, "data deletion was", "data deletions were"));
        }
        AccountEvent::Unknown => "Another change, recorded by a newer version of this program",
    };
    if entry.times > 1 { format!("{text}, {} times", count(entry.times)) } else { text.to_owned() }
}

/// Who did it, for the admin page: an address, or who else.
pub fn actor(entry: &AccountEventEntry) -> String {
    match (&entry.actor, &entry.actor_email) {
        (Actor::Operator, _) => "the operator".to_owned(),
        (Actor::Anonymous, _) => "not signed in".to_owned(),
        (Actor::User(_), Some(email)) => email.clone(),
        (Actor::User(id), None) => format!("{id} (deleted)"),
    }
}

/// Where from: "Firefox on Linux, 203.0.113.7". `device`: empty if unknown.
pub fn place(entry: &AccountEventEntry, device: &str) -> String {
    match (device, entry.address.as_str()) {
        ("", "") if entry.actor == Actor::Operator => "by the operator".to_owned(),
        ("", "") => "no address is kept".to_owned(),
        ("", address) => address.to_owned(),
        (device, "") => device.to_owned(),
        (device, address) => format!("{device}, {address}"),
    }
}
