//! Style sheet and icons have nothing that no page uses.

use std::collections::BTreeSet;
use std::fs;

use crate::sources::{files_under, root};

/// The endings that templates append to a class, from `web/tone.rs`.
const TONES: [&str; 4] = ["ok", "warn", "bad", "plain"];

/// Templates, the code behind them, and the script: where classes and icons are named.
fn markup() -> String {
    let product = root().join("crates/metaads");
    let mut paths = vec![product.join("assets/app.js"), product.join("assets/renewal-figure.svg")];
    for (folder, ending) in
        [("templates", "html"), ("src/web", "rs"), ("src/codes", "rs"), ("src/messages", "rs")]
    {
        paths.extend(files_under(&product.join(folder), ending));
    }
    paths.iter().map(|path| fs::read_to_string(path).expect("a file of the product")).collect()
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '-' || letter == '_'
}

/// The classes that the selectors of a style sheet name.
fn classes(css: &str) -> BTreeSet<String> {
    let mut classes = BTreeSet::new();
    for part in css.split('{') {
        let selector = part.rsplit(['}', ';']).next().unwrap_or_default();
        for (at, _) in selector.match_indices('.') {
            let name: String = selector[at + 1..].chars().take_while(|letter| is_word(*letter)).collect();
            if name.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
                classes.insert(name);
            }
        }
    }
    classes
}

/// The words of each line from its first quote on: values of attributes, and strings of the code.
fn quoted_words(markup: &str) -> BTreeSet<&str> {
    markup
        .lines()
        .flat_map(|line| line.split('"').skip(1))
        .flat_map(|text| text.split(|letter| !is_word(letter)))
        .collect()
}

fn unused(names: &BTreeSet<String>, markup: &str) -> Vec<String> {
    let words = quoted_words(markup);
    let is_used = |name: &str| {
        let stem = TONES.iter().find_map(|tone| name.strip_suffix(tone)).filter(|stem| stem.ends_with('-'));
        words.contains(name) || stem.is_some_and(|stem| words.contains(stem))
    };
    names.iter().filter(|name| !is_used(name)).cloned().collect()
}

#[test]
fn every_class_of_the_style_sheet_is_used() {
    let css =
        classes("a.used, .note-bad:hover { x: url(f.woff2) } @media (a: .5px) { .dead > .used { y: 1 } }");
    assert_eq!(css.iter().collect::<Vec<_>>(), ["dead", "note-bad", "used"]);
    assert_eq!(unused(&css, "<p>dead <b class=\"used note-{{ tone }}\">"), ["dead"]);
    let css = fs::read_to_string(root().join("crates/metaads/assets/app.css")).unwrap();
    assert_eq!(unused(&classes(&css), &markup()), Vec::<String>::new());
}

#[test]
fn every_icon_is_used() {
    let sprite = fs::read_to_string(root().join("crates/metaads/assets/icons.svg")).unwrap();
    let ids = sprite.split("<symbol id=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let ids: BTreeSet<String> = ids.map(str::to_owned).collect();
    assert!(ids.contains("cable"));
    assert_eq!(unused(&ids, &markup()), Vec::<String>::new());
}
