//! `appsecret_proof`: hex of HMAC-SHA256 over the token, with the app secret as the key.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::envelope::GraphError;
use crate::params::Params;
use crate::shared::Shared;

/// How old a timestamped proof may be.
const PROOF_TTL: i64 = 300;

pub(crate) fn hmac_hex(key: &str, message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(message.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Checks the proof that came with a token. `is_needed`: it may not be missing.
pub(crate) fn check(
    shared: &Shared,
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
        None => proof == hmac_hex(&shared.app_secret, token),
        Some(time) => {
            let is_fresh =
                time.parse::<i64>().is_ok_and(|time| (shared.clock.now_seconds() - time).abs() <= PROOF_TTL);
            is_fresh && proof == hmac_hex(&shared.app_secret, &format!("{token}|{time}"))
        }
    };
    match is_right {
        true => Ok(()),
        false => Err(GraphError::method(100, "Invalid appsecret_proof provided in the API argument")),
    }
}
