//! Liveness and readiness probes.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use metaads_store::StoreError;
use serde_json::json;

use crate::app::App;

/// Probes give up early: "the database did not answer" within a second beats no answer.
const READY_TIMEOUT: Duration = Duration::from_millis(800);

const OUTDATED_KEYS: &str =
    "the configured keys open nothing of what the database holds now: configure the key that is in use";

/// The process is up.
pub async fn live() -> &'static str {
    "ok\n"
}

/// Database and schema are usable, for writing too.
pub async fn ready(State(app): State<App>) -> Response {
    let checked = tokio::time::timeout(READY_TIMEOUT, app.check_database()).await;
    match checked.unwrap_or_else(|_| Err(StoreError::timed_out())) {
        Ok(()) if app.keys.is_outdated() => {
            let reason = json!({"status": "not ready", "reasons": [OUTDATED_KEYS]});
            (StatusCode::SERVICE_UNAVAILABLE, Json(reason)).into_response()
        }
        Ok(()) => Json(json!({"status": "ready"})).into_response(),
        Err(error) => {
            let reason = json!({"status": "not ready", "reasons": [error.why()]});
            (StatusCode::SERVICE_UNAVAILABLE, Json(reason)).into_response()
        }
    }
}
