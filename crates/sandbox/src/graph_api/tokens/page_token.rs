//! Page tokens. They are derived, not stored.

use crate::signing::hmac_sha256_hex;
use crate::state::shared::SharedState;
use crate::state::tokens::digest;

/// A Page token contains the hash of the user token it was derived from and an HMAC with the app secret, so
/// there is no need to store it.
pub(crate) fn page_token(shared: &SharedState, user_token: &str, page_id: u64) -> String {
    sealed_page_token(shared, &digest(user_token)[..32], page_id)
}

fn sealed_page_token(shared: &SharedState, parent: &str, page_id: u64) -> String {
    let head = format!("EAAP{parent}x{page_id}x");
    let seal = hmac_sha256_hex(&format!("page/{}", shared.app_secret), &head);
    format!("{head}{seal}{}", &seal[..40])
}

pub(crate) fn read_page_token<'a>(shared: &SharedState, text: &'a str) -> Option<(&'a str, u64)> {
    let rest = text.strip_prefix("EAAP")?;
    let (parent, rest) = rest.split_once('x')?;
    let (page_id, _) = rest.split_once('x')?;
    let page_id = page_id.parse().ok()?;
    (parent.len() == 32 && sealed_page_token(shared, parent, page_id) == text).then_some((parent, page_id))
}
