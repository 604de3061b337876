//! `/{app-id}/subscriptions`: which webhooks the app has subscribed to. Subscribing verifies the callback URL
//! first.

use serde_json::{Value, json};

use super::error::GraphError;
use super::tokens::caller::{Caller, identify};
use super::versions::NEWEST;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::state::outbox::Subscription;
use crate::state::shared::SharedState;
use crate::webhooks;

pub(crate) fn is_subscriptions_call(shared: &SharedState, request: &Request) -> bool {
    matches!(request.segments.as_slice(), [app, edge] if *app == shared.app_id && edge == "subscriptions")
}

pub(crate) async fn serve(shared: &SharedState, request: &Request) -> Result<Reply, GraphError> {
    if !matches!(identify(shared, request)?, Caller::App) {
        return Err(GraphError::oauth(15, "(#15) This method must be called with an app access_token."));
    }
    match request.method.as_str() {
        "GET" => Ok(Reply::json(&list(shared))),
        "POST" => subscribe(shared, request).await,
        "DELETE" => {
            let object = request.params.get("object").map(str::to_owned);
            let is_kept = |one: &Subscription| object.as_ref().is_some_and(|object| *object != one.object);
            shared.outbox().subscriptions.retain(is_kept);
            Ok(success())
        }
        method => Err(GraphError::unsupported(method, request.segment(0))),
    }
}

fn list(shared: &SharedState) -> Value {
    let outbox = shared.outbox();
    let rows = outbox.subscriptions.iter().map(|one| {
        let fields: Vec<Value> =
            one.fields.iter().map(|name| json!({"name": name, "version": NEWEST})).collect();
        json!({"object": one.object, "callback_url": one.callback_url, "active": true, "fields": fields})
    });
    json!({ "data": rows.collect::<Vec<_>>() })
}

async fn subscribe(shared: &SharedState, request: &Request) -> Result<Reply, GraphError> {
    let missing = |name: &str| GraphError::oauth(100, format!("(#100) The parameter {name} is required"));
    let value = |name: &'static str| request.params.get(name).ok_or_else(|| missing(name));
    let (object, callback_url) = (value("object")?, value("callback_url")?);
    let fields = value("fields")?.split(',').map(|field| field.trim().to_owned()).collect();
    if !webhooks::verify_callback(shared, callback_url, value("verify_token")?).await {
        let message =
            "(#2200) Callback verification failed with the following errors: HTTP Status Code = 403";
        return Err(GraphError::oauth(2200, message));
    }
    let mut outbox = shared.outbox();
    outbox.subscriptions.retain(|one| one.object != object);
    let (object, callback_url) = (object.to_owned(), callback_url.to_owned());
    outbox.subscriptions.push(Subscription { object, callback_url, fields });
    Ok(success())
}

fn success() -> Reply {
    Reply::json(&json!({"success": true}))
}
