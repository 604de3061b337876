//! For whoever runs the service.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::Json;
use serde_json::json;

use crate::app::App;

/// The process is up.
pub async fn live() -> &'static str {
    "ok\n"
}

/// Database, schema and keys are usable.
pub async fn ready(State(app): State<App>) -> Response {
    match app.store.ping().await {
        Ok(()) => Json(json!({"status": "ready"})).into_response(),
        Err(error) => {
            let reason = json!({"status": "not ready", "reasons": [error.to_string()]});
            (StatusCode::SERVICE_UNAVAILABLE, Json(reason)).into_response()
        }
    }
}
