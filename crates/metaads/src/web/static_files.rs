//! Stylesheet, script, fonts and icons: embedded in the binary, and served under names that contain a hash of their
//! content, so that browsers may cache them forever.

use std::collections::HashMap;
use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::extract::Path;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::http::problem::Problem;

/// The files under `assets/`, inside the binary.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/assets/"]
struct Embedded;

/// One file as it is served.
#[derive(Debug)]
struct Asset {
    content_type: &'static str,
    body: Vec<u8>,
}

/// All assets by their served name, and the served names by the plain ones.
#[derive(Debug)]
struct Assets {
    by_served_name: HashMap<String, Asset>,
    served_names: HashMap<String, String>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let mut assets = Assets { by_served_name: HashMap::new(), served_names: HashMap::new() };
    // Fonts first: the stylesheet refers to them, so its own hash depends on their names.
    let mut names: Vec<String> = Embedded::iter().map(|name| name.to_string()).collect();
    names.sort_by_key(|name| (!name.starts_with("fonts/"), name.clone()));
    for name in names {
        let file = Embedded::get(&name).expect("the iterator lists only embedded files");
        let mut body = file.data.into_owned();
        if name.ends_with(".css") {
            let mut text = String::from_utf8(body).expect("our stylesheet is UTF-8");
            for (plain, served) in &assets.served_names {
                text = text.replace(&format!("\"{plain}\""), &format!("\"/assets/{served}\""));
            }
            body = text.into_bytes();
        }
        let hash = hex::encode(&digest::digest(&digest::SHA256, &body).as_ref()[..5]);
        let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
        let served = format!("{stem}.{hash}.{extension}");
        assets.served_names.insert(name.clone(), served.clone());
        assets.by_served_name.insert(served, Asset { content_type: content_type(extension), body });
    }
    assets
});

fn content_type(extension: &str) -> &'static str {
    match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => "text/plain; charset=utf-8",
    }
}

fn served(name: &str) -> Option<&'static Asset> {
    ASSETS.by_served_name.get(name)
}

/// The URL path of an asset, from its plain name.
pub fn asset(name: &str) -> String {
    let served = ASSETS.served_names.get(name).expect("templates use only assets that exist");
    format!("/assets/{served}")
}

pub async fn show(Path(name): Path<String>) -> Response {
    match served(&name) {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ],
            asset.body.as_slice(),
        )
            .into_response(),
        None => Problem::NotFound.into_response(),
    }
}

/// The script that other products load, under a name that stays: it has to be fetched again now and then.
pub async fn connect_script() -> Response {
    let script = served(asset("connect.js").trim_start_matches("/assets/")).expect("it is embedded");
    (
        [
            (header::CONTENT_TYPE, script.content_type),
            (header::CACHE_CONTROL, "public, max-age=3600"),
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        ],
        script.body.as_slice(),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_font_of_the_stylesheet_is_served() {
        let css = served(asset("app.css").trim_start_matches("/assets/")).expect("the stylesheet");
        let css = std::str::from_utf8(&css.body).expect("UTF-8");
        let fonts: Vec<&str> =
            css.split("url(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(!fonts.is_empty());
        for font in fonts {
            let name = font.strip_prefix("/assets/").expect("an absolute address");
            assert!(served(name).is_some_and(|asset| asset.body.starts_with(b"wOF2")), "{font}");
        }
    }
}
