//! Batch requests: several GETs in one round trip. Source: "Batch requests".

use reqwest::Method;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::client::{Call, Graph};
use crate::endpoint::Endpoint;
use crate::error::GraphError;
use crate::headers::Headers;
use crate::ids::AccessToken;
use crate::rate_limits::QuotaKeys;
use crate::response::parse_response;

/// One GET of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub endpoint: Endpoint,
    pub path: String,
    pub query: Vec<(&'static str, String)>,
}

/// The result of one item.
pub(crate) type ItemOutcome = Result<Value, GraphError>;

impl Graph {
    /// Sends up to 50 GETs at once and returns one outcome for each item, in their order. An item for which
    /// Meta returns `null` ran into Meta's time limit and is a timeout.
    pub(crate) async fn batch(
        &self,
        token: &AccessToken,
        items: &[Item],
    ) -> Result<Vec<ItemOutcome>, GraphError> {
        let endpoint = Endpoint::Batch;
        let keys = |item: &Item| QuotaKeys::for_call(item.endpoint, &item.path, Some(token.expose()));
        // An item whose quota is used up is not sent; the others are.
        let blocked: Vec<Option<GraphError>> =
            items.iter().map(|item| self.check_quota(item.endpoint, &keys(item)).err()).collect();
        let sent = items.iter().zip(&blocked).filter(|(_, blocked)| blocked.is_none()).map(|(item, _)| item);
        let list: Vec<Value> = sent
            .map(|item| {
                let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&item.query).finish();
                json!({"method": "GET", "relative_url": format!("{}/{}?{query}", self.app.version, item.path)})
            })
            .collect();
        let number = list.len();
        if number == 0 {
            return Ok(blocked.into_iter().flatten().map(Err).collect());
        }
        let form =
            vec![("access_token", token.expose().to_owned()), ("batch", Value::from(list).to_string())];
        let query = vec![("appsecret_proof", self.appsecret_proof(token))];
        let response = self.send(Call { endpoint, method: Method::POST, path: "", query, form }).await?;
        let responses = response.as_array().filter(|responses| responses.len() == number).ok_or(
            GraphError::Malformed { endpoint, status: 200, reason: "not one response for each item" },
        )?;
        let mut responses = responses.iter();
        let mut outcomes = Vec::with_capacity(items.len());
        for (item, blocked) in items.iter().zip(blocked) {
            outcomes.push(match blocked {
                Some(error) => Err(error),
                None => {
                    let response = responses.next().unwrap_or(&Value::Null);
                    let headers = Headers::from_json(response.get("headers"));
                    let outcome = parse_item(item.endpoint, response, &headers);
                    self.record_usage(&keys(item), &headers, &outcome);
                    self.record_version(&headers);
                    outcome
                }
            });
        }
        Ok(outcomes)
    }
}

pub(crate) fn parse_item(endpoint: Endpoint, response: &Value, headers: &Headers) -> ItemOutcome {
    if response.is_null() {
        return Err(GraphError::Timeout { endpoint });
    }
    let status = response.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let status = status.unwrap_or_default();
    let body = match response.get("body") {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => return Err(GraphError::Malformed { endpoint, status, reason: "no body" }),
    };
    let outcome = parse_response(endpoint, status, headers, body.as_bytes());
    if let Err(GraphError::Api(error)) = &outcome {
        tracing::warn!(
            endpoint = endpoint.as_str(),
            status,
            code = error.code,
            subcode = error.subcode,
            fbtrace_id = error.fbtrace_id,
            "Meta refused an item of a batch"
        );
    }
    outcome
}
