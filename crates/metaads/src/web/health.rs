//! Liveness and readiness probes.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::App;

/// The process is up.
pub async fn live() -> &'static str {
    "ok\n"
}

/// Database and schema are usable, for writing too.
pub async fn ready(State(app): State<App>) -> Response {
    match app.check_database().await {
        Ok(()) => Json(json!({"status": "ready"})).into_response(),
        Err(error) => {
            let reason = json!({"status": "not ready", "reasons": [error.why()]});
            (StatusCode::SERVICE_UNAVAILABLE, Json(reason)).into_response()
        }
    }
}
