//! Events of accounts: one enum, stored as an action and its details in JSON. The history of connections is in `audit`.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::text::UserId;

/// Something that happened to an account, or that an admin did. Stored as `action` and `detail`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", content = "detail", rename_all = "snake_case")]
pub enum AccountEvent {
    Registered,
    RegistrationThrottled,
    /// An operator created the account.
    Created,
    SignedIn,
    SignedOut,
    SignInFailed,
    SignInThrottled,
    /// A signed-in user entered a wrong current password.
    PasswordCheckFailed,
    PasswordCheckThrottled,
    PasswordChanged,
    /// The password was set with a one-time link.
    PasswordReset,
    SessionEnded,
    OtherSessionsEnded {
        number: i64,
    },
    /// `user`: the id that the account had; nothing else of it is kept.
    AccountDeleted {
        user: String,
    },
    SetupLinkUsed,
    InvitationMade,
    InvitationAccepted,
    InvitationWithdrawn,
    ResetLinkMade,
    Promoted,
    Demoted,
    ApiKeyMade {
        name: String,
    },
    ApiKeyReplaced {
        name: String,
    },
    ApiKeyEnded {
        name: String,
    },
    WebhookEventsReplayed {
        hours: i64,
        number: i64,
    },
    DeletionsImported {
        number: i64,
    },
    /// An action of another version of this program.
    #[serde(other)]
    Unknown,
}

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Nobody was signed in.
    Anonymous,
    /// Somebody at the command line.
    Operator,
    User(UserId),
}

/// An event about to be recorded.
#[derive(Debug, Clone)]
pub struct NewAccountEvent {
    pub id: String,
    pub at: i64,
    /// Whose account it concerns; None: no account.
    pub user_id: Option<UserId>,
    pub actor: Actor,
    pub event: AccountEvent,
    pub address: String,
    pub user_agent: String,
}

/// A recorded event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountEventEntry {
    pub at: i64,
    pub last_at: i64,
    pub times: i64,
    /// The address of the account that it concerns.
    pub email: Option<String>,
    pub actor: Actor,
    /// The address of the user who acted, while their account exists.
    pub actor_email: Option<String>,
    pub event: AccountEvent,
    pub address: String,
    pub user_agent: String,
}

impl Actor {
    pub fn as_str(&self) -> &str {
        match self {
            Actor::Anonymous => "",
            Actor::Operator => "operator",
            Actor::User(id) => id.as_str(),
        }
    }

    pub fn from_text(text: &str) -> Actor {
        match (text, UserId::from_text(text)) {
            (_, Some(id)) => Actor::User(id),
            ("operator", None) => Actor::Operator,
            (_, None) => Actor::Anonymous,
        }
    }
}

impl AccountEvent {
    /// The two columns: action, and details as JSON.
    pub fn to_columns(&self) -> (String, String) {
        let mut value = serde_json::to_value(self).expect("an event of text and numbers always serializes");
        let action = value["action"].take();
        let action = action.as_str().expect("the tag of an enum is a string").to_owned();
        (action, value["detail"].take().to_string())
    }

    /// An event from its columns; [`AccountEvent::Unknown`] for one that this version does not know.
    pub fn from_columns(action: &str, detail: &str) -> AccountEvent {
        let detail: serde_json::Value = serde_json::from_str(detail).unwrap_or_default();
        let event = if detail.is_null() {
            json!({ "action": action })
        } else {
            json!({ "action": action, "detail": detail })
        };
        serde_json::from_value(event).unwrap_or(AccountEvent::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_actors_survive_their_columns() {
        for event in [
            AccountEvent::SignedIn,
            AccountEvent::OtherSessionsEnded { number: 3 },
            AccountEvent::AccountDeleted { user: "1".to_owned() },
            AccountEvent::WebhookEventsReplayed { hours: 24, number: 7 },
        ] {
            let (action, detail) = event.to_columns();
            assert_eq!(AccountEvent::from_columns(&action, &detail), event, "{action} {detail}");
        }
        assert_eq!(AccountEvent::from_columns("teleported", "{\"to\":1}"), AccountEvent::Unknown);
        let user = UserId::from_text("00000000-0000-7000-8000-000000000001").expect("a canonical id");
        for actor in [Actor::Anonymous, Actor::Operator, Actor::User(user)] {
            assert_eq!(Actor::from_text(actor.as_str()), actor);
        }
    }
}
