//! Asynchronous insights: a report run stores the question. It is complete at once.

use serde_json::{Map, Value, json};

use super::edges::list_of_texts;
use super::insights_query::{InsightsQuery, Level};
use crate::graph_api::error::GraphError;
use crate::graph_api::nodes::access::require_ads;
use crate::graph_api::nodes::context::Context;
use crate::graph_api::nodes::field_value::FieldValue;
use crate::http::reply::Reply;
use crate::world::ad_objects::{AdObject, AdObjectKind};
use crate::world::tables::Node;

const SECONDS_PER_DAY: i64 = 86_400;

/// The level of a node's own figures; `None` if it has none.
pub(super) fn own_level(node: Node) -> Option<Level> {
    match node {
        Node::AdAccount(_) => Some(Level::Account),
        Node::AdObject(object) => match object.kind {
            AdObjectKind::Campaign => Some(Level::Campaign),
            AdObjectKind::AdSet => Some(Level::AdSet),
            AdObjectKind::Ad => Some(Level::Ad),
            AdObjectKind::AdCreative | AdObjectKind::AdVideo | AdObjectKind::ReportRun => None,
        },
        Node::Person(_) | Node::Business(_) | Node::Page(_) | Node::Instagram(_) => None,
    }
}

pub(super) fn today(context: &Context) -> i64 {
    context.shared.clock.now_seconds().div_euclid(SECONDS_PER_DAY)
}

/// `POST …/insights`. Like reading, it needs no more than ads_read.
pub(super) fn start(context: &Context, account: usize, node: Node) -> Result<Reply, GraphError> {
    require_ads(context)?;
    let request = context.request;
    let Some(level) = own_level(node) else {
        return Err(GraphError::unsupported(&request.method, request.segment(0)));
    };
    InsightsQuery::parse(|name| request.params.get(name), level, today(context))?;
    let fields = request.params.get("fields").map(|fields| list_of_texts(fields).join(","));
    let mut question = Map::from_iter([
        ("object".to_owned(), context.shared.world.id(node).into()),
        ("fields".to_owned(), fields.unwrap_or_default().into()),
    ]);
    for name in ["level", "date_preset", "time_range", "time_increment"] {
        if let Some(value) = request.params.get(name) {
            question.insert(name.to_owned(), value.into());
        }
    }
    let question = Map::from_iter([("question".to_owned(), Value::Object(question))]);
    let now = context.shared.clock.now_seconds();
    let run = context.shared.change_ads(|ads| ads.create(account, AdObjectKind::ReportRun, question, now));
    Ok(Reply::json(&json!({"report_run_id": run.id().to_string()})))
}

/// The question of a report run: the object it is about, and the parameters.
pub(super) fn question(context: &Context, run: AdObject) -> Option<(Node, Value)> {
    let question = context.shared.read_ads(|ads| ads.stored.field(run, "question").cloned())?;
    let node = context.shared.world.find(question["object"].as_str()?)?;
    Some((node, question))
}

pub(super) fn field(context: &Context, run: AdObject, name: &str) -> FieldValue {
    let Some((node, question)) = question(context, run) else { return FieldValue::Absent };
    let stored = context.shared.read_ads(|ads| ads.stored.stored(run).cloned()).unwrap_or_default();
    // The days of a preset are those of the day on which the report was requested.
    let day = stored.updated_at.div_euclid(SECONDS_PER_DAY);
    let level = own_level(node).unwrap_or(Level::Account);
    let Ok(query) = InsightsQuery::parse(|name| question[name].as_str(), level, day) else {
        return FieldValue::Absent;
    };
    let plain = match name {
        "async_status" => "Job Completed".into(),
        "async_percent_completion" => 100.into(),
        "is_running" | "is_bookmarked" => false.into(),
        "time_ref" | "time_completed" => stored.updated_at.into(),
        "date_start" => query.first_day().into(),
        "date_stop" => query.last_day().into(),
        "schedule_id" | "friendly_name" | "emails" | "error_code" | "error_message" | "error_user_msg"
        | "error_user_title" => return FieldValue::Absent,
        _ => return FieldValue::Unknown,
    };
    FieldValue::Plain(plain)
}
