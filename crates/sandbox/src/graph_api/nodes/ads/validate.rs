//! Checks what is sent to create or change an ad object. Lighter than Meta's: required parameters, enumerations,
//! budgets, and the objects it belongs to.

use serde_json::{Map, Value};

use crate::graph_api::error::{GraphError, UserText};
use crate::state::ads::{Ads, object_with_id};
use crate::world::ad_objects::{AdObject, AdObjectKind};

const OBJECTIVES: [&str; 6] = [
    "OUTCOME_LEADS",
    "OUTCOME_SALES",
    "OUTCOME_ENGAGEMENT",
    "OUTCOME_AWARENESS",
    "OUTCOME_TRAFFIC",
    "OUTCOME_APP_PROMOTION",
];

const STATUSES: [&str; 4] = ["ACTIVE", "PAUSED", "DELETED", "ARCHIVED"];

const BILLING_EVENTS: [&str; 4] = ["IMPRESSIONS", "LINK_CLICKS", "THRUPLAY", "PAGE_LIKES"];

/// A creative needs one of these.
const CREATIVE_CONTENTS: [&str; 7] = [
    "object_story_spec",
    "object_story_id",
    "asset_feed_spec",
    "image_hash",
    "image_url",
    "product_set_id",
    "source_instagram_media_id",
];

/// In the smallest unit of the currency, as in the field `min_daily_budget`.
const MIN_DAILY_BUDGET: u64 = 100;

type Fields = Map<String, Value>;

pub(super) fn new_object(
    ads: &Ads,
    account: usize,
    kind: AdObjectKind,
    fields: &Fields,
) -> Result<(), GraphError> {
    let required: &[&str] = match kind {
        AdObjectKind::Campaign => &["name", "objective", "special_ad_categories"],
        AdObjectKind::AdSet => &["name", "campaign_id", "billing_event", "optimization_goal", "targeting"],
        AdObjectKind::Ad => &["name", "adset_id", "creative"],
        AdObjectKind::AdCreative | AdObjectKind::AdVideo | AdObjectKind::ReportRun => &[],
    };
    for name in required {
        if fields.get(*name).is_none_or(|value| value == "") {
            return Err(GraphError::oauth(100, format!("(#100) The parameter {name} is required.")));
        }
    }
    values(kind, fields)?;
    let belongs_to = |name: &str, kind| match fields.get(name) {
        Some(id) => require_object(ads, account, kind, id),
        None => Ok(()),
    };
    match kind {
        AdObjectKind::AdSet => belongs_to("campaign_id", AdObjectKind::Campaign),
        AdObjectKind::Ad => {
            belongs_to("adset_id", AdObjectKind::AdSet)?;
            creative_of_ad(ads, account, &fields["creative"])
        }
        AdObjectKind::AdCreative => creative(fields),
        AdObjectKind::Campaign | AdObjectKind::AdVideo | AdObjectKind::ReportRun => Ok(()),
    }
}

/// Checks the values that were sent, whether or not they are required.
pub(super) fn values(kind: AdObjectKind, fields: &Fields) -> Result<(), GraphError> {
    if fields.get("name").is_some_and(|name| name == "") {
        return Err(invalid("Missing name", "Enter a name.".to_owned()));
    }
    one_of(fields, "status", &STATUSES)?;
    match kind {
        AdObjectKind::Campaign => {
            if let Some(objective) = fields.get("objective").and_then(Value::as_str)
                && !OBJECTIVES.contains(&objective)
            {
                let known = OBJECTIVES.join(", ");
                let message = format!("(#100) Objective {objective} is invalid. Use one of: {known}.");
                return Err(GraphError::oauth(100, message));
            }
            let categories = fields.get("special_ad_categories");
            if categories.is_some_and(|categories| !categories.is_array()) {
                let message = "(#100) Param special_ad_categories must be an array.";
                return Err(GraphError::oauth(100, message));
            }
        }
        AdObjectKind::AdSet => {
            one_of(fields, "billing_event", &BILLING_EVENTS)?;
            if fields.get("targeting").is_some_and(|targeting| !targeting.is_object()) {
                return Err(GraphError::oauth(100, "(#100) Param targeting must be a valid JSON object."));
            }
        }
        AdObjectKind::Ad | AdObjectKind::AdCreative | AdObjectKind::AdVideo | AdObjectKind::ReportRun => {}
    }
    budget(fields)
}

fn one_of(fields: &Fields, name: &str, known: &[&str]) -> Result<(), GraphError> {
    match fields.get(name) {
        Some(value) if !value.as_str().is_some_and(|value| known.contains(&value)) => {
            let message = format!("(#100) Param {name} must be one of {{{}}}", known.join(", "));
            Err(GraphError::oauth(100, message))
        }
        _ => Ok(()),
    }
}

fn budget(fields: &Fields) -> Result<(), GraphError> {
    let Some(budget) = fields.get("daily_budget") else { return Ok(()) };
    let amount = budget.as_str().and_then(|text| text.parse::<u64>().ok());
    let Some(amount) = amount else {
        return Err(GraphError::oauth(100, "(#100) Param daily_budget must be an integer"));
    };
    match amount < MIN_DAILY_BUDGET {
        true => {
            let message = format!("The minimum daily budget is {MIN_DAILY_BUDGET}. Increase your budget.");
            Err(GraphError { subcode: Some(1_885_272), ..invalid("Budget is too low", message) })
        }
        false => Ok(()),
    }
}

fn creative_of_ad(ads: &Ads, account: usize, sent: &Value) -> Result<(), GraphError> {
    let Some(object) = sent.as_object() else {
        return Err(GraphError::oauth(100, "(#100) Param creative must be a valid JSON object."));
    };
    match object.get("creative_id") {
        Some(id) => require_object(ads, account, AdObjectKind::AdCreative, id),
        None => creative(object),
    }
}

fn creative(fields: &Fields) -> Result<(), GraphError> {
    match CREATIVE_CONTENTS.iter().any(|name| fields.contains_key(*name)) {
        true => Ok(()),
        false => Err(invalid("Creative incomplete", "The creative has neither a post nor media.".to_owned())),
    }
}

/// The object exists, is not deleted, and belongs to the same ad account.
fn require_object(ads: &Ads, account: usize, kind: AdObjectKind, id: &Value) -> Result<(), GraphError> {
    let is_usable = |object: &AdObject| {
        object.kind == kind
            && object.account == account
            && ads.exists(*object)
            && ads.status(*object) != "DELETED"
    };
    match object_with_id(id).filter(is_usable) {
        Some(_) => Ok(()),
        None => {
            let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
            let message = format!("The object {id} does not exist in this ad account, or it was deleted.");
            Err(invalid("Object not available", message))
        }
    }
}

/// "Invalid parameter", with a text for people.
pub(super) fn invalid(title: &'static str, message: String) -> GraphError {
    let user_text = Some(Box::new(UserText { title, message }));
    GraphError { user_text, ..GraphError::oauth(100, "Invalid parameter") }
}
