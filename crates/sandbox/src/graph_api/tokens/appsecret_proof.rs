//! `appsecret_proof`: the HMAC-SHA256 of the token in hex, with the app secret as the key.

use crate::graph_api::error::GraphError;
use crate::http::params::Params;
use crate::signing::hmac_sha256_hex;
use crate::state::shared::SharedState;

/// Maximum age of a proof with a timestamp.
const PROOF_TTL: i64 = 300;

/// Whether a call without a proof is accepted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Requirement {
    Required,
    Optional,
}

/// A wrong proof is refused even if none is required.
pub(crate) fn check(
    shared: &SharedState,
    params: &Params,
    token: &str,
    requirement: Requirement,
) -> Result<(), GraphError> {
    let Some(proof) = params.get("appsecret_proof") else {
        return match requirement {
            Requirement::Required => {
                Err(GraphError::method(100, "API calls from the server require an appsecret_proof argument"))
            }
            Requirement::Optional => Ok(()),
        };
    };
    let is_right = match params.get("appsecret_time") {
        None => proof == hmac_sha256_hex(&shared.app_secret, token),
        Some(time) => {
            let is_fresh =
                time.parse::<i64>().is_ok_and(|time| (shared.clock.now_seconds() - time).abs() <= PROOF_TTL);
            is_fresh && proof == hmac_sha256_hex(&shared.app_secret, &format!("{token}|{time}"))
        }
    };
    match is_right {
        true => Ok(()),
        false => Err(GraphError::method(100, "Invalid appsecret_proof provided in the API argument")),
    }
}
