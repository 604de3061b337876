//! Meta's calls to us, and requests for deletion.

use serde::Serialize;

/// A change as it is stored before Meta gets its 200; serialized, since many go into one statement.
#[derive(Debug, Clone, Serialize)]
pub struct NewWebhookEvent {
    pub id: String,
    /// Tells repeats.
    pub digest: String,
    pub app_id: String,
    /// `permissions`, `application`, …; `deauthorize` and `data_deletion` for the two callbacks.
    pub object: String,
    /// The id of a person, app or ad account.
    pub subject: String,
    pub field: String,
    /// JSON.
    pub value: String,
    pub sent_at: i64,
    pub received_at: i64,
}

#[derive(Debug, Clone)]
pub struct WebhookEvent {
    pub id: String,
    pub app_id: String,
    pub object: String,
    pub subject: String,
    pub field: String,
    pub value: String,
    pub sent_at: i64,
    pub received_at: i64,
    pub applied_at: Option<i64>,
    /// What came of it, in a word.
    pub outcome: Option<String>,
}

#[derive(Debug, Clone)]
pub struct DeletionRequest {
    pub id: String,
    pub app_id: String,
    pub user_hash: String,
    /// Milliseconds since the epoch, as Meta signed it.
    pub issued_at: i64,
    pub requested_at: i64,
    pub completed_at: Option<i64>,
    /// `deleted`, `nothing`, `connected_again` or `test`.
    pub outcome: Option<String>,
}

/// A connection of a grant that Meta says has ended.
#[derive(Debug, Clone)]
pub struct GrantRevocation {
    pub app_id: String,
    pub meta_user_id: String,
    /// Connections made later than this stay.
    pub issued_at: i64,
    pub at: i64,
}
