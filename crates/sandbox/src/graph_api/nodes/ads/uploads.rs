//! Uploading images and videos to an ad account.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, json};

use super::images;
use super::validate::invalid;
use crate::graph_api::error::GraphError;
use crate::graph_api::nodes::context::Context;
use crate::http::reply::Reply;
use crate::http::sent::UploadedFile;
use crate::state::ad_objects::Image;
use crate::world::ad_objects::AdObjectKind;

/// From the files of a multipart body, whatever their fields are named, or from base64 in `bytes`.
pub(super) fn add_images(context: &Context, account: usize) -> Result<Reply, GraphError> {
    let mut files = context.request.files.clone();
    if let Some(bytes) = context.request.params.get("bytes") {
        let contents = STANDARD.decode(bytes.trim());
        let contents = contents.map_err(|_| GraphError::oauth(100, "(#100) Param bytes must be base64."))?;
        let name = context.request.params.get("name").unwrap_or("bytes");
        files.push(UploadedFile::from_bytes(name, &contents));
    }
    if files.is_empty() {
        return Err(GraphError::oauth(100, "(#100) The parameter filename is required."));
    }
    let now = context.shared.clock.now_seconds();
    let mut shown = Map::new();
    let mut added = Vec::new();
    for file in files {
        let Some((width, height)) = file.image_size() else {
            return Err(invalid("Image not supported", format!("The file {} is not an image.", file.name)));
        };
        let (hash, url) = (file.md5.clone(), images::url(context));
        let described =
            json!({"hash": hash, "url": url, "name": file.name, "width": width, "height": height});
        shown.insert(file.name.clone(), described);
        added.push(Image { account, hash, name: file.name, width, height, created_at: now });
    }
    context.shared.change_ads(|ads| added.into_iter().for_each(|image| ads.add_image(image)));
    Ok(Reply::json(&json!({ "images": shown })))
}

pub(super) fn remove_image(context: &Context, account: usize) -> Result<Reply, GraphError> {
    let Some(hash) = context.request.params.get("hash") else {
        return Err(GraphError::oauth(100, "(#100) The parameter hash is required."));
    };
    match context.shared.change_ads(|ads| ads.remove_image(account, hash)) {
        true => Ok(Reply::json(&json!({"success": true}))),
        false => Err(invalid("Image not available", format!("There is no image with the hash {hash}."))),
    }
}

/// From the file in `source`, or from a `file_url`, which is not fetched.
pub(super) fn add_video(context: &Context, account: usize) -> Result<Reply, GraphError> {
    let file = context.request.files.iter().find(|file| file.field == "source");
    let file = file.or(context.request.files.first()).filter(|file| file.size > 0);
    let name = match (file, context.request.params.get("file_url")) {
        (Some(file), _) => file.name.clone(),
        (None, Some(url)) => url.to_owned(),
        (None, None) => return Err(GraphError::oauth(100, "(#100) The parameter source is required.")),
    };
    let title = context.request.params.get("title").or(context.request.params.get("name")).unwrap_or(&name);
    let fields = Map::from_iter([("title".to_owned(), title.into())]);
    let now = context.shared.clock.now_seconds();
    let video = context.shared.change_ads(|ads| ads.create(account, AdObjectKind::AdVideo, fields, now));
    Ok(Reply::json(&json!({"id": video.id().to_string()})))
}
