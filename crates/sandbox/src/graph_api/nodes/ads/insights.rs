//! The figures of an ad account, campaign, ad set, ad or report run. Those of a higher level are the sums of the
//! ads. Rows without impressions are left out.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::fields;
use super::insights_query::{InsightsQuery, Level};
use super::reports::{self, own_level, today};
use crate::calendar::date_text;
use crate::graph_api::error::GraphError;
use crate::graph_api::nodes::access::require_ads;
use crate::graph_api::nodes::context::Context;
use crate::graph_api::nodes::paging::{self, PageRequest};
use crate::state::ads::Ads;
use crate::world::ad_accounts::CURRENCIES;
use crate::world::ad_objects::{AdObject, AdObjectKind};
use crate::world::delivery::{self, Delivery};
use crate::world::tables::Node;

/// Known fields that no ad here has.
const ABSENT: [&str; 12] = [
    "conversions",
    "conversion_values",
    "action_values",
    "cost_per_conversion",
    "purchase_roas",
    "website_purchase_roas",
    "quality_ranking",
    "engagement_rate_ranking",
    "video_play_actions",
    "video_thruplay_watched_actions",
    "attribution_setting",
    "optimization_goal",
];

#[derive(Clone, Copy)]
struct Row {
    /// `None`: the ad account.
    object: Option<AdObject>,
    since: i64,
    until: i64,
    delivery: Delivery,
}

/// The edge `insights`. `None`: this kind of node has none.
pub(crate) fn edge(context: &Context, node: Node, page: &PageRequest) -> Result<Option<Value>, GraphError> {
    let asked = match node {
        Node::AdObject(run) if run.kind == AdObjectKind::ReportRun => reports::question(context, run),
        Node::AdObject(_)
        | Node::AdAccount(_)
        | Node::Person(_)
        | Node::Business(_)
        | Node::Page(_)
        | Node::Instagram(_) => None,
    };
    let (about, question) = asked.unwrap_or((node, Value::Null));
    let (Some(level), Some(account)) = (own_level(about), account_of(about)) else {
        return Ok(None);
    };
    require_ads(context)?;
    let param = |name: &str| question[name].as_str().or_else(|| page.param(name));
    let query = InsightsQuery::parse(param, level, today(context))?;
    let rows = context.shared.read_ads(|ads| rows(ads, about, account, &query, today(context)));
    let names = field_names(page, &question, query.level);
    let id = |row: Row| format!("{}:{}", row.object.map_or(0, AdObject::id), row.since);
    let render = |row: Row| render(context, account, &row, &names);
    paging::list(context, node, "insights", &rows, page, (id, render)).map(Some)
}

fn account_of(node: Node) -> Option<usize> {
    match node {
        Node::AdAccount(account) => Some(account),
        Node::AdObject(object) => Some(object.account),
        Node::Person(_) | Node::Business(_) | Node::Page(_) | Node::Instagram(_) => None,
    }
}

/// Sorted by object, then by time.
fn rows(ads: &Ads, about: Node, account: usize, query: &InsightsQuery, today: i64) -> Vec<Row> {
    let mut sums: BTreeMap<(u64, usize), Row> = BTreeMap::new();
    let all = (0..ads.world.generated_count(account, AdObjectKind::Ad)).map(|number| AdObject {
        kind: AdObjectKind::Ad,
        account,
        number,
    });
    let is_asked = |ad: &AdObject| match about {
        Node::AdObject(object) if object.kind == AdObjectKind::Ad => *ad == object,
        Node::AdObject(object) => ads.parent(*ad, object.kind) == Some(object),
        Node::AdAccount(_) => true,
        Node::Person(_) | Node::Business(_) | Node::Page(_) | Node::Instagram(_) => false,
    };
    for ad in all.filter(is_asked) {
        let object = match query.level {
            Level::Account => None,
            Level::Campaign => ads.parent(ad, AdObjectKind::Campaign),
            Level::AdSet => ads.parent(ad, AdObjectKind::AdSet),
            Level::Ad => Some(ad),
        };
        for (index, (since, until)) in query.periods.iter().copied().enumerate() {
            let key = (object.map_or(0, AdObject::id), index);
            let row = Row { object, since, until, delivery: Delivery::default() };
            let row = sums.entry(key).or_insert(row);
            for day in since..=until.min(today) {
                row.delivery += delivery::of_day(ad, day);
            }
        }
    }
    sums.into_values().filter(|row| row.delivery.impressions > 0).collect()
}

/// The requested fields, those of the report run, or the default ones.
fn field_names(page: &PageRequest, question: &Value, level: Level) -> Vec<String> {
    if let Some(selection) = page.selection() {
        return selection.iter().map(|field| field.name.clone()).collect();
    }
    let stored = question["fields"].as_str().filter(|fields| !fields.is_empty());
    let ids = match level {
        Level::Account => "account_id",
        Level::Campaign => "account_id,campaign_id",
        Level::AdSet => "account_id,campaign_id,adset_id",
        Level::Ad => "account_id,campaign_id,adset_id,ad_id",
    };
    let default = format!("{ids},impressions,spend");
    stored.unwrap_or(&default).split(',').map(|name| name.trim().to_owned()).collect()
}

fn render(context: &Context, account: usize, row: &Row, names: &[String]) -> Result<Value, GraphError> {
    let mut object = Map::new();
    for name in names {
        if let Some(value) = of_object(context, account, row, name) {
            value.map(|value| object.insert(name.clone(), value));
        } else if let Some(value) = figure(context, account, row.delivery, name) {
            object.insert(name.clone(), value);
        } else if !ABSENT.contains(&name.as_str()) {
            let message = format!(
                "(#100) {name} is not valid for fields param. please check \
                 https://developers.facebook.com/docs/marketing-api/reference/ads-insights/ for all valid values"
            );
            return Err(GraphError::oauth(100, message));
        }
    }
    object.insert("date_start".to_owned(), date_text(row.since).into());
    object.insert("date_stop".to_owned(), date_text(row.until).into());
    Ok(Value::Object(object))
}

/// Ids and names. `Some(None)`: a known field that rows of this level do not have.
fn of_object(context: &Context, account: usize, row: &Row, name: &str) -> Option<Option<Value>> {
    let data = &context.shared.world.ad_accounts[account];
    let of_account: Value = match name {
        "account_id" => data.id.to_string().into(),
        "account_name" => (*data.name).into(),
        "account_currency" => CURRENCIES[usize::from(data.currency)].into(),
        "date_start" | "date_stop" => return Some(None),
        _ => {
            let (kind, part) = match name {
                "objective" => (AdObjectKind::Campaign, "objective"),
                _ => match name.split_once('_')? {
                    ("campaign", part) => (AdObjectKind::Campaign, part),
                    ("adset", part) => (AdObjectKind::AdSet, part),
                    ("ad", part) => (AdObjectKind::Ad, part),
                    _ => return None,
                },
            };
            if !matches!(part, "id" | "name" | "objective") {
                return None;
            }
            let object = row.object.and_then(|object| match object.kind == kind {
                true => Some(object),
                false => context.shared.read_ads(|ads| ads.parent(object, kind)),
            });
            return Some(object.map(|object| match part {
                "id" => object.id().to_string().into(),
                part => fields::text(context, object, part).into(),
            }));
        }
    };
    Some(Some(of_account))
}

/// Meta sends all figures as text.
fn figure(context: &Context, account: usize, delivery: Delivery, name: &str) -> Option<Value> {
    let Delivery { impressions, clicks, spend } = delivery;
    let reach = impressions * 4 / 5;
    let amount =
        |hundredths: f64| match CURRENCIES[usize::from(context.shared.world.ad_accounts[account].currency)] {
            "JPY" => hundredths,
            _ => hundredths / 100.0,
        };
    let number = |value: u64| json!(value).as_f64().unwrap_or_default();
    let per = |sum: f64, count: u64| format!("{:.6}", sum / number(count.max(1)));
    let text = match name {
        "impressions" => impressions.to_string(),
        "clicks" => clicks.to_string(),
        "spend" => match amount(1.0) < 1.0 {
            true => format!("{:.2}", amount(number(spend))),
            false => spend.to_string(),
        },
        "reach" => reach.to_string(),
        "inline_link_clicks" | "unique_clicks" => (clicks / 2).to_string(),
        "frequency" => per(number(impressions), reach),
        "ctr" => per(number(clicks) * 100.0, impressions),
        "inline_link_click_ctr" => per(number(clicks / 2) * 100.0, impressions),
        "cpc" => per(amount(number(spend)), clicks),
        "cpm" => per(amount(number(spend)) * 1000.0, impressions),
        "cpp" => per(amount(number(spend)) * 1000.0, reach),
        "actions" => {
            return Some(json!([{"action_type": "link_click", "value": (clicks / 2).to_string()}]));
        }
        "cost_per_action_type" => {
            let cost = per(amount(number(spend)), clicks / 2);
            return Some(json!([{"action_type": "link_click", "value": cost}]));
        }
        _ => return None,
    };
    Some(text.into())
}
