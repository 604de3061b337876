//! One-line notices on the page after an action.

use crate::codes::notice::Notice;
use crate::messages::format::plural;

/// `number` counts what the action applied to, where it applied to several things.
pub fn notice(notice: Notice, number: i64) -> String {
    let text = match notice {
        Notice::ApiKeyEnded => "The key has ended. Programs that use it are refused from now on.",
        Notice::Renewed => "Access renewed.",
        Notice::AccessWorks => "The access works.",
        Notice::NotRenewed => {
            "The access works. Facebook has not extended it yet; we keep trying automatically."
        }
        Notice::MetaUnavailable => {
            "Meta isn’t answering right now. Nothing has changed; we try again automatically."
        }
        Notice::RateLimited => "Meta asks us to wait. Nothing has changed; we try again automatically.",
        Notice::StillBroken => "We checked again. Action is still needed, see below.",
        Notice::NotConnected => "This connection is disconnected, so there is nothing to do.",
        Notice::SyncStarted => "The sync has started. You can leave this page.",
        Notice::Selected => "Your selection is saved.",
        Notice::SomeRefused => "Your selection is saved. Some accounts cannot be used and were left out.",
        Notice::SomeUnanswered => {
            "Meta did not answer for some of the accounts, so they are not selected yet. The rest is saved. Select them again in a minute."
        }
        Notice::ConnectionRemoved => "The connection is removed from the list.",
        Notice::Disconnected => "The connection is disconnected, and our access is erased.",
        Notice::TokenConnected => "The system user is connected. Its accounts are syncing.",
        Notice::SignedIn => "You are signed in.",
        Notice::Registered => "Your account is ready.",
        Notice::SignedOut => "You are signed out.",
        Notice::AccountDeleted => "Your account is deleted, with everything we held about you.",
        Notice::PasswordChanged => "Your password is changed. Other sessions were signed out.",
        Notice::SessionEnded => "That session is signed out.",
        Notice::OtherSessionsEnded => "All other sessions are signed out.",
        Notice::ThemeSaved => "The theme is saved for this browser.",
        Notice::WebhookSaved => "The endpoint is saved.",
        Notice::WebhookOn => "The endpoint is on. It receives events from now on.",
        Notice::WebhookOff => "The endpoint is off.",
        Notice::WebhookDeleted => "The endpoint is deleted.",
        Notice::DeliveryReplayed => "It is sent once more.",
        Notice::EventsReplayed => {
            return format!("Replaying {}.", plural(number, "event", "events"));
        }
        Notice::DeletionsStarted => {
            return format!("{} in progress.", plural(number, "deletion is", "deletions are"));
        }
    };
    text.to_owned()
}
