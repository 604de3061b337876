//! Users and their sessions.

use crate::text::{SessionId, UserId, WorkspaceId};

/// The rule that makes `email_key` of new rows; rows of an older one get a new key when the service starts.
pub const EMAIL_KEY_VERSION: i64 = 2;

#[derive(Debug, Clone)]
pub struct NewUser {
    pub id: UserId,
    /// As the user typed it.
    pub email: String,
    /// The normalized address: unique.
    pub email_key: String,
    /// Empty: no password yet, so nobody can sign in.
    pub password_hash: String,
    /// Whether the user is an admin; None: only if it is the first user.
    pub is_admin: Option<bool>,
    /// When the address was proven; None: it is as the user typed it.
    pub email_proven_at: Option<i64>,
    pub created_at: i64,
}

#[derive(Debug, Clone)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub password_hash: String,
    pub is_admin: bool,
    pub email_proven_at: Option<i64>,
    pub created_at: i64,
    pub password_changed_at: i64,
}

/// A change of who is an admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminChange {
    Promote,
    Demote(LastAdmin),
}

/// What happens if the user is the only admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastAdmin {
    Keep,
    MayLeave,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminOutcome {
    Changed,
    Unchanged,
    /// Refused: nobody would be an admin.
    IsLast,
}

/// The hits of a rate limit's bucket within its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitHits {
    pub hits: i64,
    /// When the window ends.
    pub ends_at: i64,
}

#[derive(Debug, Clone)]
pub struct NewSession {
    pub id: SessionId,
    pub token_hash: String,
    pub user_id: UserId,
    pub user_agent: String,
    pub created_at: i64,
    /// The absolute end; the idle limit is checked against `last_seen_at`.
    pub expires_at: i64,
}

#[derive(Debug, Clone)]
pub struct Session {
    pub id: SessionId,
    pub user_agent: String,
    pub created_at: i64,
    pub last_seen_at: i64,
}

/// A live session with its user.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub session_id: SessionId,
    pub user_id: UserId,
    /// Where this session works: the user's personal workspace.
    pub workspace_id: WorkspaceId,
    pub email: String,
    pub is_admin: bool,
    pub last_seen_at: i64,
    /// When the person last entered the password in this session.
    pub confirmed_at: i64,
}
