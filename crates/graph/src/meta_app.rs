//! The Meta app that the client acts for, and where Meta's hosts are.

use std::time::Duration;

use url::Url;

use crate::ids::{AppId, AppSecret};
use crate::version::GraphVersion;

/// The Meta app. Every address can be replaced, so that tests and the sandbox can stand in for Meta.
#[derive(Debug, Clone)]
pub struct MetaApp {
    pub app_id: AppId,
    pub app_secret: AppSecret,
    /// Accepted for calls from Meta while the secret changes.
    pub previous_app_secret: Option<AppSecret>,
    /// An HTTP proxy for all calls to Meta; None: none, whatever the environment says.
    pub proxy: Option<Url>,
    pub version: GraphVersion,
    /// Base of the login dialog, without version: `https://www.facebook.com`.
    pub dialog_url: Url,
    /// Base of the Graph API, without version: `https://graph.facebook.com`.
    pub graph_url: Url,
    /// Base of the API behind Instagram Login, without version: `https://graph.instagram.com`.
    pub instagram_url: Url,
    /// None: Instagram Login is not configured.
    pub instagram: Option<InstagramApp>,
    /// The longest one call may take, from the first byte sent to the last byte read.
    pub timeout: Duration,
}

/// The app of Instagram Login, which has its own id and secret.
#[derive(Debug, Clone)]
pub struct InstagramApp {
    pub app_id: AppId,
    pub app_secret: AppSecret,
    /// Base of its dialog: `https://www.instagram.com`.
    pub dialog_url: Url,
    /// Base of its token endpoint: `https://api.instagram.com`.
    pub api_url: Url,
}

impl MetaApp {
    /// The ids of the app and of its Instagram app.
    pub fn ids(&self) -> Vec<String> {
        let instagram = self.instagram.as_ref().map(|app| app.app_id.to_string());
        std::iter::once(self.app_id.to_string()).chain(instagram).collect()
    }

    /// Whether every API address is https. The dialog is opened by the browser, not by this client.
    pub(crate) fn is_https(&self) -> bool {
        let api = self.instagram.as_ref().map(|app| &app.api_url);
        [&self.graph_url, &self.instagram_url].into_iter().chain(api).all(|url| url.scheme() == "https")
    }
}
