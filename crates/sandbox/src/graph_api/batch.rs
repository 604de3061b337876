//! Batches: up to 50 calls in one, answered in order, each with its own status and headers. An item may refer to
//! the response of an earlier one.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::batch_references::{self as references, Results};
use super::classify::classify;
use super::error::GraphError;
use super::fault_injection::FaultedCall;
use super::tokens::caller::identify;
use super::{dispatch, usage_headers, versions};
use crate::http::params::Params;
use crate::http::reply::{Outcome, Reply};
use crate::http::request::Request;
use crate::http::sent::UploadedFile;
use crate::state::faults::Endpoint;
use crate::state::shared::SharedState;

const MAX_ITEMS: usize = 50;

struct Item {
    request: Request,
    name: Option<String>,
    is_always_shown: bool,
}

pub(crate) async fn perform(shared: &SharedState, outer: &Request) -> Reply {
    let trace_id = usage_headers::new_trace_id(shared);
    let items = match items(shared, outer) {
        Ok(items) => items,
        Err(error) => {
            return usage_headers::add_headers(
                shared,
                outer,
                Endpoint::Batch,
                error.reply(&trace_id),
                &trace_id,
            );
        }
    };
    let has_headers = outer.params.get("include_headers") != Some("false");
    let names: HashSet<String> = items.iter().flat_map(|item| references::names(&item.request)).collect();
    let list: Vec<Value> = match names.is_empty() {
        true => {
            // Concurrently: a batch takes as long as its slowest item.
            let answers = items.into_iter().map(|item| answer_item(shared, outer, item.request));
            let answers = futures_util::future::join_all(answers).await;
            answers.iter().map(|outcome| item_value(outcome, has_headers)).collect()
        }
        false => answer_in_order(shared, outer, items, &names, has_headers).await,
    };
    usage_headers::add_headers(shared, outer, Endpoint::Batch, Reply::json(&Value::Array(list)), &trace_id)
}

fn items(shared: &SharedState, outer: &Request) -> Result<Vec<Item>, GraphError> {
    identify(shared, outer)?;
    let batch = outer.params.get("batch").ok_or_else(|| {
        let message = "Unsupported post request.";
        GraphError::method(100, message)
    })?;
    let Ok(Value::Array(items)) = serde_json::from_str(batch) else {
        return Err(GraphError {
            code: None,
            kind: "GraphBatchException",
            ..GraphError::oauth(0, "batch parameter must be a JSON array")
        });
    };
    if items.len() > MAX_ITEMS {
        let message = "Too many requests in batch message. Maximum batch size is 50";
        return Err(GraphError { code: None, kind: "GraphBatchException", ..GraphError::oauth(0, message) });
    }
    let item = |item: &Value| Item {
        request: request(outer, item),
        name: item["name"].as_str().map(str::to_owned),
        is_always_shown: item["omit_response_on_success"] == false,
    };
    Ok(items.iter().map(item).collect())
}

fn request(outer: &Request, item: &Value) -> Request {
    let text = |name: &str| item[name].as_str().unwrap_or_default();
    let method = Some(text("method")).filter(|method| !method.is_empty()).unwrap_or("GET");
    let target = format!("/{}", text("relative_url").trim_start_matches('/'));
    let mut request = Request::new(method, &target, &outer.base);
    request.params.0.extend(Params::from_form(text("body").as_bytes()).0);
    request.files = attached_files(outer, text("attached_files"));
    request.apply_method_override();
    request.in_batch = true;
    request.requested_version = outer.requested_version.clone();
    request
}

/// For batches with references. Items that others refer to become `null`, unless they failed or asked for their
/// response.
async fn answer_in_order(
    shared: &SharedState,
    outer: &Request,
    items: Vec<Item>,
    referenced: &HashSet<String>,
    has_headers: bool,
) -> Vec<Value> {
    let mut results = Results::new();
    let mut list = Vec::new();
    for mut item in items {
        references::replace(&mut item.request, &results);
        let outcome = answer_item(shared, outer, item.request).await;
        let mut value = item_value(&outcome, has_headers);
        if let (Some(name), Outcome::Reply(reply)) = (item.name, &outcome)
            && reply.status == 200
        {
            if referenced.contains(&name) && !item.is_always_shown {
                value = Value::Null;
            }
            results.insert(name, serde_json::from_slice(&reply.body).unwrap_or_default());
        }
        list.push(value);
    }
    list
}

/// Files of the batch, by the names of their form fields.
fn attached_files(outer: &Request, names: &str) -> Vec<UploadedFile> {
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    let attached = outer.files.iter().filter(|file| names.contains(&file.field.as_str()));
    attached.cloned().collect()
}

async fn answer_item(shared: &SharedState, outer: &Request, mut item: Request) -> Outcome {
    versions::resolve(shared, &mut item);
    let endpoint = match classify(shared, &item) {
        Endpoint::Batch => Endpoint::Other,
        endpoint => endpoint,
    };
    let faulted = FaultedCall::begin(shared, &item, endpoint).await;
    item.returns_same_token = faulted.returns_same_token();
    inherit_token(outer, &mut item);
    let mut reply = None;
    for _ in 0..faulted.executions() {
        reply = Some(dispatch::perform(shared, &item, endpoint));
    }
    faulted.finish(&item, endpoint, reply)
}

/// The outer proof is valid for items that use the outer token. An item with its own token needs its own proof.
fn inherit_token(outer: &Request, item: &mut Request) {
    if item.params.get("access_token").is_some() {
        return;
    }
    for name in ["access_token", "appsecret_proof", "appsecret_time"] {
        if let Some(value) = outer.params.get(name) {
            item.params.0.retain(|(own, _)| own != name);
            item.params.0.push((name.to_owned(), value.to_owned()));
        }
    }
}

fn item_value(outcome: &Outcome, has_headers: bool) -> Value {
    let Outcome::Reply(reply) = outcome else {
        return Value::Null;
    };
    let mut item = json!({"code": reply.status, "body": String::from_utf8_lossy(&reply.body)});
    if has_headers {
        let headers = reply.headers.iter().map(|(name, value)| json!({"name": name, "value": value}));
        item["headers"] = headers.collect();
    }
    item
}
