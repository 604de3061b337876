//! Inbound webhooks from Meta. A signed call is stored before it is answered; one with a wrong signature changes nothing.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use metaads_graph::WebhookError;
use secrecy::ExposeSecret as _;
use serde_json::json;
use url::form_urlencoded;

use crate::app::App;
use crate::hooks::webhook_body;
use crate::hooks::webhook_body::WebhookBody;
use crate::http::problem::Problem;
use crate::webhooks::inbox;
use crate::webhooks::inbox::ReceiveError;

/// The handshake: before it subscribes, Meta checks that the address knows the verify token.
pub async fn verify(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let value = |wanted: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let given = value("hub.verify_token");
    let is_known_token = app.config.meta_login.webhook_verify_token.as_ref().is_some_and(|own| {
        let (own, given) = (own.expose_secret().as_bytes(), given.as_bytes());
        aws_lc_rs::constant_time::verify_slices_are_equal(own, given).is_ok()
    });
    let challenge = value("hub.challenge");
    if !is_known_token || value("hub.mode") != "subscribe" || challenge.len() > 200 {
        return StatusCode::FORBIDDEN.into_response();
    }
    // As plain text, so that no browser renders it as a page.
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], challenge).into_response()
}

/// Webhook events.
pub async fn event(State(app): State<App>, body: WebhookBody) -> Result<Response, Problem> {
    let _turn = webhook_body::turn(&app).await?;
    match inbox::receive_event(&app, Some(&body.signature), &body.bytes).await {
        Ok(_) => Ok(StatusCode::OK.into_response()),
        Err(ReceiveError::Webhook(WebhookError::Signature)) => {
            tracing::warn!("refused a webhook event with a wrong signature");
            Ok(StatusCode::UNAUTHORIZED.into_response())
        }
        Err(ReceiveError::Webhook(WebhookError::Content) | ReceiveError::Outdated) => {
            tracing::warn!("refused a webhook event that cannot be read");
            Ok(StatusCode::BAD_REQUEST.into_response())
        }
        Err(ReceiveError::Store(error)) => Err(error.into()),
    }
}

/// The App Dashboard checks by GET that the two callbacks answer.
pub async fn alive() -> StatusCode {
    StatusCode::OK
}

/// A person removed the app.
pub async fn deauthorize(State(app): State<App>, body: Bytes) -> Result<Response, Problem> {
    match inbox::receive_deauthorize(&app, &signed_request(&body)).await {
        Ok(()) => Ok(StatusCode::OK.into_response()),
        Err(error) => refused(error),
    }
}

/// A person wants their data deleted. The answer contains the URL of the status page.
pub async fn data_deletion(State(app): State<App>, body: Bytes) -> Result<Response, Problem> {
    match inbox::receive_data_deletion(&app, &signed_request(&body)).await {
        Ok(code) => {
            let url = format!("{}/data-deletion/{code}", app.config.base());
            Ok(Json(json!({ "url": url, "confirmation_code": code })).into_response())
        }
        Err(error) => refused(error),
    }
}

fn signed_request(body: &[u8]) -> String {
    let mut pairs = form_urlencoded::parse(body);
    pairs.find(|(name, _)| name == "signed_request").map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn refused(error: ReceiveError) -> Result<Response, Problem> {
    match error {
        ReceiveError::Webhook(_) | ReceiveError::Outdated => {
            tracing::warn!(%error, "refused a signed request");
            Ok(StatusCode::BAD_REQUEST.into_response())
        }
        ReceiveError::Store(error) => Err(error.into()),
    }
}
