//! References of one batch item to the response of another: `{result=name:$.id}` in a path or parameter.

use std::collections::HashMap;

use serde_json::Value;

use crate::http::request::Request;

const START: &str = "{result=";

/// Responses of the items that have a name.
pub(super) type Results = HashMap<String, Value>;

/// The names of the items that a request refers to.
pub(super) fn names(request: &Request) -> Vec<String> {
    let texts = request.segments.iter().chain(request.params.0.iter().map(|(_, value)| value));
    let mut names = Vec::new();
    for text in texts {
        let mut rest = text.as_str();
        while let Some((_, name, _, after)) = next(rest) {
            names.push(name.to_owned());
            rest = after;
        }
    }
    names
}

/// Replaces all references. One that leads nowhere becomes empty.
pub(super) fn replace(request: &mut Request, results: &Results) {
    for segment in &mut request.segments {
        *segment = replaced(segment, results);
    }
    for (_, value) in &mut request.params.0 {
        *value = replaced(value, results);
    }
    request.path = replaced(&request.path, results);
}

fn replaced(text: &str, results: &Results) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, name, path, after)) = next(rest) {
        out.push_str(before);
        if let Some(result) = results.get(name) {
            out.push_str(&values(result, path).join(","));
        }
        rest = after;
    }
    out + rest
}

/// The text before the next reference, its name and path, and the text after it.
fn next(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (before, rest) = text.split_once(START)?;
    let (reference, after) = rest.split_once('}')?;
    let (name, path) = reference.split_once(':')?;
    Some((before, name, path, after))
}

/// The values at a JSONPath of plain steps: `$.id`, `$.data.*.id`.
fn values(result: &Value, path: &str) -> Vec<String> {
    let mut found = vec![result];
    for step in path.trim_start_matches('$').split('.').filter(|step| !step.is_empty()) {
        found = found.into_iter().flat_map(|value| children(value, step)).collect();
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    found.into_iter().map(text).collect()
}

fn children<'a>(value: &'a Value, step: &str) -> Vec<&'a Value> {
    match (step, value) {
        ("*", Value::Array(list)) => list.iter().collect(),
        ("*", Value::Object(object)) => object.values().collect(),
        (name, Value::Object(object)) => object.get(name).into_iter().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_replaced_by_values() {
        let list = json!({"data": [{"id": "1"}, {"id": 2}], "id": "7"});
        let results = Results::from([("a".to_owned(), list)]);
        assert_eq!(replaced("x={result=a:$.id}&y", &results), "x=7&y");
        assert_eq!(replaced("{result=a:$.data.*.id}", &results), "1,2");
        assert_eq!(replaced("-{result=b:$.id}{result=a:$.none}-", &results), "--");
        assert_eq!(replaced("{result=a", &results), "{result=a");
    }
}
