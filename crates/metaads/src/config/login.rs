//! Meta's login dialog, and its calls to us.

use metaads_graph::AppId;
use secrecy::SecretString;

use crate::config::source::{Mistakes, Source};

/// The default of META_SCOPES.
const SCOPES: &str =
    "ads_management,ads_read,business_management,pages_read_engagement,pages_show_list,instagram_basic";
/// A connection needs each of these that is asked for.
const REQUIRED_SCOPES: [&str; 4] =
    ["ads_management", "ads_read", "business_management", "pages_read_engagement"];

#[derive(Debug)]
pub struct LoginConfig {
    /// `META_LOGIN_CONFIG_ID`: the configuration of Facebook Login for Business.
    pub config_id: Option<String>,
    /// `META_SCOPES`: the permissions asked for.
    pub scopes: Vec<String>,
    /// `META_PKCE`.
    pub is_pkce: bool,
    /// `META_WEBHOOK_VERIFY_TOKEN`; None: Meta's webhook handshake is refused.
    pub webhook_verify_token: Option<SecretString>,
}

impl LoginConfig {
    pub(super) fn read(source: &Source, mistakes: &mut Mistakes) -> LoginConfig {
        LoginConfig {
            config_id: login_config_id(source, mistakes),
            scopes: scopes(source, mistakes),
            is_pkce: source.switch("META_PKCE", false, mistakes),
            webhook_verify_token: source.secret("META_WEBHOOK_VERIFY_TOKEN", mistakes).map(Into::into),
        }
    }

    /// Permissions without which a connection is limited.
    pub fn required_scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().map(String::as_str).filter(|scope| REQUIRED_SCOPES.contains(scope))
    }

    /// Whether a permission is one of them.
    pub fn is_required(&self, scope: &str) -> bool {
        self.required_scopes().any(|required| required == scope)
    }
}

fn login_config_id(source: &Source, mistakes: &mut Mistakes) -> Option<String> {
    let id = source.text("META_LOGIN_CONFIG_ID")?;
    if AppId::parse(&id).is_err() {
        mistakes.add(
            "META_LOGIN_CONFIG_ID",
            "must consist of digits (Facebook Login for Business, Configurations)",
        );
    }
    Some(id)
}

fn scopes(source: &Source, mistakes: &mut Mistakes) -> Vec<String> {
    let text = source.text("META_SCOPES").unwrap_or_else(|| SCOPES.to_owned());
    let scopes: Vec<String> =
        text.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let is_name = |scope: &String| scope.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if scopes.is_empty() || !scopes.iter().all(is_name) {
        mistakes.add("META_SCOPES", "must be permission names such as ads_read, separated by commas");
    } else if scopes.iter().any(|scope| scope.starts_with("instagram_business_")) {
        mistakes.add(
            "META_SCOPES",
            "instagram_business_* belongs to Instagram Login; Facebook's dialog refuses it",
        );
    }
    scopes
}
