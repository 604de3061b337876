//! Redeems the authorization code of a login.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::graph_api::error::GraphError;
use crate::state::grants::Grants;
use crate::state::tokens::Code;

/// Marks the code as used and returns it. A refused code stays usable.
pub(crate) fn consume_code(
    grants: &mut Grants,
    code: &str,
    redirect_uri: &str,
    verifier: Option<&str>,
    now: i64,
) -> Result<Code, GraphError> {
    let Some(code) = grants.code_mut(code) else {
        return Err(GraphError::code_refused(Some(36009), "Invalid verification code format."));
    };
    if code.is_used {
        return Err(GraphError::code_refused(Some(36009), "This authorization code has been used."));
    }
    if code.expires_at <= now {
        return Err(GraphError::code_refused(Some(36007), "This authorization code has expired."));
    }
    if code.redirect_uri != redirect_uri {
        let message = "Error validating verification code. Please make sure your redirect_uri is identical to \
                       the one you used in the OAuth dialog request";
        return Err(GraphError::code_refused(Some(36008), message));
    }
    check_verifier(code, verifier)?;
    code.is_used = true;
    Ok(code.clone())
}

fn check_verifier(code: &Code, verifier: Option<&str>) -> Result<(), GraphError> {
    match (&code.challenge, verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(GraphError::oauth(
            1,
            "code_verifier param is provided without a code_challenge in authorization request.",
        )),
        (Some(_), None) => Err(GraphError::code_refused(None, "Missing code_verifier parameter.")),
        (Some((challenge, method)), Some(verifier)) => {
            let shown = match method.as_str() {
                "S256" => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
                // Meta was seen to treat unknown methods as plain.
                _ => verifier.to_owned(),
            };
            match shown == *challenge {
                true => Ok(()),
                false => Err(GraphError::code_refused(None, "Invalid code_verifier parameter.")),
            }
        }
    }
}
