//! Stylesheet, script, fonts and icons. Their names change with their content, so they never expire.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::ui;
use crate::web::problem::Problem;

pub async fn show(Path(name): Path<String>) -> Response {
    match ui::served(&name) {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ],
            asset.body.as_slice(),
        )
            .into_response(),
        None => Problem::NotFound.into_response(),
    }
}
