//! Confirmation codes of deletion requests: `DEL-4KQ7-9M2X-7TRB`. Two parts are drawn at random, the third
//! signs them, so that only codes we gave out are looked up.

use aws_lc_rs::{constant_time, hmac};
use metaads_store::{DeletionRequest, StoreError};

use crate::app::App;

/// Crockford's: no letter is taken for another.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A new id: `4KQ7-9M2X`.
pub fn new_id(app: &App) -> String {
    let text = letters(&app.entropy.bytes::<8>());
    format!("{}-{}", &text[..4], &text[4..])
}

/// The code that is given out for an id.
pub fn code_of(app: &App, id: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, app.graph().app().app_secret.expose().as_bytes());
    let signature = hmac::sign(&key, format!("data deletion {id}").as_bytes());
    format!("DEL-{id}-{}", letters(&signature.as_ref()[..4]))
}

fn letters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

/// The request behind a code; None for a code we never gave out.
pub async fn find(app: &App, code: &str) -> Result<Option<DeletionRequest>, StoreError> {
    let code = code.trim().to_ascii_uppercase();
    let Some(id) = code.strip_prefix("DEL-").and_then(|rest| rest.get(..9)) else { return Ok(None) };
    let ours = code_of(app, id);
    let is_ours = constant_time::verify_slices_are_equal(ours.as_bytes(), code.as_bytes()).is_ok();
    if is_ours { app.store.find_deletion(id).await } else { Ok(None) }
}
