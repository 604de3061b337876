//! What the tables hold. Shared by the two engines' crates, so that a row is the same type whichever
//! database it came from. Times are milliseconds since the epoch.

mod accounts;
mod assets;
mod connections;
mod error;
mod events;
mod jobs;
mod keys;
mod limits;
mod standing;
mod text;
mod visits;

pub use accounts::{NewSession, NewUser, Session, SignedIn, User};
pub use assets::{
    AccountGroup, AdAccount, AdAccountFilter, AssetBatch, Business, InstagramAccount, NewAdAccount,
    NewBusiness, NewInstagramAccount, NewPage, Only, Page, Relation, SelectionChange, UnreadList,
};
pub use connections::{
    AuditEntry, Authorization, AuthorizationStatus, Completion, Connection, ConnectionKind, ConnectionStatus,
    Disconnection, Login, NewAuthorization, Sibling, Stored, SyncState,
};
pub use error::StoreError;
pub use events::{DeletionRequest, Ended, MetaEvent, NewEvent};
pub use jobs::{Job, JobKind, Lease, SyncStep};
pub use keys::{DataKey, KeyUse, SealedAt, SealedRow, SealedTable};
pub use limits::{Limit, UnknownAnswer};
pub use standing::{Looked, Seen, Watched};
pub use text::{AuthorizationId, ConnectionId, JobId, SessionId, UserId, Words};
pub use visits::{Expiry, Happened, OperatorNotice, Visit};
