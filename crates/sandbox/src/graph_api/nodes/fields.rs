//! The value of each field of a node.

use serde_json::json;

use super::ads;
use super::context::Context;
use super::field_value::FieldValue;
use super::picture;
use crate::graph_api::legacy;
use crate::graph_api::tokens::page_token::page_token;
use crate::state::shared::SharedState;
use crate::world::ad_accounts::{AdAccount, CURRENCIES, TIMEZONES};
use crate::world::tables::Node;

/// 2019-03-04, for all businesses.
const BUSINESS_CREATED_AT: i64 = 1_551_690_728;

pub(crate) fn type_name(node: Node) -> &'static str {
    match node {
        Node::Person(_) => "User",
        Node::Business(_) => "Business",
        Node::AdAccount(_) => "AdAccount",
        Node::Page(_) => "Page",
        Node::Instagram(_) => "IGUser",
        Node::AdObject(object) => ads::fields::type_name(object.kind),
    }
}

pub(crate) fn default_fields(node: Node) -> &'static [&'static str] {
    match node {
        Node::Person(_) | Node::Business(_) => &["id", "name"],
        Node::AdAccount(_) => &["account_id"],
        Node::Page(_) => &["access_token", "category", "category_list", "name", "tasks"],
        Node::Instagram(_) => &[],
        Node::AdObject(object) => ads::fields::default_fields(object.kind),
    }
}

pub(crate) fn field_value(context: &Context, node: Node, name: &str) -> FieldValue {
    if name == "id" {
        return FieldValue::Plain(context.shared.world.id(node).into());
    }
    match node {
        Node::Person(index) => person_field(context, index, name),
        Node::Business(index) => business_field(context, index, name),
        Node::AdAccount(index) => ad_account_field(context, index, name),
        Node::Page(index) => page_field(context, index, name),
        Node::Instagram(index) => instagram_field(context, index, name),
        Node::AdObject(object) => ads::fields::field_value(context, object, name),
    }
}

fn person_field(context: &Context, index: usize, name: &str) -> FieldValue {
    let person = &context.shared.world.people[index];
    let (first_name, last_name) = person.name.split_once(' ').unwrap_or((&person.name, ""));
    match name {
        "name" => FieldValue::Plain(person.name.as_str().into()),
        "first_name" => FieldValue::Plain(first_name.into()),
        "last_name" => FieldValue::Plain(last_name.into()),
        "short_name" => FieldValue::Plain(first_name.into()),
        "name_format" => FieldValue::Plain("{first} {last}".into()),
        "email" if context.auth.has("email") => FieldValue::Plain(person.email().into()),
        "client_business_id" => match person.business {
            Some(business) => {
                FieldValue::Plain(context.shared.world.businesses[business].id.to_string().into())
            }
            None => FieldValue::Absent,
        },
        // No one here has a middle name; the others need another permission or are no longer filled by Meta.
        "email" | "middle_name" | "age_range" | "birthday" | "gender" | "hometown" | "link" | "locale"
        | "location" | "timezone" | "updated_time" | "verified" => FieldValue::Absent,
        "picture" => FieldValue::Plain(picture::field(&context.request.base, person)),
        _ => FieldValue::Unknown,
    }
}

fn business_field(context: &Context, index: usize, name: &str) -> FieldValue {
    let business = &context.shared.world.businesses[index];
    match name {
        "name" => FieldValue::Plain((*business.name).into()),
        "verification_status" => FieldValue::Plain(business.verification.into()),
        "link" => FieldValue::Plain(format!("https://www.facebook.com/{}", business.id).into()),
        "created_time" => {
            FieldValue::Plain(legacy::time(context.shared, context.request, BUSINESS_CREATED_AT).into())
        }
        "profile_picture_uri" => {
            FieldValue::Plain(format!("{}/picture/business.svg", context.request.base).into())
        }
        "primary_page" | "timezone_id" | "two_factor_type" | "vertical" => FieldValue::Absent,
        _ => FieldValue::Unknown,
    }
}

fn ad_account_field(context: &Context, index: usize, name: &str) -> FieldValue {
    let world = &context.shared.world;
    let account = &world.ad_accounts[index];
    let (timezone_id, timezone, offset) = TIMEZONES[usize::from(account.timezone)];
    let (status, disable_reason) = account_status(context.shared, account);
    let plain = match name {
        "account_id" => account.id.to_string().into(),
        "name" => (*account.name).into(),
        "account_status" => status.into(),
        "disable_reason" => disable_reason.into(),
        "currency" => CURRENCIES[usize::from(account.currency)].into(),
        "timezone_id" => timezone_id.into(),
        "timezone_name" => timezone.into(),
        "timezone_offset_hours_utc" => offset.into(),
        "amount_spent" => account.amount_spent.to_string().into(),
        "balance" => account.balance.to_string().into(),
        "spend_cap" => account.spend_cap.to_string().into(),
        "min_daily_budget" => 100.into(),
        "created_time" => legacy::time(context.shared, context.request, account.created_at).into(),
        "user_tasks" => tasks(account).into(),
        "tasks" | "permitted_tasks" if is_assigned_edge(context, "assigned_ad_accounts") => {
            tasks(account).into()
        }
        "capabilities" => json!(["DIRECT_SALES", "CAN_USE_REACH_AND_FREQUENCY"]),
        "tos_accepted" => json!({"172390543129": 1}),
        "is_personal" => u8::from(account.owner.is_none()).into(),
        "owner" => owner_id(context, account).into(),
        "business_name" => business_name(context, account).into(),
        "business" => match account.owner {
            Some(business) => return FieldValue::Node(Node::Business(business), &["name"]),
            None => return FieldValue::Absent,
        },
        "is_prepay_account" if account.tasks >= 3 => false.into(),
        "funding_source_details" if account.tasks == 5 => {
            json!({"id": (account.id % 1_000_000_007).to_string(), "display_string": "Visa *0000", "type": 1})
        }
        "is_prepay_account" | "funding_source_details" | "user_access_expire_time" | "end_advertiser" => {
            return FieldValue::Absent;
        }
        _ => return FieldValue::Unknown,
    };
    FieldValue::Plain(plain)
}

/// Status and disable reason, as changed by `Control::set_ad_account_status`.
fn account_status(shared: &SharedState, account: &AdAccount) -> (i64, i64) {
    let changed = shared.settings().ad_account_statuses.get(&account.id).copied();
    changed.unwrap_or((account.status, account.disable_reason))
}

fn owner_id(context: &Context, account: &AdAccount) -> String {
    match account.owner {
        Some(business) => context.shared.world.businesses[business].id.to_string(),
        None => {
            account.person.map_or_else(String::new, |person| context.shared.world.id(Node::Person(person)))
        }
    }
}

fn business_name<'a>(context: &'a Context, account: &AdAccount) -> &'a str {
    match account.owner {
        Some(business) if account.has_business_name => &context.shared.world.businesses[business].name,
        _ => "",
    }
}

/// The rows of an `assigned_…` edge have more fields than the nodes.
fn is_assigned_edge(context: &Context, edge: &str) -> bool {
    let fields = context.request.params.get("fields").unwrap_or_default();
    context.request.segment(1) == edge || fields.contains(edge)
}

fn tasks(account: &AdAccount) -> Vec<&'static str> {
    match account.tasks {
        5 => vec!["DRAFT", "ANALYZE", "ADVERTISE", "MANAGE", "AA_ANALYZE"],
        3 => vec!["DRAFT", "ANALYZE", "ADVERTISE"],
        _ => vec!["ANALYZE"],
    }
}

fn page_field(context: &Context, index: usize, name: &str) -> FieldValue {
    let page = &context.shared.world.pages[index];
    match name {
        "name" => FieldValue::Plain((*page.name).into()),
        "category" => FieldValue::Plain(page.category.into()),
        "category_list" => FieldValue::Plain(json!([{"id": "2265", "name": page.category}])),
        "link" => FieldValue::Plain(format!("https://www.facebook.com/{}", page.id).into()),
        "permitted_tasks" if !is_assigned_edge(context, "assigned_pages") => FieldValue::Unknown,
        "tasks" | "permitted_tasks" => FieldValue::Plain(match page.is_full_role {
            true => json!(["MODERATE", "MESSAGING", "ANALYZE", "ADVERTISE", "CREATE_CONTENT", "MANAGE"]),
            false => json!(["ANALYZE", "ADVERTISE"]),
        }),
        "access_token" => FieldValue::Plain(page_token(context.shared, &context.auth.token, page.id).into()),
        // A professional account shows in both fields, a personal one only in the second.
        "instagram_business_account" | "connected_instagram_account" => {
            let is_there = match name {
                "connected_instagram_account" => page.instagram.is_some(),
                _ => page.professional().is_some(),
            };
            match is_there && context.auth.has("instagram_basic") {
                true => FieldValue::Node(Node::Instagram(index), &[]),
                false => FieldValue::Absent,
            }
        }
        "business" => match page.business {
            Some(business) => FieldValue::Node(Node::Business(business), &["name"]),
            None => FieldValue::Absent,
        },
        "picture" => {
            let url = format!("{}/picture/page.svg", context.request.base);
            FieldValue::Plain(
                json!({"data": {"height": 50, "width": 50, "is_silhouette": false, "url": url}}),
            )
        }
        _ => FieldValue::Unknown,
    }
}

fn instagram_field(context: &Context, index: usize, name: &str) -> FieldValue {
    let page = &context.shared.world.pages[index];
    let Some(instagram) = &page.instagram else {
        return FieldValue::Absent;
    };
    match name {
        "username" => FieldValue::Plain((*instagram.username).into()),
        "name" => FieldValue::Plain((*page.name).into()),
        "profile_picture_url" => {
            FieldValue::Plain(format!("{}/picture/instagram.svg", context.request.base).into())
        }
        "followers_count" => FieldValue::Plain(instagram.followers.into()),
        "follows_count" => FieldValue::Plain(42.into()),
        "media_count" => FieldValue::Plain((instagram.followers % 300).into()),
        "ig_id" => FieldValue::Plain((instagram.id % 10_000_000_000).into()),
        "biography" | "website" => FieldValue::Absent,
        _ => FieldValue::Unknown,
    }
}
