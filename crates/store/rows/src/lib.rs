//! The row types of the database, shared by the crates of both engines. No SQL. Times (`*_at`, `at`, `since`, `until`)
//! are Unix milliseconds.

mod account_events;
mod account_links;
mod account_status;
mod accounts;
mod api_keys;
mod assets;
mod audit;
mod authorizations;
mod connect_sessions;
mod connection_state;
mod connections;
mod error;
mod jobs;
mod keys;
mod operator_notices;
mod outbox;
mod quotas;
mod text;
mod token_checks;
mod webhook_endpoints;
mod webhooks;

pub use account_events::{AccountEvent, AccountEventEntry, Actor, NewAccountEvent};
pub use account_links::{AccountLink, LinkEffect, LinkKind, LinkOutcome, LinkPurpose, NewAccountLink};
pub use account_status::{AccountCheck, AccountStatusRow, ObservedStatus};
pub use accounts::{
    AdminChange, AdminOutcome, EMAIL_KEY_VERSION, LastAdmin, NewSession, NewUser, RateLimitHits, Session,
    SignedIn, User,
};
pub use api_keys::{ApiCall, ApiKey, ApiKeyLimits, ApiKeyRow, ApiScope, NewApiKey, NewSecret};
pub use assets::{
    AccountGroup, AdAccount, AdAccountFilter, AssetBatch, Business, InstagramAccount, NewAdAccount,
    NewBusiness, NewInstagramAccount, NewPage, Only, Page, Relation, SelectionChange, UnreadList,
    UnreadReason,
};
pub use audit::{AdAccountChange, AuditEntry, AuditEvent, ConnectSessionRef, MetaFailure, NewAuditEvent};
pub use authorizations::{Authorization, AuthorizationStatus, DialogHost, Login, NewAuthorization};
pub use connect_sessions::{
    ConnectSession, ConnectSessionInsert, ConnectSessionRow, ConnectSessionState, ConnectSessionStatus,
    NewConnectSession,
};
pub use connection_state::{ConnectionState, ConnectionStatus, RevokedBy, StatusReason};
pub use connections::{
    AssetCounts, Completion, CompletionOutcome, Connection, ConnectionKind, ConnectionRow, ConnectionSummary,
    DisconnectMode, DisconnectRequest, GrantConnection, SyncState,
};
pub use error::StoreError;
pub use jobs::{
    AGED_MS, CheckPayload, ClaimOrder, IfSyncing, Job, JobKind, JobPayload, JobRow, Lease, NewJob, Priority,
    ProfileUpdate, SyncStep,
};
pub use keys::{DataKey, KeyUse, SealedAt, SealedRow, SealedTable};
pub use operator_notices::{NoticeEntry, NoticeKind, OperatorNotice};
pub use outbox::{
    EXPIRING_WITHIN_MS, NewOutboxEvent, OutboxChange, OutboxEvent, OutboxEventType, OutboxSubject,
    combined_id, dated_id, derived_id, erased_data,
};
pub use quotas::{QuotaRow, UnrecognizedError};
pub use text::{
    AuthorizationId, ConnectSessionId, ConnectionId, JobId, ScopeSet, SessionId, UserId, WorkspaceId,
};
pub use token_checks::{Expiry, TokenCheck, state_event};
pub use webhook_endpoints::{
    AfterAttempt, DeliveryAttempt, DeliveryError, DeliveryStatus, DisabledReason, EndpointChange,
    EndpointState, Expansion, NewWebhookEndpoint, RequestId, WebhookDelivery, WebhookEndpoint,
    WebhookEndpointRow, types_to_column,
};
pub use webhooks::{
    DeletionOutcome, DeletionRequest, GrantRevocation, NewWebhookEvent, Urgency, WebhookEvent, WebhookOutcome,
};
