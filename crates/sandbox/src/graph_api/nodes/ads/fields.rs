//! The fields of campaigns, ad sets and ads. What was sent when an object was created or changed is returned as
//! it was; the rest is derived from the object's number.

use serde_json::{Value, json};

use super::{creatives, reports};
use crate::graph_api::legacy;
use crate::graph_api::nodes::context::Context;
use crate::graph_api::nodes::field_value::FieldValue;
use crate::world::ad_objects::{AdObject, AdObjectKind};
use crate::world::tables::Node;

const CAMPAIGN_NAMES: [&str; 6] = [
    "Prospecting",
    "Frühjahrsaktion",
    "Retargeting",
    "Brand awareness",
    "Newsletter sign-ups",
    "Summer sale",
];

const OBJECTIVES: [&str; 4] = ["OUTCOME_TRAFFIC", "OUTCOME_SALES", "OUTCOME_LEADS", "OUTCOME_AWARENESS"];

const COUNTRIES: [&str; 3] = ["DE", "AT", "CH"];

pub(crate) fn type_name(kind: AdObjectKind) -> &'static str {
    match kind {
        AdObjectKind::Campaign => "Campaign",
        AdObjectKind::AdSet => "AdSet",
        AdObjectKind::Ad => "Ad",
        AdObjectKind::AdCreative => "AdCreative",
        AdObjectKind::AdVideo => "Video",
        AdObjectKind::ReportRun => "AdReportRun",
    }
}

pub(crate) fn default_fields(kind: AdObjectKind) -> &'static [&'static str] {
    match kind {
        AdObjectKind::Campaign | AdObjectKind::AdSet | AdObjectKind::Ad | AdObjectKind::AdCreative => &[],
        AdObjectKind::AdVideo => &["updated_time"],
        AdObjectKind::ReportRun => &[
            "account_id",
            "time_ref",
            "async_status",
            "async_percent_completion",
            "is_running",
            "date_start",
            "date_stop",
        ],
    }
}

pub(crate) fn field_value(context: &Context, object: AdObject, name: &str) -> FieldValue {
    if let Some(value) = computed(context, object, name) {
        return value;
    }
    let sent = context.shared.read_ads(|ads| ads.stored.field(object, name).cloned());
    if let Some(sent) = sent.filter(|_| object.kind != AdObjectKind::ReportRun) {
        return FieldValue::Plain(sent);
    }
    match object.kind {
        AdObjectKind::Campaign => campaign(object, name),
        AdObjectKind::AdSet => ad_set(object, name),
        AdObjectKind::Ad => ad(object, name),
        AdObjectKind::AdCreative => creatives::creative(context, object, name),
        AdObjectKind::AdVideo => creatives::video(context, name),
        AdObjectKind::ReportRun => reports::field(context, object, name),
    }
}

/// A field that is text, such as the name of a campaign.
pub(super) fn text(context: &Context, object: AdObject, name: &str) -> String {
    if let FieldValue::Plain(Value::String(text)) = field_value(context, object, name) {
        return text;
    }
    String::new()
}

/// Fields that follow from the state or from other objects, whatever was sent.
fn computed(context: &Context, object: AdObject, name: &str) -> Option<FieldValue> {
    let parent = |kind| context.shared.read_ads(|ads| ads.parent(object, kind));
    let parent_id = |kind| {
        let id = parent(kind).map(|parent| parent.id().to_string());
        id.map(|id| FieldValue::Plain(id.into()))
    };
    let parent_node = |kind| parent(kind).map(|parent| FieldValue::Node(Node::AdObject(parent), &[]));
    let status = |effective: bool| {
        context.shared.read_ads(|ads| {
            let status = if effective { ads.effective_status(object) } else { ads.status(object) };
            FieldValue::Plain(status.into())
        })
    };
    let is_delivered = matches!(object.kind, AdObjectKind::Campaign | AdObjectKind::AdSet | AdObjectKind::Ad);
    match name {
        "account_id" => {
            let account = context.shared.world.ad_accounts[object.account].id;
            Some(FieldValue::Plain(account.to_string().into()))
        }
        "status" if is_delivered || object.kind == AdObjectKind::AdCreative => Some(status(false)),
        "configured_status" if is_delivered => Some(status(false)),
        "effective_status" if is_delivered => Some(status(true)),
        "campaign_id" => parent_id(AdObjectKind::Campaign),
        "campaign" => parent_node(AdObjectKind::Campaign),
        "adset_id" => parent_id(AdObjectKind::AdSet),
        "adset" => parent_node(AdObjectKind::AdSet),
        "creative" => parent_node(AdObjectKind::AdCreative),
        "created_time" if object.kind != AdObjectKind::AdCreative => {
            Some(time(context, created_at(context, object)))
        }
        "updated_time" if object.kind != AdObjectKind::AdCreative => {
            Some(time(context, updated_at(context, object)))
        }
        _ => None,
    }
}

fn time(context: &Context, seconds: i64) -> FieldValue {
    FieldValue::Plain(legacy::time(context.shared, context.request, seconds).into())
}

/// Generated objects were created one after the other, a day apart.
pub(crate) fn created_at(context: &Context, object: AdObject) -> i64 {
    let stored =
        context.shared.read_ads(|ads| ads.stored.stored(object).and_then(|stored| stored.created_at));
    let account = &context.shared.world.ad_accounts[object.account];
    stored.unwrap_or_else(|| account.created_at + i64::from(object.number) * 86_400)
}

fn updated_at(context: &Context, object: AdObject) -> i64 {
    let changed = context.shared.read_ads(|ads| ads.stored.stored(object).map(|stored| stored.updated_at));
    changed.unwrap_or_else(|| created_at(context, object) + 3_600)
}

/// A value that only generated objects have.
fn generated(object: AdObject, value: impl Into<Value>) -> FieldValue {
    match object.is_generated() {
        true => FieldValue::Plain(value.into()),
        false => FieldValue::Absent,
    }
}

fn pick<T: Copy>(values: &[T], object: AdObject) -> T {
    values[object.number as usize % values.len()]
}

fn campaign(object: AdObject, name: &str) -> FieldValue {
    let number = object.number;
    let plain = match name {
        "name" => return generated(object, format!("{} {}", pick(&CAMPAIGN_NAMES, object), number + 1)),
        "objective" => return generated(object, pick(&OBJECTIVES, object)),
        "daily_budget" | "budget_remaining" => {
            return generated(object, (2_000 + 500 * (number % 7)).to_string());
        }
        "bid_strategy" => return generated(object, "LOWEST_COST_WITHOUT_CAP"),
        "start_time" | "stop_time" | "spend_cap" | "lifetime_budget" | "adlabels" | "issues_info"
        | "promoted_object" | "recommendations" | "boosted_object_id" | "brand_lift_studies" => {
            return FieldValue::Absent;
        }
        "buying_type" => "AUCTION".into(),
        "special_ad_categories" | "special_ad_category_country" => json!([]),
        "special_ad_category" => "NONE".into(),
        "pacing_type" => json!(["standard"]),
        "smart_promotion_type" => "GUIDED_CREATION".into(),
        "source_campaign_id" => "0".into(),
        "can_use_spend_cap" => true.into(),
        "is_skadnetwork_attribution" | "is_adset_budget_sharing_enabled" => false.into(),
        _ => return FieldValue::Unknown,
    };
    FieldValue::Plain(plain)
}

fn ad_set(object: AdObject, name: &str) -> FieldValue {
    let number = object.number;
    let plain = match name {
        "name" => {
            let country = pick(&COUNTRIES, object);
            return generated(object, format!("{country} 18–65 · {}", number + 1));
        }
        "billing_event" => return generated(object, "IMPRESSIONS"),
        "optimization_goal" => return generated(object, "LINK_CLICKS"),
        "targeting" => {
            let countries = [pick(&COUNTRIES, object)];
            let targeting = json!({"age_min": 18, "age_max": 65, "geo_locations": {"countries": countries}});
            return generated(object, targeting);
        }
        "start_time"
        | "end_time"
        | "bid_amount"
        | "bid_strategy"
        | "bid_info"
        | "promoted_object"
        | "adlabels"
        | "issues_info"
        | "learning_stage_info"
        | "recommendations"
        | "adset_schedule"
        | "frequency_control_specs"
        | "dsa_beneficiary"
        | "dsa_payor" => return FieldValue::Absent,
        // Budgets are those of the campaigns.
        "daily_budget" | "lifetime_budget" | "budget_remaining" => "0".into(),
        "destination_type" => "UNDEFINED".into(),
        "pacing_type" => json!(["standard"]),
        "attribution_spec" => json!([{"event_type": "CLICK_THROUGH", "window_days": 7}]),
        "source_adset_id" => "0".into(),
        "is_dynamic_creative" => false.into(),
        _ => return FieldValue::Unknown,
    };
    FieldValue::Plain(plain)
}

fn ad(object: AdObject, name: &str) -> FieldValue {
    match name {
        "name" => generated(object, format!("Ad {:04}", object.number + 1)),
        "preview_shareable_link" => FieldValue::Plain(format!("https://fb.me/{}", object.id()).into()),
        "source_ad_id" => FieldValue::Plain("0".into()),
        "bid_amount"
        | "bid_type"
        | "conversion_specs"
        | "tracking_specs"
        | "adlabels"
        | "issues_info"
        | "recommendations"
        | "ad_review_feedback"
        | "failed_delivery_checks"
        | "conversion_domain"
        | "last_updated_by_app_id"
        | "engagement_audience" => FieldValue::Absent,
        _ => FieldValue::Unknown,
    }
}
