//! Icons, status glyphs and the two drawings, as HTML that templates insert.

use crate::web::static_files::asset;

/// An icon of the sprite, to stand beside a word.
pub fn icon(name: &str) -> String {
    sprite("icon", name)
}

/// The glyph of a status badge.
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

/// The drawing of the first run: one sign-in that renews itself.
pub fn renewal_figure() -> &'static str {
    include_str!("../../assets/renewal-figure.svg")
}
