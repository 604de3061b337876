//! Five features that v26.0 has removed, and that all versions lose on 2026-10-27: `pretty`, `debug`,
//! `date_format`, `ids` at the root, and ETags. Afterwards `ids` is refused and the others are ignored.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::versions::{LEGACY_REMOVED_AT, NEWEST};
use crate::calendar::date;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::state::shared::SharedState;

pub(crate) fn is_served(shared: &SharedState, request: &Request) -> bool {
    request.version != NEWEST && shared.clock.now_seconds() < LEGACY_REMOVED_AT
}

/// Applies `debug`, `pretty` and the ETag to a finished response.
pub(crate) fn apply(shared: &SharedState, request: &Request, mut reply: Reply) -> Reply {
    if request.method != "GET" || !is_served(shared, request) {
        return reply;
    }
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else {
        return reply;
    };
    if request.params.get("debug").is_some_and(|level| matches!(level, "all" | "info" | "warning"))
        && let Value::Object(object) = &mut body
    {
        object.insert("__debug__".to_owned(), json!({"messages": []}));
        reply.body = body.to_string().into_bytes();
    }
    if request.params.get("pretty").is_some_and(|value| matches!(value, "1" | "true")) {
        reply.body = format!("{body:#}").into_bytes();
    }
    if reply.status != 200 || request.in_batch {
        return reply;
    }
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&reply.body)[..20]));
    if request.if_none_match.as_ref() == Some(&tag) {
        reply.status = 304;
        reply.body.clear();
    }
    reply.with("etag", tag)
}

/// `GET /?ids=a,b`: each node under its id. An id that cannot be read fails the whole call.
pub(crate) fn by_ids<E>(ids: &str, read: impl Fn(&str) -> Result<Value, E>) -> Result<Reply, E> {
    let mut object = Map::new();
    for id in ids.split(',').map(str::trim).filter(|id| !id.is_empty()) {
        object.insert(id.to_owned(), read(id)?);
    }
    Ok(Reply::json(&Value::Object(object)))
}

/// A time in Meta's default format or in `date_format`: letters as in PHP, `U` for seconds since 1970.
pub(crate) fn time(shared: &SharedState, request: &Request, seconds: i64) -> String {
    let format = request.params.get("date_format").filter(|_| is_served(shared, request));
    let format = format.unwrap_or("Y-m-d\\TH:i:sO");
    let (year, month, day) = date(seconds.div_euclid(86_400));
    let rest = seconds.rem_euclid(86_400);
    let mut out = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        match letter {
            'U' => out.push_str(&seconds.to_string()),
            'Y' => out.push_str(&format!("{year:04}")),
            'm' => out.push_str(&format!("{month:02}")),
            'd' => out.push_str(&format!("{day:02}")),
            'H' => out.push_str(&format!("{:02}", rest / 3600)),
            'i' => out.push_str(&format!("{:02}", rest / 60 % 60)),
            's' => out.push_str(&format!("{:02}", rest % 60)),
            'O' => out.push_str("+0000"),
            'P' => out.push_str("+00:00"),
            '\\' => out.extend(letters.next()),
            other => out.push(other),
        }
    }
    out
}
