//! `/_control/state`: the current state as JSON, without any secret.

use serde_json::{Map, Value, json};

use crate::http::reply::Reply;
use crate::state::faults::Endpoint;
use crate::state::shared::SharedState;

pub(crate) fn state(shared: &SharedState) -> Reply {
    let now = shared.clock.now_seconds();
    let people: Vec<Value> = {
        let grants = shared.grants();
        let views = grants.user_ids().filter_map(|user_id| grants.view(user_id, now));
        let people = views.map(|view| {
            json!({"user_id": view.user_id, "granted": view.granted, "declined": view.declined,
                "live_tokens": view.live_tokens})
        });
        people.collect()
    };
    let limits = shared.rate_limits().exhausted(now).into_iter().map(|block| {
        let (limit, id) = block.limit.key();
        json!({"limit": limit, "id": id, "seconds_left": block.remaining.as_secs(), "refused": block.refused_calls})
    });
    let limits: Vec<Value> = limits.collect();
    let outage =
        shared.current_outage().map(|(outage, left)| json!({"outage": outage, "seconds_left": left}));
    let faults = json!(*shared.faults());
    let calls = shared.calls();
    let counts = Endpoint::ALL.into_iter().filter_map(|endpoint| {
        let name = json!(endpoint).as_str()?.to_owned();
        Some((name, json!(calls.count(endpoint)))).filter(|_| calls.count(endpoint) > 0)
    });
    let counts: Map<String, Value> = counts.collect();
    let body = json!({"now": now, "people": people, "limits": limits, "outage": outage, "faults": faults,
        "calls": counts});
    Reply::json(&body)
}
