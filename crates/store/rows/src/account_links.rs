//! One-time links that an operator hands out. The database knows the hash of a link's token only.

use crate::accounts::NewUser;
use crate::text::{UserId, text_enum};

text_enum!(
    /// What a link is for, as its column.
    LinkKind {
        Setup = "setup",
        Invitation = "invitation",
        Password = "password",
    }
);

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Creates or promotes the first admin.
    Setup,
    /// Lets somebody register with this address.
    Invitation { email: String, email_key: String },
    /// Sets the password of an account.
    Password { user_id: UserId },
}

#[derive(Debug, Clone)]
pub struct NewAccountLink {
    pub id: String,
    pub token_hash: String,
    pub purpose: LinkPurpose,
    pub created_at: i64,
    pub expires_at: i64,
}

/// A link that can still be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountLink {
    pub id: String,
    pub purpose: LinkPurpose,
    /// The address of the invitation or of the account; None for a setup link.
    pub email: Option<String>,
    pub created_at: i64,
    pub expires_at: i64,
}

/// What using a link does, in the transaction that uses it up.
#[derive(Debug, Clone)]
pub enum LinkEffect {
    CreateUser(NewUser),
    /// Makes an existing user the first admin.
    Promote(UserId),
    /// Sets the password, ends every session of the user and forgets their devices.
    SetPassword {
        user_id: UserId,
        password_hash: String,
        is_admin: bool,
    },
}

/// What became of an attempt to use a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkOutcome {
    Done,
    /// Used, replaced, withdrawn or expired.
    Gone,
    /// The link can still be used.
    EmailTaken,
    /// A setup link is of no use once there is an admin.
    AdminExists,
}

impl LinkPurpose {
    pub fn kind(&self) -> LinkKind {
        match self {
            LinkPurpose::Setup => LinkKind::Setup,
            LinkPurpose::Invitation { .. } => LinkKind::Invitation,
            LinkPurpose::Password { .. } => LinkKind::Password,
        }
    }

    /// The columns `email`, `email_key` and `user_id`.
    pub fn to_columns(&self) -> (Option<&str>, Option<&str>, Option<&str>) {
        match self {
            LinkPurpose::Setup => (None, None, None),
            LinkPurpose::Invitation { email, email_key } => (Some(email), Some(email_key), None),
            LinkPurpose::Password { user_id } => (None, None, Some(user_id.as_str())),
        }
    }

    /// None if the columns contradict the kind.
    pub fn from_columns(
        kind: LinkKind,
        email: Option<String>,
        email_key: Option<String>,
        user_id: Option<UserId>,
    ) -> Option<LinkPurpose> {
        match (kind, email, email_key, user_id) {
            (LinkKind::Setup, None, None, None) => Some(LinkPurpose::Setup),
            (LinkKind::Invitation, Some(email), Some(email_key), None) => {
                Some(LinkPurpose::Invitation { email, email_key })
            }
            (LinkKind::Password, None, None, Some(user_id)) => Some(LinkPurpose::Password { user_id }),
            (LinkKind::Setup | LinkKind::Invitation | LinkKind::Password, ..) => None,
        }
    }
}
