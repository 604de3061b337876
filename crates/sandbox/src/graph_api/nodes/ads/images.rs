//! The images of an ad account.

use serde_json::{Map, Value};

use super::edges::list_of_texts;
use crate::graph_api::error::GraphError;
use crate::graph_api::legacy;
use crate::graph_api::nodes::context::Context;
use crate::graph_api::nodes::paging::{self, PageRequest};
use crate::state::ad_objects::Image;
use crate::world::tables::Node;

/// The edge `adimages`, all of it or only the images in the parameter `hashes`.
pub(crate) fn list(context: &Context, account: usize, page: &PageRequest) -> Result<Value, GraphError> {
    let hashes = page.param("hashes").map(list_of_texts);
    let images: Vec<Image> = context.shared.read_ads(|ads| ads.stored.images(account).cloned().collect());
    let is_asked = |image: &&Image| hashes.as_ref().is_none_or(|hashes| hashes.contains(&image.hash));
    let rows: Vec<&Image> = images.iter().filter(is_asked).collect();
    let render = |image: &Image| render(context, image, page);
    paging::list(
        context,
        Node::AdAccount(account),
        "adimages",
        &rows,
        page,
        (|image| id(context, image), render),
    )
}

fn id(context: &Context, image: &Image) -> String {
    format!("{}:{}", context.shared.world.ad_accounts[image.account].id, image.hash)
}

fn render(context: &Context, image: &Image, page: &PageRequest) -> Result<Value, GraphError> {
    let mut object = Map::new();
    for field in page.selection().unwrap_or_default() {
        let value = value(context, image, &field.name)
            .ok_or_else(|| GraphError::nonexisting_field(&field.name, "AdImage"))?;
        object.insert(field.name.clone(), value);
    }
    if object.is_empty() {
        object.insert("hash".to_owned(), image.hash.as_str().into());
    }
    object.insert("id".to_owned(), id(context, image).into());
    Ok(Value::Object(object))
}

fn value(context: &Context, image: &Image, name: &str) -> Option<Value> {
    Some(match name {
        "id" => id(context, image).into(),
        "account_id" => context.shared.world.ad_accounts[image.account].id.to_string().into(),
        "hash" => image.hash.as_str().into(),
        "name" => image.name.as_str().into(),
        "status" => "ACTIVE".into(),
        "width" | "original_width" => image.width.into(),
        "height" | "original_height" => image.height.into(),
        "url" | "url_128" | "permalink_url" => url(context).into(),
        "created_time" | "updated_time" => {
            legacy::time(context.shared, context.request, image.created_at).into()
        }
        _ => return None,
    })
}

/// The same picture for all images: their contents are not kept.
pub(super) fn url(context: &Context) -> String {
    format!("{}/picture/page.svg", context.request.base)
}
