//! Confirmation codes of data deletion requests: `DEL-4KQ7-9M2X-7TRB`. They hold 60 random bits, so that none can be
//! guessed.

use metaads_store::{DeletionRequest, StoreError};

use crate::app::App;

/// Crockford's base 32: no letter looks like another.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A new id: `4KQ7-9M2X-7TRB`.
pub fn new_id(app: &App) -> String {
    let letters: String =
        app.random.bytes::<12>().iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    format!("{}-{}-{}", &letters[..4], &letters[4..8], &letters[8..])
}

/// The confirmation code of an id.
pub fn code_of(id: &str) -> String {
    format!("DEL-{id}")
}

/// The request behind a confirmation code; None for a code that was never issued.
pub async fn find(app: &App, code: &str) -> Result<Option<DeletionRequest>, StoreError> {
    let code = code.trim().to_ascii_uppercase();
    let Some(id) = code.strip_prefix("DEL-") else { return Ok(None) };
    let is_one = id.len() == 14 && id.bytes().all(|byte| byte == b'-' || LETTERS.contains(&byte));
    if is_one { app.store.find_deletion(id).await } else { Ok(None) }
}
