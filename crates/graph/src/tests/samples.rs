//! Each sample response is parsed and classified as its expectation says. The project's own samples contain
//! theirs; the recorded responses in the folder `METAADS_META_SAMPLES`, if it is set, are compared with
//! `recorded.json`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::describe::describe;

fn load_json(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every sample below a folder, with its path relative to the folder.
fn samples_in(root: &Path) -> Vec<(String, Value)> {
    let (mut folders, mut found) = (vec![root.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                found.push((name, load_json(&path)));
            }
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

/// How one sample differs from its expectation, or from its list of expectations.
fn differences(name: &str, sample: &Value, expect: &Value) -> Vec<String> {
    let all = expect.as_array().map_or(std::slice::from_ref(expect), Vec::as_slice);
    let wrong = |expect: &Value| {
        let (result, expected) = (describe(sample, expect), &expect["result"]);
        let is_wrong = !matches_expected(&result, expected, &sample["body"]);
        is_wrong.then(|| format!("{name}\n  expected {expected}\n  parsed   {result}"))
    };
    let mut found: Vec<String> = all.iter().filter_map(wrong).collect();
    if all.is_empty() {
        found.push(format!("{name} has no expectation"));
    }
    found
}

/// Whether the result is as expected. `$/data/0/id` means the value at that pointer of the body: an id as
/// text, a name without blanks around it.
fn matches_expected(result: &Value, expected: &Value, body: &Value) -> bool {
    match (result, expected) {
        (result, Value::String(text)) if text.starts_with('$') => match (body.pointer(&text[1..]), result) {
            (Some(Value::Number(number)), Value::String(result)) => *result == number.to_string(),
            (Some(Value::String(sent)), Value::String(result)) => {
                result == sent.trim() || Some(result.as_str()) == sent.strip_prefix("act_")
            }
            (sent, result) => sent == Some(result),
        },
        (Value::Array(result), Value::Array(expected)) => {
            let mut pairs = result.iter().zip(expected);
            result.len() == expected.len()
                && pairs.all(|(result, expected)| matches_expected(result, expected, body))
        }
        (Value::Object(result), Value::Object(expected)) => {
            let is_present = |(key, expected)| {
                result.get(key).is_some_and(|result| matches_expected(result, expected, body))
            };
            result.len() == expected.len() && expected.iter().all(is_present)
        }
        _ => result == expected,
    }
}

#[track_caller]
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} samples are parsed wrongly:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn own_samples_match_their_expectations() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    let samples = samples_in(&folder);
    assert!(samples.len() >= 40, "the samples have moved");
    let check = |(name, sample): &(String, Value)| differences(name, sample, &sample["expect"]);
    assert_none(&samples.iter().flat_map(check).collect::<Vec<_>>());
}

/// The folder of recorded responses, if there is one.
fn recorded_folder() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the samples are not part of the repository")]
    std::env::var_os("METAADS_META_SAMPLES").map(PathBuf::from)
}

#[test]
fn recorded_responses_match_their_expectations() {
    let Some(folder) = recorded_folder() else { return };
    let table: Map<String, Value> = serde_json::from_str(include_str!("recorded.json")).expect("a table");
    let samples = samples_in(&folder);
    let mut wrong = Vec::new();
    for (name, sample) in &samples {
        match table.get(name) {
            Some(expect) => wrong.extend(differences(name, sample, expect)),
            None => wrong.push(format!("{name} has no expectation")),
        }
    }
    let is_present = |name: &String| samples.iter().any(|(sample, _)| sample == name);
    wrong.extend(table.keys().filter(|name| !is_present(name)).map(|name| format!("{name} is missing")));
    assert_none(&wrong);
}

#[test]
fn a_wrong_expectation_is_detected() {
    let sample = serde_json::json!({"status": 400, "body": {"error": {"message": "m", "code": 4}}});
    let expect =
        |recovery: &str| serde_json::json!({"as": "response", "result": {"error": recovery, "code": 4}});
    assert_eq!(differences("a", &sample, &expect("Wait(App)")).len(), 0);
    assert_eq!(differences("a", &sample, &expect("Bug")).len(), 1);
    assert_eq!(differences("a", &sample, &Value::Array(Vec::new())).len(), 1);
}
