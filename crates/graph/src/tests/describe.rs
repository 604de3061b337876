//! What the client reads from a sample, as JSON without null and empty values.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::Url;

use crate::assets::{AdAccount, Business, InstagramAccount, Page, Permission};
use crate::assets::{next_page_params, parse_page, parse_permissions, parse_person};
use crate::batch::parse_item;
use crate::endpoint::Endpoint;
use crate::error::{ApiError, GraphError, Recovery};
use crate::headers::Headers;
use crate::ids::AppSecret;
use crate::json as lenient;
use crate::login::{TokenExpiry, TokenInspection, TokenLifetime};
use crate::login::{parse_grant, parse_issued_token, parse_success};
use crate::response::parse_response;
use crate::time::UnixSeconds;
use crate::usage::{QuotaUsage, ReportedQuota, Usage};
use crate::webhooks::{Subscription, WebhookError, parse_event, parse_signed_request};

/// Parses `sample` with the parser (`as`) and for the endpoint (`at`) that `expect` names, and returns the
/// result.
pub(super) fn describe(sample: &Value, expect: &Value) -> Value {
    let headers = Headers::from_json(sample.get("headers"));
    let body = body_of(sample);
    match expect["as"].as_str().expect("an expectation names its parser") {
        "event" => event(&body),
        "signed_request" => signed_request(&sample["body"]),
        "headers" => with_usage(challenge(&headers), &headers),
        parser => {
            let status = sample["status"].as_u64().and_then(|status| u16::try_from(status).ok());
            let endpoint = expect["at"].as_str().map_or(Endpoint::Page, endpoint);
            let outcome = parse_response(endpoint, status.unwrap_or(200), &headers, &body);
            check_trace(&outcome, &sample["body"]);
            let inside = expect["inside"].as_str().unwrap_or_default();
            let result = describe_outcome(outcome, |json| match json.pointer(inside) {
                Some(part) => parse(parser, part),
                None => json!({"absent": inside}),
            });
            with_usage(result, &headers)
        }
    }
}

/// The raw bytes where the sample has them, otherwise the body serialized.
fn body_of(sample: &Value) -> Vec<u8> {
    let raw = sample["body_raw"].as_str();
    match &sample["body"] {
        Value::String(text) if raw.is_none() => text.clone().into_bytes(),
        body => raw.map_or_else(|| body.to_string().into_bytes(), |raw| raw.as_bytes().to_vec()),
    }
}

/// The endpoint with this name, of those that samples use.
fn endpoint(name: &str) -> Endpoint {
    let known = [
        Endpoint::Batch,
        Endpoint::Me,
        Endpoint::AdAccounts,
        Endpoint::Pages,
        Endpoint::AdAccount,
        Endpoint::Page,
        Endpoint::CodeExchange,
        Endpoint::TokenExchange,
        Endpoint::DebugToken,
        Endpoint::App,
        Endpoint::InstagramCodeExchange,
        Endpoint::InstagramMe,
    ];
    known.into_iter().find(|known| known.as_str() == name).unwrap_or_else(|| panic!("no endpoint {name}"))
}

/// The error has Meta's trace id, and no token.
fn check_trace(outcome: &Result<Value, GraphError>, body: &Value) {
    let Err(error) = outcome else { return };
    let trace = body["error"]["fbtrace_id"].as_str();
    assert_eq!(error.fbtrace_id(), trace, "{error}");
    if let GraphError::Api(error) = error {
        assert!(!error.message.contains("FAKE"), "{}", error.message);
    }
}

fn describe_outcome<T>(outcome: Result<T, GraphError>, describe: impl Fn(T) -> Value) -> Value {
    match outcome {
        Ok(value) => without_empty(describe(value)),
        Err(GraphError::Api(error)) => without_empty(json!({
            "error": format!("{:?}", error.recovery()),
            "code": error.code,
            "subcode": error.subcode,
            "challenge": error.challenge,
        })),
        Err(error @ GraphError::Malformed { reason, .. }) => {
            assert_eq!(error.recovery(), Recovery::RetryLater);
            json!({ "malformed": reason })
        }
        Err(GraphError::Timeout { .. }) => json!({"timeout": true}),
        Err(error) => json!({ "failed": error.to_string() }),
    }
}

/// Drops null and empty values, but not an empty list of rows.
fn without_empty(value: Value) -> Value {
    let Value::Object(map) = value else { return value };
    let is_empty = |value: &Value| value.is_null() || *value == json!([]) || *value == json!("");
    map.into_iter().filter(|(key, value)| key == "rows" || !is_empty(value)).collect()
}

/// What the headers alone say about an error.
fn challenge(headers: &Headers) -> Value {
    let error = ApiError::parse(Endpoint::Page, 400, &json!({"error": {}})).expect("an error object");
    without_empty(json!({"challenge": error.with_headers(headers).challenge}))
}

fn with_usage(mut result: Value, headers: &Headers) -> Value {
    let usage = Usage::from_headers(headers);
    let header = headers.get("x-business-use-case-usage").unwrap_or_default();
    for reported in &usage.quotas {
        if let ReportedQuota::UseCase { object, .. } = &reported.quota {
            assert!(header.contains(object), "{object}");
        }
    }
    if let Some(tier) = usage.access_tier {
        result["tier"] = tier.into();
    }
    if !usage.quotas.is_empty() {
        result["usage"] = usage.quotas.iter().map(quota).collect();
    }
    result
}

/// `[quota, percent]`, or `[quota, percent, milliseconds until calls are accepted again]`.
fn quota(usage: &QuotaUsage) -> Value {
    let name = match &usage.quota {
        ReportedQuota::UseCase { kind, .. } => format!("UseCase {kind}"),
        other => format!("{other:?}"),
    };
    usage.regain_ms.map_or(json!([name, usage.percent]), |regain| json!([name, usage.percent, regain]))
}

/// What one of the client's parsers returns for a response's JSON.
pub(super) fn parse(parser: &str, json: &Value) -> Value {
    let one = |value: Option<Value>| value.map_or(json!({"unreadable": true}), without_empty);
    match parser {
        "response" => json!({"ok": true}),
        "success" => describe_outcome(
            parse_success(Endpoint::RevokeGrant, Ok(json.clone())),
            |()| json!({"success": true}),
        ),
        "person" => describe_outcome(
            parse_person(json),
            |person| json!({"id": person.id.as_str(), "name": person.name, "picture": person.picture_url}),
        ),
        "permissions" => permissions(&parse_permissions(json)),
        "inspection" => one(TokenInspection::from_json(json).as_ref().map(inspection)),
        // Some recorded inspections are only the content of `data`.
        "inspection_data" => {
            one(TokenInspection::from_json(&json!({ "data": json })).as_ref().map(inspection))
        }
        "token" => {
            describe_outcome(parse_issued_token(Endpoint::CodeExchange, json), |token| match token.lifetime {
                TokenLifetime::Seconds(seconds) => json!({"lifetime": seconds.get()}),
                TokenLifetime::NotReported => json!({"lifetime": "not reported"}),
            })
        }
        "instagram_token" => describe_outcome(
            parse_grant(json),
            |grant| json!({"token": true, "permissions": grant.permissions}),
        ),
        "rows" => list(json, |row| Some(row.clone()), |rows| rows.len().into()),
        "ad_accounts" => list(json, AdAccount::from_json, |rows| rows.iter().map(ad_account).collect()),
        "pages" => list(json, Page::from_json, |rows| rows.iter().map(page).collect()),
        "businesses" => list(json, Business::from_json, |rows| rows.iter().map(business).collect()),
        "ad_account" => one(AdAccount::from_json(json).as_ref().map(ad_account)),
        "page" => one(Page::from_json(json).as_ref().map(page)),
        "business" => one(Business::from_json(json).as_ref().map(business)),
        "instagram_account" => one(InstagramAccount::from_json(json).as_ref().map(instagram)),
        "subscription" => one(Subscription::from_json(json).as_ref().map(subscription)),
        "subscriptions" => {
            let rows = lenient::list(json, "data").iter().filter_map(Subscription::from_json);
            json!({"rows": rows.map(|row| subscription(&row)).collect::<Vec<_>>()})
        }
        "batch" => {
            json.as_array().map_or(json!({"absent": "items"}), |items| items.iter().map(item).collect())
        }
        other => panic!("no parser {other}"),
    }
}

/// One item of a batch, with its own headers.
fn item(response: &Value) -> Value {
    let headers = Headers::from_json(response.get("headers"));
    let outcome = parse_item(Endpoint::Page, response, &headers);
    with_usage(describe_outcome(outcome, |_| json!({"ok": true})), &headers)
}

fn list<T>(json: &Value, parse: fn(&Value) -> Option<T>, rows: fn(&[T]) -> Value) -> Value {
    let graph_url = Url::parse("https://graph.facebook.com").expect("a URL");
    describe_outcome(parse_page(Endpoint::AdAccounts, json, &graph_url, parse), |page| {
        let after = page.after.map(|after| next(&after, json));
        json!({"rows": rows(&page.items), "after": after, "total": page.total})
    })
}

/// The cursor, or the names of the parameters in place of it.
fn next(after: &str, json: &Value) -> Value {
    let Some(pairs) = after.strip_prefix('?') else { return after.into() };
    let address = json["paging"]["next"].as_str().unwrap_or_default();
    assert!(pairs.split('&').all(|pair| address.contains(pair)), "{after}");
    next_page_params(after).into_iter().map(|(name, _)| name).collect()
}

fn permissions(all: &[Permission]) -> Value {
    let with = |status: &str| -> Vec<&str> {
        let those = all.iter().filter(|one| one.status == status);
        those.map(|one| one.permission.as_str()).collect()
    };
    let (granted, declined, expired) = (with("granted"), with("declined"), with("expired"));
    assert_eq!(granted.len() + declined.len() + expired.len(), all.len(), "an unexpected status");
    without_empty(json!({"granted": granted, "declined": declined, "expired": expired}))
}

fn inspection(token: &TokenInspection) -> Value {
    let granular = token.granular_scopes.iter().map(|one| (one.scope.clone(), json!(one.target_ids)));
    let granular: Value = granular.collect::<serde_json::Map<_, _>>().into();
    without_empty(json!({
        "app": token.app_id,
        "kind": token.kind,
        "valid": token.is_valid,
        "user": token.user_id,
        "expires": match token.expires_at {
            TokenExpiry::At(at) => json!(at.get()),
            TokenExpiry::Never => json!("never"),
            TokenExpiry::NotReported => Value::Null,
        },
        "data_access": token.data_access_expires_at.map(UnixSeconds::get),
        "scopes": token.scopes.len(),
        "granular": Some(granular).filter(|granular| *granular != json!({})),
        "subcode": token.error_subcode,
    }))
}

fn ad_account(one: &AdAccount) -> Value {
    without_empty(json!({
        "id": one.id.as_str(),
        "name": one.name,
        "currency": one.currency,
        "timezone": one.timezone,
        "status": one.account_status,
        "reason": one.disable_reason,
        "business": one.business.as_ref().map(|(id, name)| format!("{id} {name}")),
        "tasks": one.tasks,
    }))
}

fn page(one: &Page) -> Value {
    without_empty(json!({
        "id": one.id.as_str(),
        "name": one.name,
        "tasks": one.tasks,
        "instagram": one.instagram.as_ref().map(instagram),
        "has_linked": one.has_linked_instagram.then_some(true),
        "business": one.business.as_ref().map(|(id, name)| format!("{id} {name}")),
    }))
}

fn business(one: &Business) -> Value {
    without_empty(json!({"id": one.id.as_str(), "name": one.name, "verification": one.verification_status}))
}

fn instagram(one: &InstagramAccount) -> Value {
    without_empty(json!({"id": one.id.as_str(), "username": one.username, "name": one.name}))
}

fn subscription(one: &Subscription) -> Value {
    without_empty(
        json!({"object": one.object, "url": one.callback_url, "fields": one.fields, "active": one.is_active}),
    )
}

fn event(body: &[u8]) -> Value {
    match parse_event(body) {
        Ok(changes) => {
            let rows = changes
                .iter()
                .map(|one| json!([one.object, one.id, one.field, one.sent_at.get(), one.value]));
            json!({"changes": rows.collect::<Vec<_>>()})
        }
        Err(error) => json!({"error": format!("{error:?}")}),
    }
}

/// A `signed_request` with its secret, or a payload alone, which is signed here.
fn signed_request(body: &Value) -> Value {
    let secret = body["app_secret"].as_str().unwrap_or("k");
    let signed = body["signed_request"].as_str().map_or_else(|| sign(body, secret), str::to_owned);
    let open = |secret: &str| parse_signed_request(&signed, &AppSecret::new(secret.to_owned()));
    assert_eq!(open("another secret"), Err(WebhookError::Signature));
    match open(secret) {
        Ok(opened) => without_empty(
            json!({"user": opened.user_id, "issued_at": opened.issued_at.map(UnixSeconds::get)}),
        ),
        Err(error) => json!({"error": format!("{error:?}")}),
    }
}

fn sign(payload: &Value, secret: &str) -> String {
    let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), payload.as_bytes());
    format!("{}.{payload}", URL_SAFE_NO_PAD.encode(signature))
}
