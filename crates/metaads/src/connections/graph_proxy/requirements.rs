//! What a call touches: whether it writes, and which ad accounts and objects it names. Pure: resolving objects is
//! `resolve`'s part.

use std::collections::BTreeSet;

use serde_json::Value;

use super::call::{Param, ProxyCall, Refusal, invalid};
use super::edges::is_within_ad_account;
use super::fields::expanded_names;

/// What a key must allow for a call.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    pub is_write: bool,
    /// Ad accounts that the call names, in digits.
    pub accounts: BTreeSet<String>,
    /// Objects that have to belong to an allowed ad account.
    pub objects: BTreeSet<String>,
    /// Why the call cannot be traced to ad accounts; None: it can.
    pub untraceable: Option<String>,
}

/// Parts of the Graph API that hand out or end tokens and grants, or concern the app itself.
const NEVER: [&str; 8] = [
    "oauth",
    "debug_token",
    "app",
    "device",
    "dialog",
    "access_token",
    "refresh_access_token",
    "app_link_hosts",
];
/// Parameters that name an object of an ad account that the call makes use of.
const REFERENCES: [&str; 10] = [
    "campaign_id",
    "adset_id",
    "ad_id",
    "creative_id",
    "source_campaign_id",
    "source_adset_id",
    "source_ad_id",
    "parent_id",
    "report_run_id",
    "copied_from",
];

impl Requirements {
    /// Fails for what no key allows. `app_id`: our Meta app.
    pub fn of(call: &ProxyCall, app_id: &str) -> Result<Requirements, Refusal> {
        let mut found = Requirements { is_write: call.is_write(), ..Requirements::default() };
        match &call.batch {
            Some(items) => {
                for item in items {
                    let of_item = Requirements::of(&item.call, app_id)?;
                    found.is_write |= of_item.is_write;
                    found.accounts.extend(of_item.accounts);
                    found.objects.extend(of_item.objects);
                    found.untraceable = found.untraceable.or(of_item.untraceable);
                }
            }
            None => found.add_path(&call.segments, app_id)?,
        }
        for param in call.params() {
            found.add_param(param);
        }
        Ok(found)
    }

    fn add_path(&mut self, segments: &[String], app_id: &str) -> Result<(), Refusal> {
        let Some((object, edges)) = segments.split_first() else {
            return Err(invalid("The root of the API serves batches only."));
        };
        let lower = object.to_ascii_lowercase();
        if NEVER.contains(&lower.as_str()) || lower == app_id || lower == "https:" || lower == "http:" {
            return Err(Refusal::Forbidden(format!("The proxy does not pass /{object} on.")));
        }
        if edges.iter().any(|edge| edge.eq_ignore_ascii_case("access_token")) {
            return Err(Refusal::Forbidden("The proxy does not hand out tokens.".to_owned()));
        }
        // Deleting them would end the grant behind everybody's back.
        if self.is_write && edges.iter().any(|edge| edge.eq_ignore_ascii_case("permissions")) {
            let text = "Permissions are not changed through the proxy. Disconnect the connection instead.";
            return Err(Refusal::Forbidden(text.to_owned()));
        }
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match object.strip_prefix("act_") {
            Some(account) if digits(account) => {
                self.accounts.insert(account.to_owned());
            }
            _ if digits(object) => {
                self.objects.insert(object.clone());
            }
            _ => self.cannot_trace(format!("/{object} is not an ad account or an object of one")),
        }
        match edges {
            [] => {}
            [edge] if is_within_ad_account(edge) => {}
            _ => self.cannot_trace(format!("/{} may lead to other ad accounts", edges.join("/"))),
        }
        Ok(())
    }

    fn add_param(&mut self, param: &Param) {
        match param.name.as_str() {
            "fields" => match expanded_names(&param.value) {
                Ok(names) => {
                    if let Some(name) = names.iter().find(|name| !is_within_ad_account(name)) {
                        self.cannot_trace(format!("the field {name}{{…}} may lead to other ad accounts"));
                    }
                }
                Err(_) => self.cannot_trace("fields cannot be read".to_owned()),
            },
            "ids" => self.cannot_trace("ids names several objects".to_owned()),
            _ => self.add_references(&param.name, &param.value),
        }
    }

    /// Ad accounts and objects that the value of a parameter names, in text or in JSON.
    fn add_references(&mut self, name: &str, text: &str) {
        let starts_json = text.trim_start().starts_with(['{', '[', '"']);
        match serde_json::from_str::<Value>(text) {
            Ok(value) if starts_json => self.add_json(name, &value),
            _ => self.add_text(name, text),
        }
    }

    fn add_json(&mut self, name: &str, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.add_json(name, value)),
            Value::Object(map) => map.iter().for_each(|(name, value)| self.add_json(name, value)),
            Value::String(text) => self.add_text(name, text),
            Value::Number(number) => self.add_text(name, &number.to_string()),
            Value::Bool(_) | Value::Null => {}
        }
    }

    fn add_text(&mut self, name: &str, text: &str) {
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        for word in text.split(|letter| !is_part(letter)) {
            let account = word.strip_prefix("act_").filter(|account| !account.is_empty());
            if let Some(account) = account.filter(|account| account.bytes().all(|byte| byte.is_ascii_digit()))
            {
                self.accounts.insert(account.to_owned());
            }
        }
        let name = name.to_ascii_lowercase();
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let names_account =
            name.contains("account_id") || name.contains("adaccount") || name.contains("ad_account");
        if names_account && is_number {
            self.accounts.insert(text.to_owned());
        } else if names_account && !text.starts_with("act_") {
            self.cannot_trace(format!("{name} is not the number of an ad account"));
        } else if REFERENCES.contains(&name.as_str()) && is_number {
            self.objects.insert(text.to_owned());
        }
    }

    fn cannot_trace(&mut self, why: String) {
        self.untraceable.get_or_insert(why);
    }
}

#[cfg(test)]
mod tests {
    use metaads_graph::Method;

    use super::*;

    fn of(method: Method, path: &str, params: &[(&str, &str)]) -> Result<Requirements, Refusal> {
        let pairs = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let call = ProxyCall::parse(method, path, Vec::new(), pairs, "mak_key")?;
        Requirements::of(&call, "900")
    }

    fn get(path: &str, params: &[(&str, &str)]) -> Requirements {
        of(Method::GET, path, params).expect("a call that some key allows")
    }

    fn texts(set: &BTreeSet<String>) -> Vec<&str> {
        set.iter().map(String::as_str).collect()
    }

    #[test]
    fn a_call_names_its_ad_account_or_an_object_of_one() {
        let plain = get("v26.0/act_1/campaigns", &[("fields", "name,adsets{ads{creative{id}}}")]);
        assert_eq!((texts(&plain.accounts), plain.untraceable, plain.is_write), (vec!["1"], None, false));
        assert_eq!(texts(&get("120/insights", &[]).objects), ["120"]);
    }

    #[test]
    fn what_may_lead_elsewhere_cannot_be_traced() {
        for (path, params) in [
            ("me/adaccounts", vec![]),
            ("me", vec![("fields", "adaccounts{campaigns}")]),
            ("act_1", vec![("fields", "business{owned_ad_accounts{campaigns}}")]),
            ("act_1", vec![("fields", "campaigns{account{business{name}}}")]),
            ("act_1", vec![("fields", "business.fields(owned_ad_accounts)")]),
            ("act_1", vec![("fields", "business.limit(1)")]),
            ("act_1", vec![("fields", "a{b")]),
            ("act_1/async_batch_requests", vec![]),
            ("act_1/campaigns/5", vec![]),
            ("act_1x/campaigns", vec![]),
            ("ACT_1/campaigns", vec![]),
            ("search", vec![("q", "x")]),
            ("act_1/campaigns", vec![("ids", "2,3")]),
        ] {
            assert!(get(path, &params).untraceable.is_some(), "{path} {params:?}");
        }
    }

    #[test]
    fn parameters_that_name_other_accounts_or_objects_count() {
        let copy = get("act_1/adimages", &[("copy_from", r#"{"source_account_id":"2","hash":"x"}"#)]);
        assert_eq!(texts(&copy.accounts), ["1", "2"]);
        let create =
            get("act_1/ads", &[("adset_id", "77"), ("creative", r#"{"creative_id":88}"#), ("name", "act_9")]);
        assert_eq!((texts(&create.objects), texts(&create.accounts)), (vec!["77", "88"], vec!["1", "9"]));
        assert!(get("act_1/x", &[("account_id", "{result=a:$.id}")]).untraceable.is_some());
    }

    #[test]
    fn no_key_gets_at_tokens_or_at_the_app() {
        for path in [
            "oauth/access_token",
            "OAuth/access_token",
            "debug_token",
            "app/subscriptions",
            "900",
            "5/access_token",
        ] {
            assert!(matches!(of(Method::GET, path, &[]), Err(Refusal::Forbidden(_))), "{path}");
        }
        assert!(of(Method::DELETE, "me/permissions", &[]).is_err());
        assert!(of(Method::GET, "me/permissions", &[]).is_ok());
        assert!(of(Method::GET, "me/permissions", &[("method", "delete")]).is_err());
        assert!(of(Method::GET, "", &[("ids", "1")]).is_err());
    }

    #[test]
    fn a_batch_requires_what_its_items_do() {
        let batch = r#"[{"relative_url":"act_1/ads"},{"method":"POST","relative_url":"55","body":"name=x&account_id=7"},
            {"relative_url":"{result=a:$.id}/ads"}]"#;
        let found = of(Method::POST, "", &[("batch", batch)]).expect("a batch");
        assert!(found.is_write && found.untraceable.is_some());
        assert_eq!((texts(&found.accounts), texts(&found.objects)), (vec!["1", "7"], vec!["55"]));
        let reads = of(Method::POST, "", &[("batch", r#"[{"relative_url":"act_1/ads"}]"#)]).expect("a batch");
        assert!(!reads.is_write);
        let hidden = of(Method::POST, "", &[("batch", r#"[{"relative_url":"act_1/ads?method=delete"}]"#)]);
        assert!(hidden.expect("a batch").is_write);
        let revoke = r#"[{"method":"DELETE","relative_url":"me/permissions"}]"#;
        assert!(of(Method::POST, "", &[("batch", revoke)]).is_err());
    }
}
