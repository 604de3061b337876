//! Checks `docs/meta-coverage.md`: the files and tests that it names exist, and no cell is empty.

use std::fs;
use std::path::{Path, PathBuf};

/// A row of a table, with its line number.
struct Row<'a> {
    line: usize,
    cells: Vec<&'a str>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/metaads is two levels below the root")
        .to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of all tables, without their headers.
fn rows(document: &str) -> Vec<Row<'_>> {
    let lines = document.lines().enumerate().filter(|(_, line)| line.starts_with("| "));
    lines
        .filter(|(_, line)| !line.starts_with("| fact |"))
        .map(|(number, line)| Row {
            line: number + 1,
            cells: line.trim_matches('|').split('|').map(str::trim).collect(),
        })
        .collect()
}

/// The names in backticks.
fn names_in(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Appends every Rust, Python and JavaScript file.
fn read_sources(folder: &Path, text: &mut String) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            read_sources(&path, text);
        } else if path
            .extension()
            .is_some_and(|extension| ["rs", "py", "js"].iter().any(|one| extension == *one))
        {
            text.push_str(&read(&path));
        }
    }
}

fn is_test(name: &str, tests: &str) -> bool {
    let function = format!("fn {name}(");
    // In Rust the attribute is above the function.
    let has_attribute = |(at, _): (usize, &str)| {
        let above = tests[..at].rsplit("\n\n").next().unwrap_or_default();
        above.contains("#[test]") || above.contains("#[tokio::test")
    };
    let other_languages = [format!("def {name}("), format!("test('{name}'")];
    tests.match_indices(&function).any(has_attribute)
        || other_languages.iter().any(|declaration| tests.contains(declaration.as_str()))
}

/// Every mistake in the document, with its line.
fn mistakes(document: &str, root: &Path, tests: &str) -> Vec<String> {
    let mut found = Vec::new();
    for Row { line, cells } in rows(document) {
        let [fact, places, tested, remarks] = cells[..] else {
            found.push(format!("line {line}: {} cells", cells.len()));
            continue;
        };
        if [fact, places, tested, remarks].contains(&"") {
            found.push(format!("line {line}: an empty cell"));
        }
        let (places, names) = (names_in(places), names_in(tested));
        if places.is_empty() {
            found.push(format!("line {line}: no file is named"));
        }
        for place in places {
            if !root.join("crates").join(place).exists() && !root.join(place).exists() {
                found.push(format!("line {line}: {place} does not exist"));
            }
        }
        if names.is_empty() && !tested.starts_with("not tested: ") {
            found.push(format!("line {line}: neither a test nor a reason for having none"));
        }
        let missing = names.into_iter().filter(|name| !is_test(name, tests));
        found.extend(missing.map(|name| format!("line {line}: there is no test {name}")));
    }
    found
}

#[test]
fn every_fact_names_existing_files_and_tests() {
    let root = root();
    let mut tests = String::new();
    read_sources(&root.join("crates"), &mut tests);
    let document = read(&root.join("docs/meta-coverage.md"));
    assert!(rows(&document).len() >= 120, "the tables were not found");
    let found = mistakes(&document, &root, &tests);
    assert!(found.is_empty(), "docs/meta-coverage.md:\n  {}", found.join("\n  "));
}

#[test]
fn a_wrong_row_is_reported() {
    let tests = "#[tokio::test]\nasync fn one() {}\n\nfn helper() {} def two(a): test('three', async";
    let good = "| fact | where | tested by | remarks |\n|---|---|---|---|\n\
                | a | `metaads/src/lib.rs` | `one`, `two` | b |\n| a | `README.md` | `three` | b |\n\
                | a | `README.md` | not tested: because | b |";
    let found = |document: &str| mistakes(document, &root(), tests);
    assert_eq!(found(good), [""; 0]);
    for bad in [
        "| a | `nowhere.rs` | `one` | b |",
        "| a | README | `one` | b |",
        "| a | `README.md` | `four` | b |",
        "| a | `README.md` | `helper` | b |",
        "| a | `README.md` | by hand | b |",
        "| a | `README.md` | `one` |  |",
        "| a | `README.md` | `one` |",
    ] {
        assert_eq!(found(bad).len(), 1, "{bad}: {:?}", found(bad));
    }
}
