//! The body of a webhook: a thousand changes at most, so it is large. Read only if it carries a signature, and within a
//! budget that all webhook bodies share; Meta repeats a call that is answered 503.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode};
use tokio::sync::SemaphorePermit;

use crate::app::App;
use crate::concurrency::ReservedBytes;
use crate::http::body;
use crate::http::problem::Problem;

/// Meta sends up to a thousand changes in one request.
const BODY_LIMIT: usize = 4 * 1024 * 1024;
/// How long a body waits until others are stored.
const TURN_WAIT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct WebhookBody {
    /// The value of `X-Hub-Signature-256`, not verified yet.
    pub signature: String,
    pub bytes: Vec<u8>,
    _reserved: ReservedBytes,
}

impl FromRequest<App> for WebhookBody {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<WebhookBody, Problem> {
        body::check_announced(request.headers(), BODY_LIMIT)?;
        let signature = signature(request.headers()).ok_or_else(|| {
            tracing::warn!("refused a webhook event without a signature");
            Problem::Rejected(StatusCode::UNAUTHORIZED)
        })?;
        let mut reserved = app.concurrency().webhook_bodies.begin();
        let bytes = body::read(request.into_body(), BODY_LIMIT, Some(&mut reserved)).await?;
        Ok(WebhookBody { signature, bytes, _reserved: reserved })
    }
}

/// The turn to parse and store a verified body, which takes many times its memory.
pub async fn turn(app: &App) -> Result<SemaphorePermit<'_>, Problem> {
    let turn = tokio::time::timeout(TURN_WAIT, app.concurrency().webhook_handlers.acquire()).await;
    Ok(turn.map_err(|_| Problem::Busy)?.expect("this semaphore is never closed"))
}

/// `sha256=` and 64 hexadecimal digits.
fn signature(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("x-hub-signature-256")?.to_str().ok()?;
    let digits = text.strip_prefix("sha256=")?;
    let is_hash = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hash.then(|| text.to_owned())
}
