//! The app's own settings at Meta that a program can read: whether id and secret fit, and webhook
//! subscriptions. Source: Graph API reference, Application, `subscriptions`.

use reqwest::Method;
use serde_json::Value;

use crate::client::{Call, Graph, Host};
use crate::error::GraphError;
use crate::json;

/// A webhook object that the app has subscribed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub object: String,
    pub callback_url: String,
    pub fields: Vec<String>,
    pub is_active: bool,
}

impl Graph {
    /// The app's name; fails where id and secret do not fit.
    pub async fn read_app_name(&self) -> Result<String, GraphError> {
        let more = vec![("fields", "id,name".to_owned())];
        // The endpoint is named like the list: both calls are the app's own.
        let answer = self.get("subscriptions", self.app.app_id.as_str(), &self.app_token(), more).await?;
        Ok(json::text(&answer, "name").unwrap_or_default())
    }

    pub async fn list_subscriptions(&self) -> Result<Vec<Subscription>, GraphError> {
        let path = format!("{}/subscriptions", self.app.app_id);
        let answer = self.get("subscriptions", &path, &self.app_token(), Vec::new()).await?;
        Ok(json::list(&answer, "data").iter().filter_map(Subscription::read).collect())
    }

    /// Subscribes to an object, or replaces its subscription. Meta calls the address before it answers.
    pub async fn subscribe(
        &self,
        object: &str,
        fields: &str,
        callback_url: &str,
        verify_token: &str,
    ) -> Result<(), GraphError> {
        let path = format!("{}/subscriptions", self.app.app_id);
        let form = vec![
            ("object", object.to_owned()),
            ("fields", fields.to_owned()),
            ("callback_url", callback_url.to_owned()),
            ("verify_token", verify_token.to_owned()),
            ("include_values", "true".to_owned()),
        ];
        let query = self.signed_by(&self.app_token());
        let (endpoint, host) = ("subscriptions", Host::Facebook);
        self.send(Call { endpoint, host, method: Method::POST, path: &path, query, form }).await.map(drop)
    }
}

impl Subscription {
    pub(crate) fn read(value: &Value) -> Option<Subscription> {
        // Fields come as texts, or since v2.9 as objects with name and version.
        let field = |field: &Value| match field {
            Value::String(name) => Some(name.clone()),
            other => json::text(other, "name"),
        };
        Some(Subscription {
            object: json::text(value, "object")?,
            callback_url: json::text(value, "callback_url").unwrap_or_default(),
            fields: json::list(value, "fields").iter().filter_map(field).collect(),
            is_active: value.get("active").and_then(Value::as_bool).unwrap_or(true),
        })
    }
}
