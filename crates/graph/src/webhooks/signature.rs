//! The HMAC-SHA256 signature on everything that Meta sends us.

use aws_lc_rs::hmac;

use crate::ids::AppSecret;

/// Why a webhook call is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WebhookError {
    #[error("the signature is missing or wrong")]
    Signature,
    #[error("the content is not in a form that Meta documents")]
    Content,
}

/// Compares in constant time.
pub(super) fn verify(signed: &[u8], signature: &[u8], secret: &AppSecret) -> Result<(), WebhookError> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    hmac::verify(&key, signed, signature).map_err(|_| WebhookError::Signature)
}
