//! The URL of the login dialog that the browser is sent to. Source: "Manually build a login flow", "Facebook
//! Login for Business", "Business Login for Instagram", RFC 6749 §4.1.1, RFC 7636.

use url::Url;

use super::pkce::PkceChallenge;
use crate::meta_app::{InstagramApp, MetaApp};

/// One authorization request to Facebook's dialog.
#[derive(Debug, Clone, Copy)]
pub struct DialogRequest<'a> {
    pub redirect_uri: &'a str,
    pub state: &'a str,
    pub permissions: PermissionRequest<'a>,
    /// None: the dialog skips what the person has already decided.
    pub auth_type: Option<AuthType>,
    pub is_popup: bool,
    pub challenge: Option<&'a PkceChallenge>,
}

/// What the dialog asks again of a person who has already agreed (`auth_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthType {
    /// The permissions that they declined, and which assets.
    Rerequest,
    /// Whether the app may continue to read their data, which starts another 90 days. Source: "User access
    /// and data access".
    Reauthorize,
}

/// Where the dialog takes its list of permissions from.
#[derive(Debug, Clone, Copy)]
pub enum PermissionRequest<'a> {
    /// Facebook Login: these permissions (`scope`).
    Permissions(&'a [String]),
    /// Facebook Login for Business: the configuration with this id, in place of `scope`.
    Configuration(&'a str),
}

/// When Instagram's dialog asks for the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstagramReauth {
    /// Only if the browser is not signed in.
    IfSignedOut,
    /// Always, so that the person can choose another account than the browser's.
    Always,
}

impl MetaApp {
    /// The dialog's URL for this request.
    pub fn login_dialog_url(&self, request: &DialogRequest<'_>) -> Url {
        let mut url = self.dialog_url.clone();
        let path = format!("{}/{}/dialog/oauth", url.path().trim_end_matches('/'), self.version);
        url.set_path(&path);
        let mut query = url.query_pairs_mut();
        query
            .append_pair("client_id", self.app_id.as_str())
            .append_pair("redirect_uri", request.redirect_uri)
            .append_pair("state", request.state)
            .append_pair("response_type", "code");
        match request.permissions {
            PermissionRequest::Permissions(scopes) => query.append_pair("scope", &scopes.join(",")),
            PermissionRequest::Configuration(id) => {
                query.append_pair("config_id", id).append_pair("override_default_response_type", "true")
            }
        };
        match request.auth_type {
            None => {}
            Some(AuthType::Rerequest) => drop(query.append_pair("auth_type", "rerequest")),
            Some(AuthType::Reauthorize) => drop(query.append_pair("auth_type", "reauthorize")),
        }
        if request.is_popup {
            query.append_pair("display", "popup");
        }
        if let Some(challenge) = request.challenge {
            query
                .append_pair("code_challenge", challenge.as_str())
                .append_pair("code_challenge_method", "S256");
        }
        drop(query);
        url
    }
}

impl InstagramApp {
    /// The URL of Instagram Login's dialog. Its permissions have names of their own.
    pub fn login_dialog_url(
        &self,
        redirect_uri: &str,
        state: &str,
        scopes: &[&str],
        reauth: InstagramReauth,
    ) -> Url {
        let mut url = self.dialog_url.clone();
        let path = format!("{}/oauth/authorize", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.query_pairs_mut()
            .append_pair("client_id", self.app_id.as_str())
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("response_type", "code")
            .append_pair("scope", &scopes.join(","))
            .append_pair("state", state);
        match reauth {
            InstagramReauth::IfSignedOut => {}
            InstagramReauth::Always => drop(url.query_pairs_mut().append_pair("force_reauth", "true")),
        }
        url
    }
}

#[cfg(test)]
#[path = "login_dialog_tests.rs"]
mod tests;
