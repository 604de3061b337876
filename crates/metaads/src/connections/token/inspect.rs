//! What Meta says about a stored token: alive or dead, why, until when, with which permissions.
//! Network only: nothing is written here.

use metaads_graph::{AccessToken, DeadGrant, GraphError, Recovery, TokenInspection};
use metaads_store::{Connection, ConnectionKind, Expiry};

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::connect::grant::{granular_text, is_ours, seconds_to_ms};

/// What is known about a token after asking.
#[derive(Debug)]
pub struct TokenStatus {
    /// None: it lives.
    pub dead: Option<Code>,
    pub expires_at: Expiry,
    pub data_access_expires_at: Expiry,
    /// The permissions that it has; None: this kind of token does not tell.
    pub scopes: Option<Vec<String>>,
    /// JSON; None: this kind of token does not tell.
    pub granular_scopes: Option<String>,
}

/// Asks about a token of this connection, whether it is the stored one or one that shall replace it.
pub async fn inspect(
    app: &App,
    connection: &Connection,
    token: &AccessToken,
) -> Result<TokenStatus, GraphError> {
    match connection.kind {
        ConnectionKind::FacebookUser | ConnectionKind::BusinessSystemUser => {
            let inspection = app.graph().inspect_token(token).await?;
            Ok(read(app, connection, &inspection))
        }
        // `debug_token` does not know these: a cheap call of their own tells whether they work.
        ConnectionKind::InstagramUser => match app.graph().read_instagram_id(token).await {
            Ok(_) => Ok(TokenStatus::alive()),
            Err(error) => match error.recovery() {
                Recovery::Grant(dead) => {
                    Ok(TokenStatus { dead: Some(code_of(dead)), ..TokenStatus::alive() })
                }
                // The one permission there is has been taken back.
                Recovery::Permission => Ok(TokenStatus { scopes: Some(Vec::new()), ..TokenStatus::alive() }),
                _ => Err(error),
            },
        },
    }
}

impl TokenStatus {
    fn alive() -> TokenStatus {
        TokenStatus {
            dead: None,
            expires_at: Expiry::Unchanged,
            data_access_expires_at: Expiry::Unchanged,
            scopes: None,
            granular_scopes: None,
        }
    }
}

fn read(app: &App, connection: &Connection, inspection: &TokenInspection) -> TokenStatus {
    let kind = match connection.kind {
        ConnectionKind::BusinessSystemUser => "SYSTEM_USER",
        ConnectionKind::FacebookUser | ConnectionKind::InstagramUser => "USER",
    };
    let dead = match is_ours(app, inspection, kind, &connection.meta_user_id) {
        true => None,
        false if inspection.is_valid => Some(Code::ForeignToken),
        false => Some(reason_of(inspection.error_subcode).unwrap_or_else(|| {
            let is_over = inspection.expires_at.is_some_and(|at| seconds_to_ms(at) <= app.now());
            if is_over { Code::TokenExpired } else { Code::SessionInvalid }
        })),
    };
    let expires_at = match inspection.says_expiry {
        true => Expiry::reported(inspection.expires_at.map(seconds_to_ms)),
        false => Expiry::Unchanged,
    };
    TokenStatus {
        dead,
        expires_at,
        data_access_expires_at: inspection
            .data_access_expires_at
            .map_or(Expiry::Unchanged, |at| Expiry::At(seconds_to_ms(at))),
        granular_scopes: inspection.is_valid.then(|| granular_text(&inspection.granular_scopes)),
        scopes: Some(inspection.scopes.clone()),
    }
}

/// Why Meta refuses a token, from the subcode of its error 190.
fn reason_of(subcode: Option<i64>) -> Option<Code> {
    // A reason of Meta's that we do not know stays one, also once the token would have ended anyway.
    subcode.map(|subcode| code_of(DeadGrant::of(Some(subcode))))
}

fn code_of(dead: DeadGrant) -> Code {
    match dead {
        DeadGrant::Expired => Code::TokenExpired,
        DeadGrant::PasswordChanged => Code::PasswordChanged,
        DeadGrant::SessionInvalid => Code::SessionInvalid,
        DeadGrant::Checkpoint => Code::Checkpoint,
        DeadGrant::UserUnconfirmed => Code::UserUnconfirmed,
        DeadGrant::AppRemoved => Code::AppRemoved,
        DeadGrant::DataAccessExpired => Code::DataAccessExpired,
    }
}
