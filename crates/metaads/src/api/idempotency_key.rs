//! `Idempotency-Key`: the same key with the same body gets the same answer.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::api::list::invalid;
use crate::app::App;
use crate::http::problem::Problem;

const LONGEST: usize = 255;

/// The header's value; None: there is none.
#[derive(Debug)]
pub struct IdempotencyKey(pub Option<String>);

impl FromRequestParts<App> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<IdempotencyKey, Problem> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(IdempotencyKey(None)) };
        let is_key = |text: &&str| {
            (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        match value.to_str().ok().filter(is_key) {
            Some(key) => Ok(IdempotencyKey(Some(key.to_owned()))),
            None => Err(invalid("Idempotency-Key has 1 to 255 visible ASCII characters and no space.")),
        }
    }
}
