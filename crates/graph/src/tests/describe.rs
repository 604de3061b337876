//! What the client makes of a sample, told as JSON: null and empty values are left out.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::Url;

use crate::assets::{AdAccount, Business, InstagramAccount, Page, Permission, read_permissions, read_person};
use crate::batch::item_answer;
use crate::client::read_answer;
use crate::error::{GraphError, INSTAGRAM_CODE, Refusal};
use crate::hooks::{HookError, open_signed_request, read_event};
use crate::ids::AppSecret;
use crate::instagram::read_grant;
use crate::oauth::{TokenInspection, TokenLifetime, done, issued};
use crate::paging::{asks_for, read_page};
use crate::subscriptions::Subscription;
use crate::usage::{Allowance, Headers, Mark, Usage};
use crate::{Recovery, json as lenient};

/// Reads `sample` the way that `expect` names (`as`), at the place it names (`at`), and tells what came out.
pub(super) fn describe(sample: &Value, expect: &Value) -> Value {
    let headers = Headers::of_json(sample.get("headers"));
    let body = body_of(sample);
    match expect["as"].as_str().expect("an expectation names its reader") {
        "event" => event(&body),
        "signed_request" => signed_request(&sample["body"]),
        "headers" => with_usage(challenge(&headers), &headers),
        reader => {
            let said = sample["status"].as_u64().and_then(|status| u16::try_from(status).ok());
            let endpoint = endpoint(expect["at"].as_str().unwrap_or("node"));
            let outcome = read_answer(endpoint, said.unwrap_or(200), &headers, &body);
            check_trace(&outcome, &sample["body"]);
            let inside = expect["inside"].as_str().unwrap_or_default();
            let told = tell(outcome, |json| match json.pointer(inside) {
                Some(part) => read(reader, part),
                None => json!({"absent": inside}),
            });
            with_usage(told, &headers)
        }
    }
}

/// The bytes that came: exactly those kept, or the body written anew.
fn body_of(sample: &Value) -> Vec<u8> {
    let raw = sample["body_raw"].as_str();
    match &sample["body"] {
        Value::String(text) if raw.is_none() => text.clone().into_bytes(),
        body => raw.map_or_else(|| body.to_string().into_bytes(), |raw| raw.as_bytes().to_vec()),
    }
}

/// The endpoints whose place decides about an error.
fn endpoint(name: &str) -> &'static str {
    let known = [
        "node",
        "me",
        "act",
        "page",
        "adaccounts",
        "accounts",
        "batch",
        "debug_token",
        "oauth/access_token",
        "fb_exchange_token",
        "subscriptions",
        "instagram me",
        INSTAGRAM_CODE,
    ];
    known.into_iter().find(|known| *known == name).unwrap_or_else(|| panic!("no endpoint {name}"))
}

/// Meta's trace id comes through, and no token does.
fn check_trace(outcome: &Result<Value, GraphError>, body: &Value) {
    let Err(error) = outcome else { return };
    let said = body["error"]["fbtrace_id"].as_str();
    assert_eq!(error.fbtrace_id(), said, "{error}");
    if let GraphError::Refused(refusal) = error {
        assert!(!refusal.message.contains("FAKE"), "{}", refusal.message);
    }
}

fn tell<T>(outcome: Result<T, GraphError>, told: impl Fn(T) -> Value) -> Value {
    match outcome {
        Ok(value) => tidy(told(value)),
        Err(GraphError::Refused(refusal)) => tidy(json!({
            "refused": format!("{:?}", refusal.recovery()),
            "code": refusal.code,
            "subcode": refusal.subcode,
            "challenge": refusal.challenge,
        })),
        Err(error @ GraphError::Malformed { reason, .. }) => {
            assert_eq!(error.recovery(), Recovery::RetryLater);
            json!({ "malformed": reason })
        }
        Err(GraphError::Timeout { .. }) => json!({"timeout": true}),
        Err(error) => json!({ "error": error.to_string() }),
    }
}

/// Leaves out what says nothing; a list of no rows says something.
fn tidy(value: Value) -> Value {
    let Value::Object(map) = value else { return value };
    let is_empty = |value: &Value| value.is_null() || *value == json!([]) || *value == json!("");
    map.into_iter().filter(|(key, value)| key == "rows" || !is_empty(value)).collect()
}

/// What the headers of a refusal tell by themselves.
fn challenge(headers: &Headers) -> Value {
    let refusal = Refusal::read("node", 400, &json!({"error": {}})).expect("an envelope");
    tidy(json!({"challenge": refusal.with_headers(headers).challenge}))
}

fn with_usage(mut told: Value, headers: &Headers) -> Value {
    let usage = Usage::read(headers);
    let said = headers.get("x-business-use-case-usage").unwrap_or_default();
    for mark in &usage.marks {
        if let Allowance::UseCase { object, .. } = &mark.allowance {
            assert!(said.contains(object), "{object}");
        }
    }
    if let Some(tier) = usage.tier {
        told["tier"] = tier.into();
    }
    if !usage.marks.is_empty() {
        told["usage"] = usage.marks.iter().map(mark).collect();
    }
    told
}

/// `[allowance, percent]`, or with the time until it is free again (milliseconds) as a third.
fn mark(mark: &Mark) -> Value {
    let name = match &mark.allowance {
        Allowance::UseCase { kind, .. } => format!("UseCase {kind}"),
        other => format!("{other:?}"),
    };
    mark.regain_ms.map_or(json!([name, mark.percent]), |regain| json!([name, mark.percent, regain]))
}

/// What one of the client's readers makes of an answer's JSON.
pub(super) fn read(reader: &str, json: &Value) -> Value {
    let one = |value: Option<Value>| value.map_or(json!({"unreadable": true}), tidy);
    match reader {
        "answer" => json!({"answered": true}),
        "done" => tell(done("revoke", Ok(json.clone())), |()| json!({"done": true})),
        "person" => tell(
            read_person(json),
            |person| json!({"id": person.id.as_str(), "name": person.name, "picture": person.picture_url}),
        ),
        "permissions" => permissions(&read_permissions(json)),
        "inspection" => one(TokenInspection::read(json).as_ref().map(inspection)),
        // Some recorded inspections are only what stands inside `data`.
        "inspection_data" => one(TokenInspection::read(&json!({ "data": json })).as_ref().map(inspection)),
        "token" => tell(issued("oauth/access_token", json), |token| match token.lifetime {
            TokenLifetime::Seconds(seconds) => json!({"lifetime": seconds}),
            TokenLifetime::Unsaid => json!({"lifetime": "unsaid"}),
        }),
        "instagram_token" => {
            tell(read_grant(json), |grant| json!({"token": true, "permissions": grant.permissions}))
        }
        "rows" => list(json, |row| Some(row.clone()), |rows| rows.len().into()),
        "ad_accounts" => list(json, AdAccount::read, |rows| rows.iter().map(ad_account).collect()),
        "pages" => list(json, Page::read, |rows| rows.iter().map(page).collect()),
        "businesses" => list(json, Business::read, |rows| rows.iter().map(business).collect()),
        "ad_account" => one(AdAccount::read(json).as_ref().map(ad_account)),
        "page" => one(Page::read(json).as_ref().map(page)),
        "business" => one(Business::read(json).as_ref().map(business)),
        "instagram_account" => one(InstagramAccount::read(json).as_ref().map(instagram)),
        "subscription" => one(Subscription::read(json).as_ref().map(subscription)),
        "subscriptions" => {
            let rows = lenient::list(json, "data").iter().filter_map(Subscription::read);
            json!({"rows": rows.map(|row| subscription(&row)).collect::<Vec<_>>()})
        }
        "batch" => {
            json.as_array().map_or(json!({"absent": "items"}), |items| items.iter().map(item).collect())
        }
        other => panic!("no reader {other}"),
    }
}

/// One item of a batch, with its own headers.
fn item(answer: &Value) -> Value {
    let headers = Headers::of_json(answer.get("headers"));
    let told = tell(item_answer("node", answer, &headers), |_| json!({"answered": true}));
    with_usage(told, &headers)
}

fn list<T>(json: &Value, read: fn(&Value) -> Option<T>, rows: fn(&[T]) -> Value) -> Value {
    let graph = Url::parse("https://graph.facebook.com").expect("a URL");
    tell(read_page("list", json, &graph, read), |page| {
        let after = page.after.map(|after| next(&after, json));
        json!({"rows": rows(&page.items), "after": after, "total": page.total})
    })
}

/// The cursor, or the names of the parameters that stand for it.
fn next(after: &str, json: &Value) -> Value {
    let Some(pairs) = after.strip_prefix('?') else { return after.into() };
    let address = json["paging"]["next"].as_str().unwrap_or_default();
    assert!(pairs.split('&').all(|pair| address.contains(pair)), "{after}");
    asks_for(after).into_iter().map(|(name, _)| name).collect()
}

fn permissions(all: &[Permission]) -> Value {
    let with = |status: &str| -> Vec<&str> {
        let those = all.iter().filter(|one| one.status == status);
        those.map(|one| one.permission.as_str()).collect()
    };
    let (granted, declined, expired) = (with("granted"), with("declined"), with("expired"));
    assert_eq!(granted.len() + declined.len() + expired.len(), all.len(), "a status of its own");
    tidy(json!({"granted": granted, "declined": declined, "expired": expired}))
}

fn inspection(token: &TokenInspection) -> Value {
    let granular = token.granular_scopes.iter().map(|one| (one.scope.clone(), json!(one.target_ids)));
    let granular: Value = granular.collect::<serde_json::Map<_, _>>().into();
    tidy(json!({
        "app": token.app_id,
        "kind": token.kind,
        "valid": token.is_valid,
        "user": token.user_id,
        "expires": match (token.says_expiry, token.expires_at) {
            (true, None) => json!("never"),
            (_, at) => json!(at),
        },
        "data_access": token.data_access_expires_at,
        "scopes": token.scopes.len(),
        "granular": Some(granular).filter(|granular| *granular != json!({})),
        "subcode": token.error_subcode,
    }))
}

fn ad_account(one: &AdAccount) -> Value {
    tidy(json!({
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
    tidy(json!({
        "id": one.id.as_str(),
        "name": one.name,
        "tasks": one.tasks,
        "instagram": one.instagram.as_ref().map(instagram),
        "has_linked": one.has_linked_instagram.then_some(true),
        "business": one.business.as_ref().map(|(id, name)| format!("{id} {name}")),
    }))
}

fn business(one: &Business) -> Value {
    tidy(json!({"id": one.id.as_str(), "name": one.name, "verification": one.verification_status}))
}

fn instagram(one: &InstagramAccount) -> Value {
    tidy(json!({"id": one.id.as_str(), "username": one.username, "name": one.name}))
}

fn subscription(one: &Subscription) -> Value {
    tidy(
        json!({"object": one.object, "url": one.callback_url, "fields": one.fields, "active": one.is_active}),
    )
}

fn event(body: &[u8]) -> Value {
    match read_event(body) {
        Ok(changes) => {
            let told = changes.iter().map(|one| json!([one.object, one.id, one.field, one.time, one.value]));
            json!({"changes": told.collect::<Vec<_>>()})
        }
        Err(error) => json!({"refused": format!("{error:?}")}),
    }
}

/// A `signed_request` with its secret, or a payload alone, which is signed here.
fn signed_request(body: &Value) -> Value {
    let secret = body["app_secret"].as_str().unwrap_or("k");
    let signed = body["signed_request"].as_str().map_or_else(|| sign(body, secret), str::to_owned);
    let open = |secret: &str| open_signed_request(&signed, &AppSecret::new(secret.to_owned()));
    assert_eq!(open("another secret"), Err(HookError::Signature));
    match open(secret) {
        Ok(opened) => tidy(json!({"user": opened.user_id, "issued_at": opened.issued_at})),
        Err(error) => json!({"refused": format!("{error:?}")}),
    }
}

fn sign(payload: &Value, secret: &str) -> String {
    let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), payload.as_bytes());
    format!("{}.{payload}", URL_SAFE_NO_PAD.encode(signature))
}
