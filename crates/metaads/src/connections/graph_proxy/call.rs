//! A program's call, parsed and cleaned: no token, no proof, no parameter under a disguised name.

use std::fmt;

use metaads_graph::{GraphVersion, Method};
use serde_json::{Map, Value};
use url::form_urlencoded;

/// Calls of one batch at most. Source: "Batch requests".
const MOST_ITEMS: usize = 50;
const LONGEST_PATH: usize = 500;
/// Parameters whose meaning is decided here. Meta reads names as PHP does, so ` method`, `method[]` and `METHOD` are
/// refused rather than guessed.
const GUARDED: [&str; 10] = [
    "access_token",
    "appsecret_proof",
    "appsecret_time",
    "input_token",
    "method",
    "batch",
    "asyncbatch",
    "adbatch",
    "ids",
    "fields",
];
/// Left out: the proxy puts its own in.
const DROPPED: [&str; 3] = ["access_token", "appsecret_proof", "appsecret_time"];

/// A call that the proxy does not pass on, with a sentence that says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The call is wrong.
    #[error("{0}")]
    Invalid(String),
    /// The key does not allow it.
    #[error("{0}")]
    Forbidden(String),
}

pub fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::Invalid(text.into())
}

/// One call, alone or in a batch.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyCall {
    pub method: Method,
    /// None: the pinned one.
    pub version: Option<GraphVersion>,
    /// Without the version.
    pub segments: Vec<String>,
    pub query: Vec<Param>,
    pub body: Vec<Param>,
    pub batch: Option<Vec<BatchItem>>,
}

/// A parameter. `raw` is what is sent on inside of a batch, where references to other items must stay as they are.
#[derive(Clone, PartialEq, Eq)]
pub struct Param {
    pub name: String,
    pub value: String,
    raw: String,
}

#[derive(Clone, PartialEq, Eq)]
pub struct BatchItem {
    pub call: ProxyCall,
    /// Everything but method, address and body: `name`, `depends_on` and others.
    other: Map<String, Value>,
}

// By hand: parameters hold what people wrote.
impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Param").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for BatchItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchItem").field("call", &self.call).finish_non_exhaustive()
    }
}

impl fmt::Debug for ProxyCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyCall").field("method", &self.method).finish_non_exhaustive()
    }
}

impl ProxyCall {
    /// `path`: after `/graph/`, as it came. `query` and `body`: decoded parameters. `key`: the caller's API key.
    pub fn parse(
        method: Method,
        path: &str,
        query: Vec<(String, String)>,
        body: Vec<(String, String)>,
        key: &str,
    ) -> Result<ProxyCall, Refusal> {
        let (version, segments) = split_path(path, Refs::Refuse)?;
        let query = clean(query.into_iter().map(Param::new).collect(), key)?;
        let mut body = clean(body.into_iter().map(Param::new).collect(), key)?;
        let mut batches = query.iter().chain(&body).filter(|param| param.name == "batch");
        let batch = batches.next().map(|param| param.value.clone());
        if batches.next().is_some() || query.iter().any(|param| param.name == "batch") {
            return Err(invalid("batch is one parameter of the body."));
        }
        let batch = match batch {
            Some(text) if segments.is_empty() => Some(items(&text, key)?),
            Some(_) => return Err(invalid("A batch is sent to the root of the API.")),
            None => None,
        };
        body.retain(|param| param.name != "batch");
        Ok(ProxyCall { method, version, segments, query, body, batch })
    }

    pub fn path(&self) -> String {
        self.segments.join("/")
    }

    pub fn params(&self) -> impl Iterator<Item = &Param> {
        self.query.iter().chain(&self.body)
    }

    /// Whether Meta may take it for anything but a read.
    pub fn is_write(&self) -> bool {
        let mut overrides = self.params().filter(|param| param.name == "method").map(|param| &param.value);
        let is_read = |method: &str| ["GET", "HEAD"].iter().any(|read| method.eq_ignore_ascii_case(read));
        // A GET that says that it is a POST is one; a POST that says that it is a GET is not believed, but for a batch.
        overrides.any(|method| !is_read(method)) || (!is_read(self.method.as_str()) && self.batch.is_none())
    }

    /// The items of a batch as the parameter that Meta takes.
    pub fn batch_text(&self, pinned: GraphVersion) -> Option<String> {
        let items = self.batch.as_ref()?;
        let items: Vec<Value> = items.iter().map(|item| item.to_json(pinned)).collect();
        Some(Value::Array(items).to_string())
    }
}

impl Param {
    fn new((name, value): (String, String)) -> Param {
        let raw = form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish();
        Param { name, value, raw }
    }

    /// The parameters of a form or query, each kept as it was written.
    fn parse_raw(text: &str) -> Vec<Param> {
        let parse = |raw: &str| {
            let (name, value) = form_urlencoded::parse(raw.as_bytes()).next()?;
            Some(Param { name: name.into_owned(), value: value.into_owned(), raw: raw.to_owned() })
        };
        text.split('&').filter_map(parse).collect()
    }
}

impl BatchItem {
    fn to_json(&self, pinned: GraphVersion) -> Value {
        let mut item = self.other.clone();
        let raw =
            |params: &[Param]| params.iter().map(|param| param.raw.clone()).collect::<Vec<_>>().join("&");
        let version = self.call.version.unwrap_or(pinned);
        let mut url = format!("{version}/{}", self.call.path());
        if !self.call.query.is_empty() {
            url = format!("{url}?{}", raw(&self.call.query));
        }
        item.insert("method".to_owned(), Value::String(self.call.method.to_string()));
        item.insert("relative_url".to_owned(), Value::String(url));
        if !self.call.body.is_empty() {
            item.insert("body".to_owned(), Value::String(raw(&self.call.body)));
        }
        Value::Object(item)
    }
}

/// Whether a path may hold references to the results of other items of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refs {
    Refuse,
    Allow,
}

/// Version and segments. Nothing that could lead anywhere else passes: no dots, no escapes, no empty segment.
fn split_path(path: &str, refs: Refs) -> Result<(Option<GraphVersion>, Vec<String>), Refusal> {
    if path.len() > LONGEST_PATH {
        return Err(invalid("The path is too long."));
    }
    let mut segments: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
    if segments == [""] {
        segments.clear();
    }
    let version = segments.first().and_then(|first| GraphVersion::parse(first).ok());
    let is_version = |text: &str| {
        text.strip_prefix('v').is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
    };
    if version.is_some() {
        segments.remove(0);
    } else if segments.first().is_some_and(|first| is_version(first)) {
        return Err(invalid("The Graph version in the path is not one that can be used."));
    }
    let is_plain = |segment: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
        let reference = |byte: u8| byte.is_ascii_graphic() && !b"/\\?#%&".contains(&byte);
        let is_reference = refs == Refs::Allow && segment.starts_with("{result=") && segment.ends_with('}');
        let fits = segment.bytes().all(plain) || (is_reference && segment.bytes().all(reference));
        fits && !segment.is_empty() && segment.bytes().any(|byte| byte != b'.')
    };
    if !segments.iter().all(|segment| is_plain(segment)) {
        return Err(invalid(
            "A path of the Graph API consists of ids and names, separated by single slashes.",
        ));
    }
    Ok((version, segments.into_iter().map(str::to_owned).collect()))
}

/// Without tokens and proofs. A token other than the caller's key is refused, and so is a guarded name in disguise.
fn clean(params: Vec<Param>, key: &str) -> Result<Vec<Param>, Refusal> {
    let mut kept = Vec::new();
    for param in params {
        let guarded = guarded(&param.name);
        if guarded.is_some_and(|name| name != param.name) || param.name.chars().any(char::is_control) {
            return Err(invalid("The name of a parameter cannot be used in this spelling."));
        }
        match guarded {
            Some("access_token") if param.value != key => {
                return Err(invalid("access_token has to be the API key that the call is made with."));
            }
            Some("input_token" | "asyncbatch" | "adbatch") => {
                return Err(invalid(format!("The proxy does not pass {} on.", param.name)));
            }
            Some(name) if DROPPED.contains(&name) => {}
            _ => kept.push(param),
        }
    }
    Ok(kept)
}

/// The guarded parameter that Meta would read under this name.
fn guarded(name: &str) -> Option<&'static str> {
    let plain = name.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}', '\0', '[']);
    let plain = plain.split(['[', '\0']).next().unwrap_or_default().to_ascii_lowercase();
    let plain = plain.replace([' ', '.'], "_");
    GUARDED.into_iter().find(|guarded| *guarded == plain.trim_matches('_'))
}

fn items(text: &str, key: &str) -> Result<Vec<BatchItem>, Refusal> {
    let Ok(Value::Array(items)) = serde_json::from_str::<Value>(text) else {
        return Err(invalid("batch is a JSON list of calls."));
    };
    if items.is_empty() || items.len() > MOST_ITEMS {
        return Err(invalid("A batch has from 1 to 50 calls."));
    }
    items.into_iter().map(|item| self::item(item, key)).collect()
}

fn item(item: Value, key: &str) -> Result<BatchItem, Refusal> {
    let Value::Object(mut other) = item else { return Err(invalid("An item of a batch is a JSON object.")) };
    let mut text = |name: &str| match other.remove(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(invalid(format!("{name} of a batch item is text."))),
    };
    let (method, url, body) = (text("method")?, text("relative_url")?, text("body")?);
    let method = if method.is_empty() { "GET".to_owned() } else { method.to_ascii_uppercase() };
    let method =
        Method::from_bytes(method.as_bytes()).map_err(|_| invalid("method of a batch item is unknown."))?;
    if url.contains('#') || url.chars().any(|letter| letter.is_control() || letter == '\\') {
        return Err(invalid("relative_url of a batch item cannot be read."));
    }
    let url = url.strip_prefix('/').unwrap_or(&url);
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let (version, segments) = split_path(path, Refs::Allow)?;
    let query = clean(Param::parse_raw(query), key)?;
    let body = clean(Param::parse_raw(&body), key)?;
    if segments.is_empty() || query.iter().chain(&body).any(|param| param.name == "batch") {
        return Err(invalid("A batch cannot hold another batch."));
    }
    const KEPT: [&str; 4] = ["name", "depends_on", "omit_response_on_success", "attached_files"];
    other.retain(|name, _| KEPT.contains(&name.as_str()));
    Ok(BatchItem { call: ProxyCall { method, version, segments, query, body, batch: None }, other })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "mak_key";

    fn parse(method: &str, path: &str, query: &[(&str, &str)]) -> Result<ProxyCall, Refusal> {
        let pairs = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ProxyCall::parse(method.parse().expect("a method"), path, pairs, Vec::new(), KEY)
    }

    fn batch(text: &str) -> Result<ProxyCall, Refusal> {
        let body = vec![("batch".to_owned(), text.to_owned())];
        ProxyCall::parse(Method::POST, "v26.0/", Vec::new(), body, KEY)
    }

    #[test]
    fn a_path_leads_nowhere_but_into_the_graph_api() {
        let call = parse("GET", "v25.0/act_1/campaigns/", &[]).expect("a call");
        assert_eq!(
            (call.path().as_str(), call.version),
            ("act_1/campaigns", GraphVersion::parse("v25.0").ok())
        );
        assert_eq!(parse("GET", "me/adaccounts", &[]).expect("a call").version, None);
        for bad in [
            "../v26.0/me",
            "v26.0//me",
            "v26.0/me/../../x",
            "v26.0/me%2fx",
            "v26.0/a b",
            "v26.0/%2e%2e",
            "v26.0/me?x",
            "v26.0/me#x",
            "v26.0/...",
            "http://x",
            "v26.0/x@y",
            "v26.0/{result=a:$.id}",
            "v1.0/me",
            "v99/me",
        ] {
            assert!(parse("GET", bad, &[]).is_err(), "{bad}");
        }
    }

    #[test]
    fn tokens_and_proofs_are_left_out_and_foreign_tokens_are_refused() {
        let call = parse("GET", "me", &[("access_token", KEY), ("appsecret_proof", "x"), ("limit", "1")]);
        let call = call.expect("a call");
        assert_eq!(call.query.iter().map(|param| param.name.as_str()).collect::<Vec<_>>(), ["limit"]);
        assert!(parse("GET", "me", &[("access_token", "EAAB")]).is_err());
        assert!(parse("GET", "me", &[("input_token", "x")]).is_err());
    }

    #[test]
    fn a_guarded_name_in_disguise_is_refused() {
        for bad in [
            " method",
            "method[]",
            "METHOD",
            "me thod\0",
            "method[a]",
            "access.token",
            "Batch",
            "\tids",
            "method\n",
            "[method",
        ] {
            assert!(parse("GET", "me", &[(bad, "delete")]).is_err(), "{bad:?}");
        }
        assert!(parse("GET", "me", &[("payment_method", "delete")]).is_ok());
    }

    #[test]
    fn whatever_meta_may_take_for_a_write_is_one() {
        assert!(!parse("GET", "me", &[]).expect("a call").is_write());
        assert!(!parse("GET", "me", &[("method", "get")]).expect("a call").is_write());
        assert!(parse("GET", "me", &[("method", "post")]).expect("a call").is_write());
        assert!(parse("GET", "me", &[("method", "get"), ("method", "DELETE")]).expect("a call").is_write());
        assert!(parse("POST", "me", &[("method", "get")]).expect("a call").is_write());
        assert!(parse("DELETE", "1", &[]).expect("a call").is_write());
    }

    #[test]
    fn a_batch_is_cleaned_item_by_item() {
        let text = r#"[{"method":"POST","relative_url":"v25.0/act_1/campaigns?access_token=mak_key&a=%7B","body":"name=x&appsecret_proof=1","name":"one","headers":["Authorization: OAuth x"]},
            {"relative_url":"{result=one:$.id}?fields=id"}]"#;
        let call = batch(text).expect("a batch");
        let sent = call.batch_text(GraphVersion::NEWEST).expect("a batch");
        let sent: Value = serde_json::from_str(&sent).expect("JSON");
        assert_eq!(sent[0]["relative_url"], "v25.0/act_1/campaigns?a=%7B");
        assert_eq!((&sent[0]["body"], &sent[0]["name"]), (&Value::from("name=x"), &Value::from("one")));
        assert!(sent[0].get("headers").is_none());
        assert_eq!(sent[1]["relative_url"], "v26.0/{result=one:$.id}?fields=id");
        for bad in [
            "{}",
            "[]",
            "[1]",
            r#"[{"relative_url":"https://x/y"}]"#,
            r#"[{"relative_url":"//x/y"}]"#,
            r#"[{"relative_url":"me?access_token=EAAB"}]"#,
            r#"[{"relative_url":"?batch=[]"}]"#,
            r#"[{"relative_url":"me","body":"batch=[]"}]"#,
            r#"[{"relative_url":"me","body":1}]"#,
            r#"[{"relative_url":"me?x#y"}]"#,
            r#"[{"method":"P OST","relative_url":"me"}]"#,
        ] {
            assert!(batch(bad).is_err(), "{bad}");
        }
    }
}
