//! Users and their sessions.

use crate::text::{SessionId, UserId, WorkspaceId};

#[derive(Debug, Clone)]
pub struct NewUser {
    pub id: UserId,
    /// As the user typed it.
    pub email: String,
    /// The normalized address: unique.
    pub email_key: String,
    pub password_hash: String,
    /// Whether the user is an admin; None: only if it is the first user.
    pub is_admin: Option<bool>,
    pub created_at: i64,
}

#[derive(Debug, Clone)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub password_hash: String,
    pub is_admin: bool,
    pub created_at: i64,
    pub password_changed_at: i64,
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
}
