//! Users and their sessions.

use crate::text::{SessionId, UserId};

#[derive(Debug, Clone)]
pub struct NewUser {
    pub id: UserId,
    /// As it was typed.
    pub email: String,
    /// Lower case: two users never share one.
    pub email_key: String,
    pub password_hash: String,
    /// What decides about the admin role: true, false, or "if nobody is there yet" (None).
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

/// A session that is alive, and whose it is.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub session_id: SessionId,
    pub user_id: UserId,
    pub email: String,
    pub is_admin: bool,
    pub last_seen_at: i64,
    /// How many of the user's connections need somebody.
    pub needing: i64,
}
