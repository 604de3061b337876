//! Events of the webhook inbox (Meta's calls to us), and requests for data deletion.

use serde::Serialize;

use crate::text::text_enum;

text_enum!(
    /// The outcome of applying an event of the webhook inbox.
    WebhookOutcome {
        /// The tokens of the affected connections are checked.
        Checking = "checking",
        /// Their assets are synced.
        Syncing = "syncing",
        /// The status of the ad account is checked.
        StatusChecking = "status_checking",
        /// The grant's tokens are erased.
        Revoked = "revoked",
        /// The person's data is deleted.
        Deleted = "deleted",
        /// The person connected again after the request: the newer connections stay.
        ConnectedAgain = "connected_again",
        /// A notice for the operator was recorded.
        OperatorNotified = "operator_notified",
        /// Nothing is stored here that it affects.
        NothingStored = "nothing_stored",
        /// An object or field that this program does not use.
        Ignored = "ignored",
        /// It could not be applied after several attempts.
        Failed = "failed",
    }
);

/// Which events are applied together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// The person removed the app, or asked for the deletion of their data: applied at once, tried until it works.
    Erasures,
    /// Everything else.
    Others,
}

text_enum!(
    /// The outcome of a request for data deletion.
    DeletionOutcome {
        Deleted = "deleted",
        /// Nothing was stored about the person.
        Nothing = "nothing",
        /// The person connected again after the request: the newer connections stay.
        ConnectedAgain = "connected_again",
        /// A test call of Meta's dashboard.
        Test = "test",
    }
);

/// An event as it is stored before Meta gets its 200. Serialized, since many rows go into one statement as JSON.
#[derive(Debug, Clone, Serialize)]
pub struct NewWebhookEvent {
    pub id: String,
    /// Recognizes repeated deliveries.
    pub digest: String,
    pub app_id: String,
    /// `permissions`, `application`, ...; `deauthorize` and `data_deletion` for the two callbacks.
    pub object: String,
    /// The id of a person, app or ad account.
    pub subject: String,
    pub field: String,
    /// JSON.
    pub value: String,
    pub sent_at: i64,
    pub received_at: i64,
}

/// An event of the webhook inbox.
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
    /// Failed attempts to apply it.
    pub attempts: i64,
    pub applied_at: Option<i64>,
    pub outcome: Option<WebhookOutcome>,
}

#[derive(Debug, Clone)]
pub struct DeletionRequest {
    pub id: String,
    pub app_id: String,
    /// SHA-256: the person's id itself is not kept.
    pub user_hash: String,
    /// When Meta signed it (Unix milliseconds).
    pub issued_at: i64,
    pub requested_at: i64,
    pub completed_at: Option<i64>,
    pub outcome: Option<DeletionOutcome>,
}

/// A grant that ended at Meta.
#[derive(Debug, Clone)]
pub struct GrantRevocation {
    pub app_id: String,
    pub meta_user_id: String,
    /// Connections made later than this stay (Unix milliseconds).
    pub issued_at: i64,
    pub at: i64,
}
