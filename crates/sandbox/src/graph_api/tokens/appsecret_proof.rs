//! `appsecret_proof`: hex of HMAC-SHA256 over the token, with the app secret as the key.

use crate::graph_api::error::GraphError;
use crate::http::request::Params;
use crate::signing::hmac_sha256_hex;
use crate::state::shared::SharedState;

/// How old a timestamped proof may be.
const PROOF_TTL: i64 = 300;

/// Checks the proof that came with a token. `is_needed`: it may not be missing.
pub(crate) fn check(
    shared: &SharedState,
    params: &Params,
    token: &str,
    is_needed: bool,
) -> Result<(), GraphError> {
    let Some(proof) = params.get("appsecret_proof") else {
        return match is_needed {
            true => {
                Err(GraphError::method(100, "API calls from the server require an appsecret_proof argument"))
            }
            false => Ok(()),
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
