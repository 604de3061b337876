//! Calls from Meta to the app: deauthorize and data deletion callbacks, webhook events, the verification
//! request.
//!
//! They are signed with the app secret and sent over HTTP.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::signing::hmac_sha256;
use crate::state::outbox::{Delivery, Subscription};
use crate::state::shared::SharedState;

/// How many deliveries are kept for the control page and for tests.
const MAX_DELIVERIES: usize = 200;

/// The real Meta retries for 36 hours.
const MAX_ATTEMPTS: u32 = 3;

const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// The `signed_request` parameter: base64url(signature) "." base64url(payload).
pub(crate) fn signed_request(shared: &SharedState, user_id: &str) -> String {
    let now = shared.clock.now_seconds();
    let payload = json!({"user_id": user_id, "algorithm": "HMAC-SHA256", "issued_at": now});
    let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
    let signature = URL_SAFE_NO_PAD.encode(sign(shared, payload.as_bytes()));
    format!("{signature}.{payload}")
}

fn sign(shared: &SharedState, bytes: &[u8]) -> Vec<u8> {
    hmac_sha256(&shared.app_secret, bytes)
}

/// JSON with Meta's escaping: ASCII only, `/` and `@` escaped. A receiver that parses and re-serializes the body
/// before checking the signature will fail.
pub(crate) fn meta_json_bytes(value: &Value) -> Vec<u8> {
    let mut out = String::new();
    for letter in value.to_string().chars() {
        match letter {
            '/' => out.push_str("\\/"),
            '@' => out.push_str("\\u0040"),
            letter if letter.is_ascii() => out.push(letter),
            letter => {
                let mut units = [0_u16; 2];
                for unit in letter.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.into_bytes()
}

/// A person removed the app: sends the deauthorize callback, and the `permissions` webhook if subscribed to.
pub(crate) fn send_deauthorized(shared: &Arc<SharedState>, user_id: &str) {
    if let Some(url) = shared.outbox().deauthorize_url.clone() {
        post_signed_request(shared, "deauthorize", url, user_id);
    }
    let change = json!({"field": "connected", "verb": "revoked"});
    send_event(shared, "permissions", user_id, &change);
}

/// A person pressed "Send request" after removing the app: sends the data deletion callback.
pub(crate) fn send_data_deletion(shared: &Arc<SharedState>, user_id: &str) {
    if let Some(url) = shared.outbox().deletion_url.clone() {
        post_signed_request(shared, "data_deletion", url, user_id);
    }
}

/// Sends a webhook with one change, if the app has subscribed to its field.
pub(crate) fn send_event(shared: &Arc<SharedState>, object: &str, id: &str, change: &Value) {
    let field = change["field"].as_str().unwrap_or_default();
    let is_subscribed =
        |one: &Subscription| one.object == object && one.fields.iter().any(|own| own == field);
    let Some(url) = shared
        .outbox()
        .subscriptions
        .iter()
        .find(|one| is_subscribed(one))
        .map(|one| one.callback_url.clone())
    else {
        return;
    };
    let mut entry = json!({"id": id, "time": shared.clock.now_seconds(), "changes": [change]});
    if object == "permissions" {
        entry["uid"] = id.into();
    }
    post_event(shared, object, url, &json!({"object": object, "entry": [entry]}));
}

/// The body of a webhook, and the value of `X-Hub-Signature-256`.
pub(crate) fn signed_event(shared: &SharedState, body: &Value) -> (Vec<u8>, String) {
    let bytes = meta_json_bytes(body);
    let signature = format!("sha256={}", hex::encode(sign(shared, &bytes)));
    (bytes, signature)
}

fn post_event(shared: &Arc<SharedState>, object: &str, url: String, body: &Value) {
    let (bytes, signature) = signed_event(shared, body);
    let headers = vec![("content-type", "application/json".to_owned()), ("x-hub-signature-256", signature)];
    send(shared, object.to_owned(), url, headers, bytes);
}

fn post_signed_request(shared: &Arc<SharedState>, kind: &str, url: String, user_id: &str) {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("signed_request", &signed_request(shared, user_id))
        .finish();
    let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
    send(shared, kind.to_owned(), url, headers, body.into_bytes());
}

fn send(
    shared: &Arc<SharedState>,
    kind: String,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        for _ in 0..MAX_ATTEMPTS {
            let mut request = shared.http.post(&url).body(body.clone());
            for (name, value) in &headers {
                request = request.header(*name, value);
            }
            let (status, answer) = match request.send().await {
                Ok(response) => (response.status().as_u16(), response.text().await.unwrap_or_default()),
                Err(_) => (0, String::new()),
            };
            record(&shared, Delivery { kind: kind.clone(), url: url.clone(), status, answer });
            if (200..500).contains(&status) {
                return;
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    });
}

fn record(shared: &SharedState, delivery: Delivery) {
    let mut outbox = shared.outbox();
    outbox.deliveries.push(delivery);
    let extra = outbox.deliveries.len().saturating_sub(MAX_DELIVERIES);
    outbox.deliveries.drain(..extra);
}

/// The verification request of a subscription: true if the callback URL echoes the challenge.
pub(crate) async fn verify_callback(shared: &SharedState, callback_url: &str, verify_token: &str) -> bool {
    let challenge = shared.random.alphanumeric("challenge", 12);
    let query = [
        ("hub.mode", "subscribe"),
        ("hub.challenge", challenge.as_str()),
        ("hub.verify_token", verify_token),
    ];
    match shared.http.get(callback_url).query(&query).send().await {
        Ok(response) => {
            response.status().is_success() && response.text().await.is_ok_and(|text| text == challenge)
        }
        Err(_) => false,
    }
}
