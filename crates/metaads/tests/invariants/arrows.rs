//! Which module uses which, read from the `use` lines and paths, against the picture in ARCHITECTURE.md: no circle
//! inside a crate, and no arrow that the picture does not draw. A file is a module; a `mod.rs` is its folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::sources::{Source, root, sources};
use crate::{none, some};

/// The modules of one crate, each with the modules it uses.
type Arrows = BTreeMap<String, BTreeSet<String>>;

/// The module of a file below `src`; "" for lib.rs.
fn module_of(path: &str) -> String {
    let path = path.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" { String::new() } else { path.replace('/', "::") }
}

/// `folder`: the crate's `src`, with a slash at its end.
fn arrows_of(sources: &[Source], folder: &str) -> Arrows {
    let files: Vec<(String, &Source)> = sources
        .iter()
        .filter_map(|source| {
            let path = source.path.strip_prefix(folder)?;
            (path != "main.rs").then(|| (module_of(path), source))
        })
        .collect();
    let modules: BTreeSet<&str> = files.iter().map(|(module, _)| module.as_str()).collect();
    files
        .iter()
        .map(|(module, source)| {
            let used = paths(source).into_iter().filter_map(|path| resolve(&path, module, &modules));
            (module.clone(), used.filter(|used| used != module).collect())
        })
        .collect()
}

/// Every path of a file, with the groups of its `use` lines spelled out.
fn paths(source: &Source) -> Vec<Vec<String>> {
    let words: Vec<&str> = source.tokens.iter().map(|token| token.text.as_str()).collect();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < words.len() {
        if words[at] == "use" {
            let end = words[at..].iter().position(|word| *word == ";").map_or(words.len(), |end| at + end);
            spell_out(&words[at + 1..end], &[], &mut found);
            at = end;
            continue;
        }
        let is_start = at == 0 || words[at - 1] != ":";
        if is_start && is_name(words[at]) && words.get(at + 1..at + 3) == Some(&[":", ":"]) {
            let mut path = vec![words[at].to_owned()];
            while words.get(at + 1..at + 3) == Some(&[":", ":"])
                && words.get(at + 3).is_some_and(|word| is_name(word))
            {
                path.push(words[at + 3].to_owned());
                at += 3;
            }
            found.push(path);
        }
        at += 1;
    }
    found
}

fn is_name(word: &str) -> bool {
    word.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

/// `a::{b, c::{d}}` as `a::b` and `a::c::d`.
fn spell_out(words: &[&str], prefix: &[String], found: &mut Vec<Vec<String>>) {
    let (mut path, mut at) = (prefix.to_vec(), 0);
    while at < words.len() {
        match words[at] {
            "{" => {
                let (mut depth, mut start) = (0, at + 1);
                for end in at..words.len() {
                    match words[end] {
                        "{" => depth += 1,
                        "}" => depth -= 1,
                        _ => {}
                    }
                    if (depth == 1 && words[end] == ",") || depth == 0 {
                        spell_out(&words[start..end], &path, found);
                        start = end + 1;
                    }
                    if depth == 0 {
                        return;
                    }
                }
            }
            "as" => break,
            word if is_name(word) => path.push(word.to_owned()),
            _ => {}
        }
        at += 1;
    }
    if path.len() > prefix.len() {
        found.push(path);
    }
}

/// The module that a path leads into; None if it leads out of the crate.
fn resolve(path: &[String], from: &str, modules: &BTreeSet<&str>) -> Option<String> {
    let mut full: Vec<&str> = if from.is_empty() { Vec::new() } else { from.split("::").collect() };
    let mut rest = path.iter().map(String::as_str).peekable();
    match *rest.peek()? {
        "crate" => {
            full.clear();
            rest.next();
        }
        "self" => {
            rest.next();
        }
        "super" => {
            while rest.next_if_eq(&"super").is_some() {
                full.pop();
            }
        }
        first => {
            let child = [full.as_slice(), &[first]].concat().join("::");
            if !modules.contains(child.as_str()) {
                return None;
            }
        }
    }
    for word in rest {
        let longer = [full.as_slice(), &[word]].concat().join("::");
        if !modules.contains(longer.as_str()) {
            break;
        }
        full.push(word);
    }
    Some(full.join("::"))
}

/// The modules that can reach themselves. Parents that only declare and re-export their children reach nothing back.
fn circles(arrows: &Arrows) -> Vec<String> {
    let reaches = |from: &str, to: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(module) = open.pop() {
            for next in arrows.get(module).into_iter().flatten() {
                if next == to {
                    return true;
                }
                if seen.insert(next.as_str()) {
                    open.push(next);
                }
            }
        }
        false
    };
    arrows
        .iter()
        .flat_map(|(from, used)| used.iter().map(move |to| (from, to)))
        .filter(|(from, to)| reaches(to, from))
        .map(|(from, to)| format!("{from} -> {to} -> ... -> {from}"))
        .collect()
}

/// The layers that ARCHITECTURE.md draws, from top to bottom.
fn layers(architecture: &str) -> Vec<Vec<String>> {
    let block =
        architecture.split("inside metaads").nth(1).expect("ARCHITECTURE.md draws the service's modules");
    let lines = block.lines().skip(1).take_while(|line| !line.starts_with("```"));
    let names = |line: &str| {
        let line = line.trim().trim_start_matches("─►").trim().to_owned();
        line.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect::<Vec<_>>()
    };
    lines.map(names).filter(|names| !names.is_empty()).collect()
}

/// The drawn name of a module (the longest one that is the module or one of its parents), and its layer.
fn place_of<'a>(module: &str, layers: &'a [Vec<String>]) -> Option<(usize, &'a str)> {
    let is_in =
        |name: &str| module == name || module.strip_prefix(name).is_some_and(|rest| rest.starts_with("::"));
    let drawn = layers
        .iter()
        .enumerate()
        .flat_map(|(layer, names)| names.iter().map(move |name| (layer, name.as_str())));
    drawn.filter(|(_, name)| is_in(name)).max_by_key(|(_, name)| name.len())
}

/// Arrows that lead upwards, or between two names of one line.
fn undrawn(arrows: &Arrows, layers: &[Vec<String>]) -> Vec<String> {
    let mut broken = Vec::new();
    for (from, used) in arrows.iter().filter(|(from, _)| !from.is_empty()) {
        let Some((layer, name)) = place_of(from, layers) else {
            broken.push(format!("{from} is not in the picture"));
            continue;
        };
        for to in used {
            let Some((below, other)) = place_of(to, layers) else { continue };
            if below < layer || (below == layer && name != other) {
                broken.push(format!("{from} -> {to} is not drawn"));
            }
        }
    }
    broken
}

#[test]
fn no_module_uses_itself_through_others() {
    let sample = [
        Source::new("src/lib.rs", "mod a; mod b; mod c;"),
        Source::new("src/a/mod.rs", "pub mod x; use crate::b::{B, c::C};"),
        Source::new("src/a/x.rs", "fn f() { super::super::b::f(); }"),
        Source::new("src/b.rs", "use crate::a; #[cfg(test)] mod tests { use crate::c; }"),
        Source::new("src/c.rs", "use crate::a::x;"),
    ];
    some(&circles(&arrows_of(&sample, "src/")), 2);
    let sources = sources();
    for name in ["graph", "sandbox", "store", "store/rows", "store/sqlite", "store/postgres", "metaads"] {
        let folder = format!("crates/{name}/src/");
        let arrows = arrows_of(&sources, &folder);
        assert!(!arrows.is_empty(), "{folder} has no module");
        none(&circles(&arrows).iter().map(|circle| format!("{folder}: {circle}")).collect::<Vec<_>>());
    }
}

#[test]
fn modules_use_each_other_only_as_architecture_md_draws() {
    let drawn = layers("inside metaads\n   web, api\n   ─► accounts::close\n   ─► accounts\n```\n");
    let sample = [
        Source::new("src/web.rs", "use crate::accounts::close; use crate::api;"),
        Source::new("src/api.rs", "use crate::accounts;"),
        Source::new("src/accounts/mod.rs", ""),
        Source::new("src/accounts/close.rs", "use crate::accounts::keys;"),
        Source::new("src/accounts/keys.rs", "use crate::accounts::close; use crate::web;"),
        Source::new("src/new.rs", ""),
    ];
    some(&undrawn(&arrows_of(&sample, "src/"), &drawn), 4);
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    none(&undrawn(&arrows_of(&sources(), "crates/metaads/src/"), &layers(&architecture)));
}
