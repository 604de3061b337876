//! Pieces of HTML that templates call: icons, hashed asset addresses, the lifeline.

use std::collections::HashMap;
use std::sync::LazyLock;

use aws_lc_rs::digest;
use rust_embed::RustEmbed;

/// The files under `assets/`, inside the binary.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/assets/"]
struct Embedded;

/// One file as it is served.
#[derive(Debug)]
pub struct Asset {
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

/// All assets, under names that change with their content, and the way from the plain names to them.
#[derive(Debug)]
struct Assets {
    by_served_name: HashMap<String, Asset>,
    served_names: HashMap<String, String>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let mut assets = Assets { by_served_name: HashMap::new(), served_names: HashMap::new() };
    // Fonts first: the stylesheet names them, and its own name depends on theirs.
    let mut names: Vec<String> = Embedded::iter().map(|name| name.to_string()).collect();
    names.sort_by_key(|name| (!name.starts_with("fonts/"), name.clone()));
    for name in names {
        let file = Embedded::get(&name).expect("the iterator names only files that are there");
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

/// The file behind a served name.
pub fn served(name: &str) -> Option<&'static Asset> {
    ASSETS.by_served_name.get(name)
}

/// The address of an asset.
pub fn asset(name: &str) -> String {
    let served = ASSETS.served_names.get(name).expect("templates name only assets that exist");
    format!("/assets/{served}")
}

/// An icon of the sprite, for beside a word.
pub fn icon(name: &str) -> String {
    sprite("icon", name)
}

/// A status glyph for a pill.
pub fn glyph(name: &str) -> String {
    format!(r##"<svg aria-hidden="true"><use href="{}#{name}"/></svg>"##, asset("icons.svg"))
}

/// The product's mark.
pub fn mark() -> String {
    sprite("mark", "mark")
}

fn sprite(class: &str, name: &str) -> String {
    format!(r##"<svg class="{class}" aria-hidden="true"><use href="{}#{name}"/></svg>"##, asset("icons.svg"))
}

/// The figure of the first run.
pub fn renewal_figure() -> &'static str {
    include_str!("../assets/renewal-figure.svg")
}

/// How far a connection is between its start and its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lifeline {
    /// Percent of the time that has passed, and where renewal begins (0: it has begun).
    Running(f64, f64),
    Ending(f64),
    /// Without an end.
    Endless,
    /// Broke at this percentage.
    Broken(f64),
    Gone,
}

impl Lifeline {
    /// Where `now` is between two moments, kept off the very ends.
    pub fn share(start: i64, now: i64, end: i64) -> f64 {
        let whole = (end - start).max(1) as f64;
        ((now - start) as f64 / whole * 100.0).clamp(3.0, 97.0).round()
    }

    /// The drawing: coordinates in per cent, so that it stretches and its words do not.
    pub fn svg(self) -> String {
        let start = r#"<circle cx="0%" cy="10" r="4.5"/>"#;
        let end = r#"<circle class="open" cx="100%" cy="10" r="4"/>"#;
        let rest = |from: f64, class: &str| {
            format!(r#"<line class="rest{class}" x1="{from}%" y1="10" x2="100%" y2="10"/>"#)
        };
        let past = |to: f64| format!(r#"<line x1="0%" y1="10" x2="{to}%" y2="10"/>"#);
        let today = |at: f64| format!(r#"<circle cx="{at}%" cy="10" r="5.5"/>"#);
        let (class, inner) = match self {
            Lifeline::Running(at, tick) => {
                let tick = match tick > at {
                    true => format!(r#"<line class="tick" x1="{tick}%" y1="5" x2="{tick}%" y2="15"/>"#),
                    false => String::new(),
                };
                ("", rest(at, "") + &tick + &past(at) + start + &today(at) + end)
            }
            Lifeline::Ending(at) => {
                (" lifeline-expiring", rest(at, "") + &past(at) + start + &today(at) + end)
            }
            Lifeline::Endless => ("", rest(29.0, " dash") + &past(29.0) + start + &today(29.0)),
            Lifeline::Broken(at) => {
                let slash = format!(
                    r#"<svg x="{}%" overflow="visible"><line class="slash" x1="-2" y1="16" x2="3" y2="4"/></svg>"#,
                    at + 2.0
                );
                (" lifeline-broken", rest(at + 5.0, " dash") + &past(at) + start + &slash + end)
            }
            Lifeline::Gone => ("", rest(0.0, " dash") + end),
        };
        format!(r#"<svg class="lifeline{class}" height="20" aria-hidden="true">{inner}</svg>"#)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stylesheet_names_fonts_that_are_served() {
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

    #[test]
    fn what_is_over_and_what_has_not_begun_stay_on_the_line() {
        assert_eq!(Lifeline::share(0, 50, 100), 50.0);
        assert_eq!([Lifeline::share(0, -5, 100), Lifeline::share(0, 500, 100)], [3.0, 97.0]);
        assert!(Lifeline::share(7, 7, 7).is_finite());
    }
}
