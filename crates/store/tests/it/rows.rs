//! New rows with plausible values, for tests that change what matters to them.

use metaads_store::{
    AccountCheck, AssetBatch, AuditEvent, AuthorizationId, Completion, ConnectionId, ConnectionKind,
    DeletionRequest, DisconnectMode, DisconnectRequest, Expiry, GrantRevocation, Job, JobId, JobKind,
    JobPayload, Login, NewAdAccount, NewAuditEvent, NewAuthorization, NewBusiness, NewInstagramAccount,
    NewJob, NewPage, NewSession, NewUser, NewWebhookEvent, ObservedStatus, Relation, ScopeSet, SessionId,
    SyncStep, TokenCheck, UserId,
};
use metaads_vault::Sealed;

use crate::world::{APP, DAY, MINUTE, NOW, Owner, text_id, uuid};

pub fn user(email: &str) -> NewUser {
    NewUser {
        id: UserId::new(uuid()),
        email: email.to_uppercase(),
        email_key: email.to_owned(),
        password_hash: "hash".to_owned(),
        is_admin: None,
        email_proven_at: None,
        created_at: NOW,
    }
}

pub fn session(user: &UserId) -> NewSession {
    let id = SessionId::new(uuid());
    NewSession {
        token_hash: id.as_str().to_owned(),
        id,
        user_id: user.clone(),
        user_agent: "Browser".to_owned(),
        created_at: NOW,
        expires_at: NOW + 30 * DAY,
    }
}

pub fn authorization(
    owner: &Owner,
    session: &SessionId,
    state: &str,
    pkce_verifier: Sealed,
) -> NewAuthorization {
    NewAuthorization {
        id: AuthorizationId::new(uuid()),
        workspace_id: owner.workspace.clone(),
        user_id: owner.user.clone(),
        session_id: session.clone(),
        login: Login::Facebook,
        state_hash: state.to_owned(),
        redirect_uri: "https://example.com/callback".to_owned(),
        pkce_verifier: Some(pkce_verifier),
        is_popup: false,
        is_rerequest: false,
        reconnects: None,
        connect_session: None,
        created_at: NOW,
        expires_at: NOW + 10 * MINUTE,
    }
}

/// A token import; `authorization_id` makes it a login.
pub fn completion(owner: &Owner, meta_user_id: &str, access_token: Sealed) -> Completion {
    let id = ConnectionId::new(uuid());
    Completion {
        authorization_id: None,
        workspace_id: owner.workspace.clone(),
        user_id: owner.user.clone(),
        login: None,
        scoped_user_id: None,
        kind: ConnectionKind::FacebookUser,
        app_id: APP.to_owned(),
        meta_user_id: meta_user_id.to_owned(),
        name: format!("Person {meta_user_id}"),
        picture_url: None,
        access_token,
        limited_by: None,
        scopes: scopes("ads_read,business_management"),
        declined_scopes: ScopeSet::default(),
        expired_scopes: ScopeSet::default(),
        granular_scopes: "[]".to_owned(),
        business: None,
        expires_at: Some(NOW + 60 * DAY),
        data_access_expires_at: Some(NOW + 90 * DAY),
        assets: AssetBatch::default(),
        sync_total: None,
        sync_job: NewJob { payload: JobPayload::Sync("plan".to_owned()), ..job(JobKind::Sync, id.as_str()) },
        check_job: check_job(&id),
        at: NOW,
        audit_ids: [text_id(), text_id()],
        connection_id: id,
    }
}

pub fn scopes(text: &str) -> ScopeSet {
    ScopeSet::from_text(text).unwrap()
}

pub fn job(kind: JobKind, subject: &str) -> NewJob {
    NewJob {
        id: JobId::new(uuid()),
        kind,
        subject: subject.to_owned(),
        payload: JobPayload::Empty,
        priority: kind.priority(),
        run_at: NOW,
    }
}

/// The token check of a connection; it has the connection's id.
pub fn check_job(id: &ConnectionId) -> NewJob {
    NewJob { id: JobId::from_text(id.as_str()).unwrap(), ..job(JobKind::Check, id.as_str()) }
}

/// A check of the first token that reports nothing, followed by one a day later.
pub fn token_check(id: &ConnectionId) -> TokenCheck {
    TokenCheck {
        connection_id: id.clone(),
        token_version: 1,
        state: None,
        scopes: None,
        expired_scopes: None,
        granular_scopes: None,
        expires_at: Expiry::Unchanged,
        data_access_expires_at: Expiry::Unchanged,
        refreshed: None,
        is_erasing: false,
        events: Vec::new(),
        expiring: None,
        at: NOW + MINUTE,
        next_at: NOW + DAY,
        attempts: 0,
        audit_id: text_id(),
    }
}

/// The last step of the sync that a login started, without assets.
pub fn sync_step(id: &ConnectionId) -> SyncStep {
    SyncStep {
        connection_id: id.clone(),
        generation: 1,
        assets: AssetBatch::default(),
        unread: None,
        total: None,
        profile: None,
        next: None,
        is_stuck: false,
        limits: None,
        at: NOW + MINUTE,
        status_check_id: JobId::new(uuid()),
        audit_id: text_id(),
    }
}

pub fn ad_account(id: &str) -> NewAdAccount {
    NewAdAccount {
        account_id: id.to_owned(),
        account_name: format!("Account {id}"),
        name_key: format!("account {id}"),
        currency: "EUR".to_owned(),
        timezone: "Europe/Berlin".to_owned(),
        is_selectable: true,
        account_status: Some(1),
        disable_reason: None,
        business_id: Some("b1".to_owned()),
        business_name: Some("Business".to_owned()),
        group_id: "b1".to_owned(),
        group_name: "Business".to_owned(),
        relation: Relation::Owned.as_str().to_owned(),
        tasks: "ANALYZE,MANAGE".to_owned(),
        lost_reason: None,
    }
}

pub fn ad_accounts(ids: &[&str]) -> AssetBatch {
    AssetBatch { ad_accounts: ids.iter().map(|id| ad_account(id)).collect(), ..AssetBatch::default() }
}

/// One asset of each kind; the Page has the Instagram account.
pub fn assets() -> AssetBatch {
    AssetBatch {
        ad_accounts: vec![ad_account("1")],
        businesses: vec![NewBusiness {
            business_id: "b1".to_owned(),
            name: "Business".to_owned(),
            verification_status: None,
        }],
        pages: vec![NewPage {
            page_id: "p1".to_owned(),
            name: "Page".to_owned(),
            tasks: "ADVERTISE".to_owned(),
            has_linked_instagram: true,
            business_id: None,
            business_name: None,
        }],
        instagram_accounts: vec![NewInstagramAccount {
            instagram_id: "i1".to_owned(),
            username: "shop".to_owned(),
            name: "Shop".to_owned(),
            page_id: Some("p1".to_owned()),
        }],
    }
}

/// A check that found the account in this status.
pub fn account_check(account: &str, status: i64) -> AccountCheck {
    let observed = ObservedStatus {
        account_status: Some(status),
        disable_reason: None,
        is_selectable: status == 1,
        lost_reason: None,
    };
    AccountCheck {
        account_id: account.to_owned(),
        observed: Some(observed),
        was_due_at: 0,
        next_check_at: NOW + DAY,
        changed: None,
    }
}

pub fn event(event: AuditEvent) -> NewAuditEvent {
    NewAuditEvent { id: text_id(), event }
}

pub fn disconnect(owner: &Owner, id: &ConnectionId) -> DisconnectRequest {
    DisconnectRequest {
        workspace_id: owner.workspace.clone(),
        user_id: owner.user.clone(),
        connection_id: id.clone(),
        revoke_job: None,
        mode: DisconnectMode::Forget,
        at: NOW + MINUTE,
        audit_id: text_id(),
    }
}

/// The person removed the app a minute after [`NOW`].
pub fn revocation(meta_user_id: &str) -> GrantRevocation {
    GrantRevocation {
        app_id: APP.to_owned(),
        meta_user_id: meta_user_id.to_owned(),
        issued_at: NOW + MINUTE,
        at: NOW + 2 * MINUTE,
    }
}

pub fn webhook_event(object: &str, subject: &str) -> NewWebhookEvent {
    let id = text_id();
    NewWebhookEvent {
        digest: format!("digest of {id}"),
        id,
        app_id: APP.to_owned(),
        object: object.to_owned(),
        subject: subject.to_owned(),
        field: "field".to_owned(),
        value: "{}".to_owned(),
        sent_at: NOW,
        received_at: NOW,
    }
}

pub fn webhook_job() -> NewJob {
    job(JobKind::Webhooks, "meta")
}

pub fn deletion_request(user_hash: &str) -> DeletionRequest {
    DeletionRequest {
        id: text_id(),
        app_id: APP.to_owned(),
        user_hash: user_hash.to_owned(),
        issued_at: NOW,
        requested_at: NOW,
        completed_at: None,
        outcome: None,
    }
}

/// The same claimed job as an earlier worker knew it, before its lease was lost.
pub fn stale(job: &Job) -> Job {
    Job { fence: job.fence - 1, ..job.clone() }
}
