//! The fields of ad creatives and videos.

use serde_json::json;

use crate::graph_api::nodes::context::Context;
use crate::graph_api::nodes::field_value::FieldValue;
use crate::world::ad_objects::AdObject;

pub(super) fn creative(context: &Context, object: AdObject, name: &str) -> FieldValue {
    let shown = object.number + 1;
    let picture = || format!("{}/picture/page.svg", context.request.base);
    let generated = match name {
        "name" => format!("Creative {shown:04}").into(),
        "title" => "Everything for your bicycle".into(),
        "body" => "Visit us today.".into(),
        "object_type" => "SHARE".into(),
        "call_to_action_type" => "LEARN_MORE".into(),
        "image_hash" => format!("{:032x}", object.id()).into(),
        "image_url" | "thumbnail_url" => picture().into(),
        "object_story_spec" => {
            let link = json!({"link": "https://shop.example/", "message": "Visit us today."});
            match page_id(context, object) {
                Some(page) => json!({"page_id": page, "link_data": link}),
                None => json!({ "link_data": link }),
            }
        }
        "actor_id" => match page_id(context, object) {
            Some(page) => page.into(),
            None => return FieldValue::Absent,
        },
        "effective_object_story_id"
        | "object_story_id"
        | "link_url"
        | "url_tags"
        | "video_id"
        | "adlabels"
        | "asset_feed_spec"
        | "instagram_user_id"
        | "instagram_permalink_url"
        | "product_set_id"
        | "template_url"
        | "degrees_of_freedom_spec"
        | "object_id"
        | "object_url" => {
            return FieldValue::Absent;
        }
        _ => return FieldValue::Unknown,
    };
    match object.is_generated() {
        true => FieldValue::Plain(generated),
        false => FieldValue::Absent,
    }
}

/// The first Page of the person with the role on the ad account.
fn page_id(context: &Context, object: AdObject) -> Option<String> {
    let world = &context.shared.world;
    let person = world.ad_accounts[object.account].person?;
    world.pages.iter().find(|page| page.person == person).map(|page| page.id.to_string())
}

pub(super) fn video(context: &Context, name: &str) -> FieldValue {
    match name {
        "status" => FieldValue::Plain(json!({"video_status": "ready"})),
        "picture" => FieldValue::Plain(format!("{}/picture/page.svg", context.request.base).into()),
        "length" => FieldValue::Plain(json!(15.0)),
        "title" | "description" | "source" | "permalink_url" => FieldValue::Absent,
        _ => FieldValue::Unknown,
    }
}
