//! The app's settings at Meta that can be read with its own token: its name, and its webhook subscriptions.
//! Source: Graph API reference, Application, `subscriptions`.

use reqwest::Method;
use serde_json::Value;

use crate::client::{Call, Graph};
use crate::endpoint::Endpoint;
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
    /// Reads the app's name; fails if id and secret do not belong together.
    pub async fn read_app_name(&self) -> Result<String, GraphError> {
        let params = vec![("fields", "id,name".to_owned())];
        let path = self.app.app_id.as_str();
        let response = self.get(Endpoint::App, path, &self.app_token(), params).await?;
        Ok(json::text(&response, "name").unwrap_or_default())
    }

    pub async fn list_subscriptions(&self) -> Result<Vec<Subscription>, GraphError> {
        let path = format!("{}/subscriptions", self.app.app_id);
        let response = self.get(Endpoint::App, &path, &self.app_token(), Vec::new()).await?;
        Ok(json::list(&response, "data").iter().filter_map(Subscription::from_json).collect())
    }

    /// Subscribes to an object, or replaces its subscription. Meta calls `callback_url` before it responds.
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
        let query = self.auth_params(&self.app_token());
        let call = Call { endpoint: Endpoint::App, method: Method::POST, path: &path, query, form };
        self.send(call).await.map(drop)
    }
}

impl Subscription {
    pub(crate) fn from_json(value: &Value) -> Option<Subscription> {
        // Fields are strings, or since v2.9 objects with name and version.
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
