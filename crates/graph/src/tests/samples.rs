//! Each sample is read and classed as its expectation says. The project's own samples carry theirs; a
//! folder of recorded answers, where `METAADS_META_SAMPLES` names one, is held against `recorded.json`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::describe::describe;

fn json_of(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every sample of a folder with its path inside it.
fn samples_in(folder: &Path) -> Vec<(String, Value)> {
    let (mut folders, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(open) = folders.pop() {
        let entries = fs::read_dir(&open).unwrap_or_else(|error| panic!("{}: {error}", open.display()));
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                found.push((name, json_of(&path)));
            }
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

/// What is wrong with one sample; an expectation may be a list of them.
fn differences(name: &str, sample: &Value, expect: &Value) -> Vec<String> {
    let all = expect.as_array().map_or(std::slice::from_ref(expect), Vec::as_slice);
    let wrong = |expect: &Value| {
        let (told, gives) = (describe(sample, expect), &expect["gives"]);
        let is_wrong = !is_same(&told, gives, &sample["body"]);
        is_wrong.then(|| format!("{name}\n  expected {gives}\n  read     {told}"))
    };
    let mut found: Vec<String> = all.iter().filter_map(wrong).collect();
    if all.is_empty() {
        found.push(format!("{name} expects nothing"));
    }
    found
}

/// Whether what was read is what was expected. `$/data/0/id` stands for the value at that place of the body:
/// an id as text, a name without the blanks around it.
fn is_same(told: &Value, expected: &Value, body: &Value) -> bool {
    match (told, expected) {
        (told, Value::String(text)) if text.starts_with('$') => match (body.pointer(&text[1..]), told) {
            (Some(Value::Number(number)), Value::String(told)) => *told == number.to_string(),
            (Some(Value::String(said)), Value::String(told)) => {
                told == said.trim() || Some(told.as_str()) == said.strip_prefix("act_")
            }
            (said, told) => said == Some(told),
        },
        (Value::Array(told), Value::Array(expected)) => {
            let mut pairs = told.iter().zip(expected);
            told.len() == expected.len() && pairs.all(|(told, expected)| is_same(told, expected, body))
        }
        (Value::Object(told), Value::Object(expected)) => {
            let is_there = |(key, expected)| told.get(key).is_some_and(|told| is_same(told, expected, body));
            told.len() == expected.len() && expected.iter().all(is_there)
        }
        _ => told == expected,
    }
}

#[track_caller]
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} of the samples are read wrongly:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn each_of_our_own_samples_is_read_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    let samples = samples_in(&folder);
    assert!(samples.len() >= 40, "the samples are not where they were");
    let check = |(name, sample): &(String, Value)| differences(name, sample, &sample["expect"]);
    none(&samples.iter().flat_map(check).collect::<Vec<_>>());
}

/// The folder of recorded answers, for those who have one.
fn recorded() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the samples are not part of the repository")]
    std::env::var_os("METAADS_META_SAMPLES").map(PathBuf::from)
}

#[test]
fn each_recorded_answer_is_read_as_the_table_says() {
    let Some(folder) = recorded() else { return };
    let table: Map<String, Value> = serde_json::from_str(include_str!("recorded.json")).expect("a table");
    let samples = samples_in(&folder);
    let mut wrong = Vec::new();
    for (name, sample) in &samples {
        match table.get(name) {
            Some(expect) => wrong.extend(differences(name, sample, expect)),
            None => wrong.push(format!("{name} has no expectation")),
        }
    }
    let is_there = |name: &String| samples.iter().any(|(sample, _)| sample == name);
    wrong.extend(table.keys().filter(|name| !is_there(name)).map(|name| format!("{name} is not there")));
    none(&wrong);
}

#[test]
fn a_wrong_expectation_is_noticed() {
    let sample = serde_json::json!({"status": 400, "body": {"error": {"message": "m", "code": 4}}});
    let expect =
        |recovery: &str| serde_json::json!({"as": "answer", "gives": {"refused": recovery, "code": 4}});
    assert_eq!(differences("a", &sample, &expect("Wait(App)")).len(), 0);
    assert_eq!(differences("a", &sample, &expect("Bug")).len(), 1);
    assert_eq!(differences("a", &sample, &Value::Array(Vec::new())).len(), 1);
}
