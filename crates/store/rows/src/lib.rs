//! What the tables hold. Shared by the two engines' crates, so that a row is the same type whichever
//! database it came from. Times are milliseconds since the epoch.

mod account_status;
mod accounts;
mod assets;
mod connections;
mod error;
mod jobs;
mod keys;
mod quotas;
mod text;
mod token_checks;
mod webhooks;

pub use account_status::{AccountCheck, AccountStatusRow, ObservedStatus};
pub use accounts::{NewSession, NewUser, Session, SignedIn, User};
pub use assets::{
    AccountGroup, AdAccount, AdAccountFilter, AssetBatch, Business, InstagramAccount, NewAdAccount,
    NewBusiness, NewInstagramAccount, NewPage, Only, Page, Relation, SelectionChange, UnreadList,
};
pub use connections::{
    AuditEntry, Authorization, AuthorizationStatus, Completion, CompletionOutcome, Connection,
    ConnectionKind, ConnectionStatus, DisconnectRequest, GrantConnection, Login, NewAuthorization, SyncState,
};
pub use error::StoreError;
pub use jobs::{Job, JobKind, Lease, SyncStep};
pub use keys::{DataKey, KeyUse, SealedAt, SealedRow, SealedTable};
pub use quotas::{QuotaRow, UnrecognizedError};
pub use text::{AuthorizationId, ConnectionId, JobId, ScopeSet, SessionId, UserId};
pub use token_checks::{Expiry, Happened, OperatorNotice, TokenCheck};
pub use webhooks::{DeletionRequest, GrantRevocation, NewWebhookEvent, WebhookEvent};
