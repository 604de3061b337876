//! Validates the request for a login, and decides whether the dialog is shown.
//!
//! Invalid requests end on an error page and never redirect back to the app.

use url::{Host, Url};

use super::configurations::{self, Configuration};
use crate::http::params::Params;
use crate::state::shared::SharedState;
use crate::state::tokens::TokenKind;

/// A valid request, for which the dialog is shown.
pub(crate) struct LoginRequest {
    pub(crate) flow: LoginFlow,
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    /// In the requested order, `public_profile` included.
    pub(crate) scopes: Vec<String>,
    pub(crate) is_rerequest: bool,
    pub(super) wants_granted_scopes: bool,
    pub(super) challenge: Option<(String, String)>,
}

/// Which login is requested.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LoginFlow {
    Facebook,
    Business(&'static Configuration),
    Instagram,
}

/// Title and text of an error page, which has no way back to the app.
#[derive(Debug)]
pub(crate) struct ErrorPage(pub(crate) &'static str, pub(crate) String);

/// Permissions of Facebook Login. The `instagram_business_*` permissions belong to Instagram Login.
const KNOWN_SCOPES: [&str; 33] = [
    "public_profile",
    "email",
    "openid",
    "user_friends",
    "ads_read",
    "ads_management",
    "business_management",
    "pages_show_list",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_ads",
    "pages_manage_metadata",
    "pages_manage_posts",
    "pages_manage_engagement",
    "pages_manage_cta",
    "pages_manage_instant_articles",
    "pages_messaging",
    "pages_user_locale",
    "instagram_basic",
    "instagram_manage_insights",
    "instagram_manage_comments",
    "instagram_manage_messages",
    "instagram_content_publish",
    "instagram_shopping_tag_products",
    "leads_retrieval",
    "read_insights",
    "read_audience_network_insights",
    "catalog_management",
    "attribution_read",
    "whatsapp_business_management",
    "whatsapp_business_messaging",
    "private_computation_access",
    "configure_page_transactions",
];

/// Permissions of Instagram Login.
const INSTAGRAM_SCOPES: [&str; 5] = [
    "instagram_business_basic",
    "instagram_business_content_publish",
    "instagram_business_manage_messages",
    "instagram_business_manage_comments",
    "instagram_business_manage_insights",
];

/// For Facebook Login and Login for Business.
pub(crate) fn validate(shared: &SharedState, params: &Params) -> Result<LoginRequest, ErrorPage> {
    if params.get("client_id") != Some(&shared.app_id) {
        return Err(ErrorPage(
            "Invalid App ID",
            "The provided app ID does not look like a valid app ID.".to_owned(),
        ));
    }
    let redirect_uri = check_redirect_uri(shared, params.get("redirect_uri").unwrap_or_default())?;
    let (flow, scopes) = requested_scopes(params)?;
    let response_type = params.get("response_type").unwrap_or("code");
    let mut types = response_type.split([',', ' ']);
    if !types.clone().any(|word| word == "code")
        || !types.all(|word| matches!(word, "code" | "granted_scopes"))
    {
        let text = format!("This response type is not supported: {response_type}");
        return Err(ErrorPage("Unsupported response type", text));
    }
    let challenge = params.get("code_challenge").filter(|_| !shared.settings().drops_pkce);
    let method = params.get("code_challenge_method").unwrap_or("plain");
    Ok(LoginRequest {
        flow,
        redirect_uri,
        state: params.get("state").map(str::to_owned),
        scopes,
        is_rerequest: params
            .get("auth_type")
            .is_some_and(|kinds| kinds.split(',').any(|kind| kind == "rerequest")),
        wants_granted_scopes: response_type.contains("granted_scopes")
            || params.get("return_scopes") == Some("true"),
        challenge: challenge.map(|challenge| (challenge.to_owned(), method.to_owned())),
    })
}

/// Either the permissions in `scope`, or those of the configuration in `config_id`.
fn requested_scopes(params: &Params) -> Result<(LoginFlow, Vec<String>), ErrorPage> {
    let Some(id) = params.get("config_id") else {
        return Ok((LoginFlow::Facebook, check_scopes(params.get("scope").unwrap_or_default())?));
    };
    let unknown = || ErrorPage("Invalid configuration", format!("This app has no configuration {id}."));
    let configuration = configurations::find(id).ok_or_else(unknown)?;
    let overrides = params.get("override_default_response_type") == Some("true");
    if configuration.kind == TokenKind::SystemUser && !overrides {
        let text = "A system user's token needs response_type=code and override_default_response_type=true.";
        return Err(ErrorPage("Unsupported response type", text.to_owned()));
    }
    Ok((LoginFlow::Business(configuration), configurations::SCOPES.map(str::to_owned).to_vec()))
}

/// For Instagram Login, which has another app id and other permissions.
pub(crate) fn validate_instagram(shared: &SharedState, params: &Params) -> Result<LoginRequest, ErrorPage> {
    if params.get("client_id") != Some(&shared.instagram_app_id) {
        let text = "Invalid platform app: client_id is not the id of an Instagram app.".to_owned();
        return Err(ErrorPage("Invalid request", text));
    }
    if params.get("response_type") != Some("code") {
        return Err(ErrorPage("Invalid request", "Invalid response_type.".to_owned()));
    }
    let redirect_uri = check_redirect_uri(shared, params.get("redirect_uri").unwrap_or_default())?;
    let scope = params.get("scope").unwrap_or_default();
    let scopes: Vec<String> =
        scope.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let is_known = |scope: &String| INSTAGRAM_SCOPES.contains(&scope.as_str());
    if scopes.is_empty() || !scopes.iter().all(is_known) {
        return Err(ErrorPage("Invalid request", format!("Invalid Scopes: {scope}")));
    }
    let state = params.get("state").map(str::to_owned);
    let flow = LoginFlow::Instagram;
    Ok(LoginRequest {
        flow,
        redirect_uri,
        state,
        scopes,
        is_rerequest: true,
        wants_granted_scopes: false,
        challenge: None,
    })
}

fn check_redirect_uri(shared: &SharedState, redirect_uri: &str) -> Result<String, ErrorPage> {
    let not_absolute = || {
        let text = "The redirect_uri URL must be absolute".to_owned();
        ErrorPage("Invalid redirect_uri", text)
    };
    let url = Url::parse(redirect_uri).map_err(|_| not_absolute())?;
    if !matches!(url.scheme(), "http" | "https") || url.fragment().is_some() {
        return Err(not_absolute());
    }
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if !is_local && !shared.settings().redirect_uris.iter().any(|known| known == redirect_uri) {
        let text = "This redirect failed because the redirect URI is not white-listed in the app's Client OAuth \
                    Settings. Make sure that the client and web OAuth logins are on and add all your app domains \
                    as valid OAuth redirect URIs.";
        return Err(ErrorPage("URL Blocked", text.to_owned()));
    }
    Ok(redirect_uri.to_owned())
}

fn check_scopes(text: &str) -> Result<Vec<String>, ErrorPage> {
    let mut scopes = vec!["public_profile".to_owned()];
    let mut unknown = Vec::new();
    for scope in text.split([',', ' ']).filter(|scope| !scope.is_empty()) {
        if !KNOWN_SCOPES.contains(&scope) {
            unknown.push(scope);
        } else if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    match unknown.is_empty() {
        true => Ok(scopes),
        false => {
            let text = format!(
                "Invalid Scopes: {}. This message is only shown to developers. Users of your app will ignore \
                 these permissions if present.",
                unknown.join(", ")
            );
            Err(ErrorPage("Invalid Scopes", text))
        }
    }
}
