//! What Meta says about a token: valid or not, why, until when, with which permissions. Network only.

use metaads_graph::{AccessToken, DeadGrant, GraphError, Recovery, TokenExpiry, TokenInspection};
use metaads_store::{Connection, ConnectionKind, Expiry, StatusReason};

use crate::app::App;
use crate::connections::granular_scopes;

/// What is known about a token after asking.
#[derive(Debug)]
pub struct TokenStatus {
    /// Why the token does not work; None: it does.
    pub invalid: Option<StatusReason>,
    pub expires_at: Expiry,
    pub data_access_expires_at: Expiry,
    /// The permissions it has; None: not reported for this kind of token.
    pub scopes: Option<Vec<String>>,
    /// JSON; None: not reported for this kind of token.
    pub granular_scopes: Option<String>,
}

impl TokenStatus {
    fn valid() -> TokenStatus {
        TokenStatus {
            invalid: None,
            expires_at: Expiry::Unchanged,
            data_access_expires_at: Expiry::Unchanged,
            scopes: None,
            granular_scopes: None,
        }
    }
}

/// Asks about a token of this connection: the stored one, or one that may replace it.
pub async fn inspect(
    app: &App,
    connection: &Connection,
    token: &AccessToken,
) -> Result<TokenStatus, GraphError> {
    match connection.kind {
        ConnectionKind::FacebookUser | ConnectionKind::BusinessSystemUser => {
            let inspection = app.graph().inspect_token(token).await?;
            Ok(status_of(app, connection, &inspection))
        }
        // `debug_token` does not know these tokens: a cheap call tells whether they work.
        ConnectionKind::InstagramUser => match app.graph().read_instagram_id(token).await {
            Ok(_) => Ok(TokenStatus::valid()),
            Err(error) => match error.recovery() {
                Recovery::Grant(dead) => {
                    Ok(TokenStatus { invalid: Some(reason_of(dead)), ..TokenStatus::valid() })
                }
                // Its only permission has been taken back.
                Recovery::Permission => Ok(TokenStatus { scopes: Some(Vec::new()), ..TokenStatus::valid() }),
                _ => Err(error),
            },
        },
    }
}

/// Whether an inspection is of a valid token of our app, of this kind and of this person. Whether it is still valid is
/// for Meta to say: our clock may be wrong.
pub fn is_ours(app: &App, inspection: &TokenInspection, kind: &str, person: &str) -> bool {
    inspection.is_valid
        && inspection.app_id == app.graph().app().app_id.as_str()
        && inspection.kind.as_deref().is_none_or(|reported| reported == kind)
        && inspection.user_id.as_deref() == Some(person)
}

fn status_of(app: &App, connection: &Connection, inspection: &TokenInspection) -> TokenStatus {
    let kind = match connection.kind {
        ConnectionKind::BusinessSystemUser => "SYSTEM_USER",
        ConnectionKind::FacebookUser | ConnectionKind::InstagramUser => "USER",
    };
    let invalid = match is_ours(app, inspection, kind, &connection.meta_user_id) {
        true => None,
        false if inspection.is_valid => Some(StatusReason::ForeignToken),
        // A subcode that we do not know stays the reason, also once the token would have ended anyway.
        false => Some(match inspection.error_subcode {
            Some(subcode) => reason_of(DeadGrant::from_subcode(Some(subcode))),
            None if inspection.expires_at.at().is_some_and(|at| at.to_millis() <= app.now()) => {
                StatusReason::TokenExpired
            }
            None => StatusReason::SessionInvalid,
        }),
    };
    TokenStatus {
        invalid,
        expires_at: match inspection.expires_at {
            TokenExpiry::At(at) => Expiry::At(at.to_millis()),
            TokenExpiry::Never => Expiry::Never,
            TokenExpiry::NotReported => Expiry::Unchanged,
        },
        data_access_expires_at: inspection
            .data_access_expires_at
            .map_or(Expiry::Unchanged, |at| Expiry::At(at.to_millis())),
        granular_scopes: inspection.is_valid.then(|| granular_scopes::to_text(&inspection.granular_scopes)),
        scopes: Some(inspection.scopes.clone()),
    }
}

fn reason_of(dead: DeadGrant) -> StatusReason {
    match dead {
        DeadGrant::Expired => StatusReason::TokenExpired,
        DeadGrant::PasswordChanged => StatusReason::PasswordChanged,
        DeadGrant::SessionInvalid => StatusReason::SessionInvalid,
        DeadGrant::Checkpoint => StatusReason::Checkpoint,
        DeadGrant::UserUnconfirmed => StatusReason::UserUnconfirmed,
        DeadGrant::AppRemoved => StatusReason::AppRemoved,
        DeadGrant::DataAccessExpired => StatusReason::DataAccessExpired,
    }
}
