//! Batch requests: several GETs in one round trip. Source: "Batch requests".

use reqwest::Method;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::client::{Call, Graph, Host, read_answer};
use crate::error::GraphError;
use crate::ids::AccessToken;
use crate::meter::Draws;
use crate::usage::Headers;

/// One GET of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub endpoint: &'static str,
    pub path: String,
    pub query: Vec<(&'static str, String)>,
}

impl Graph {
    /// Sends up to 50 GETs at once. The answers come in the order of the items; an item that Meta
    /// left out (`null`: it ran out of time there) is a timeout of its own.
    pub(crate) async fn batch(
        &self,
        token: &AccessToken,
        items: &[Item],
    ) -> Result<Vec<Result<Value, GraphError>>, GraphError> {
        let endpoint = "batch";
        let draws = |item: &Item| Draws::of(&item.path, Some(token.expose()), false);
        // An item whose allowance is used up stays at home; the others go.
        let held: Vec<Option<GraphError>> =
            items.iter().map(|item| self.may_go(item.endpoint, &draws(item)).err()).collect();
        let going = items.iter().zip(&held).filter(|(_, held)| held.is_none()).map(|(item, _)| item);
        let list: Vec<Value> = going
            .map(|item| {
                let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&item.query).finish();
                json!({"method": "GET", "relative_url": format!("{}/{}?{query}", self.app.version, item.path)})
            })
            .collect();
        let number = list.len();
        if number == 0 {
            return Ok(held.into_iter().flatten().map(Err).collect());
        }
        let form =
            vec![("access_token", token.expose().to_owned()), ("batch", Value::from(list).to_string())];
        let query = vec![("appsecret_proof", self.appsecret_proof(token))];
        let answer = self
            .send(Call { endpoint, host: Host::Facebook, method: Method::POST, path: "", query, form })
            .await?;
        let answers = answer
            .as_array()
            .filter(|answers| answers.len() == number)
            .ok_or(GraphError::Malformed { endpoint, status: 200, reason: "not one answer for each item" })?;
        let mut answers = answers.iter();
        let mut outcomes = Vec::with_capacity(items.len());
        for (item, held) in items.iter().zip(held) {
            outcomes.push(match held {
                Some(error) => Err(error),
                None => {
                    let answer = answers.next().unwrap_or(&Value::Null);
                    let headers = Headers::of_json(answer.get("headers"));
                    let outcome = item_answer(item.endpoint, answer, &headers);
                    self.keep_books(&draws(item), &headers, &outcome);
                    self.note_version(&headers);
                    outcome
                }
            });
        }
        Ok(outcomes)
    }
}

pub(crate) fn item_answer(
    endpoint: &'static str,
    answer: &Value,
    headers: &Headers,
) -> Result<Value, GraphError> {
    if answer.is_null() {
        return Err(GraphError::Timeout { endpoint });
    }
    let status = answer.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let status = status.unwrap_or_default();
    let body = match answer.get("body") {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => return Err(GraphError::Malformed { endpoint, status, reason: "no body" }),
    };
    let outcome = read_answer(endpoint, status, headers, body.as_bytes());
    if let Err(GraphError::Refused(refusal)) = &outcome {
        tracing::warn!(
            endpoint,
            status,
            code = refusal.code,
            subcode = refusal.subcode,
            fbtrace_id = refusal.fbtrace_id,
            "Meta refused an item of a batch"
        );
    }
    outcome
}
