//! What the dialog decides: whether a request may be shown at all, and where the answer sends the browser.

use std::collections::BTreeMap;

use url::{Host, Url, form_urlencoded};

use crate::answer::{Answer, Decision, Ticks};
use crate::configurations::{self, Configuration};
use crate::grants::{CODE_TTL, Code, Grants, PermissionStatus, TokenKind};
use crate::outage;
use crate::params::Params;
use crate::shared::Shared;
use crate::world::Node;

/// A dialog request that may be shown.
pub(crate) struct Ask {
    pub(crate) login: Login,
    redirect_uri: String,
    state: Option<String>,
    /// In the order asked, `public_profile` among them.
    pub(crate) scopes: Vec<String>,
    pub(crate) is_rerequest: bool,
    wants_granted_scopes: bool,
    challenge: Option<(String, String)>,
}

/// Which login is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Login {
    Facebook,
    Business(&'static Configuration),
    Instagram,
}

/// A page of the dialog's own that leads nowhere: title and sentence.
#[derive(Debug)]
pub(crate) struct ErrorPage(pub(crate) &'static str, pub(crate) String);

/// Permissions of Facebook Login; the `instagram_business_*` family belongs to Instagram's own login.
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

/// Decides whether a dialog request is shown; what is wrong with it otherwise never goes back to the app.
pub(crate) fn validate(shared: &Shared, params: &Params) -> Result<Ask, ErrorPage> {
    if params.get("client_id") != Some(&shared.app_id) {
        return Err(ErrorPage(
            "Invalid App ID",
            "The provided app ID does not look like a valid app ID.".to_owned(),
        ));
    }
    let redirect_uri = check_redirect(shared, params.get("redirect_uri").unwrap_or_default())?;
    let (login, scopes) = what_is_asked(params)?;
    let response_type = params.get("response_type").unwrap_or("code");
    let mut types = response_type.split([',', ' ']);
    if !types.clone().any(|word| word == "code")
        || !types.all(|word| matches!(word, "code" | "granted_scopes"))
    {
        let text = format!("This response type is not served here: {response_type}");
        return Err(ErrorPage("Unsupported response type", text));
    }
    let challenge = params.get("code_challenge").filter(|_| !shared.settings().drops_pkce);
    let method = params.get("code_challenge_method").unwrap_or("plain");
    Ok(Ask {
        login,
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

/// Permissions by name, or a configuration in their place.
fn what_is_asked(params: &Params) -> Result<(Login, Vec<String>), ErrorPage> {
    let Some(id) = params.get("config_id") else {
        return Ok((Login::Facebook, check_scopes(params.get("scope").unwrap_or_default())?));
    };
    let unknown =
        || ErrorPage("Invalid configuration", format!("There is no configuration {id} of this app."));
    let configuration = configurations::find(id).ok_or_else(unknown)?;
    let overrides = params.get("override_default_response_type") == Some("true");
    if configuration.kind == TokenKind::SystemUser && !overrides {
        let text = "A system user's token needs response_type=code and override_default_response_type=true.";
        return Err(ErrorPage("Unsupported response type", text.to_owned()));
    }
    Ok((Login::Business(configuration), configurations::SCOPES.map(str::to_owned).to_vec()))
}

/// Instagram's own dialog: another app id, another vocabulary.
pub(crate) fn validate_instagram(shared: &Shared, params: &Params) -> Result<Ask, ErrorPage> {
    if params.get("client_id") != Some(&shared.instagram_app_id) {
        let text = "Invalid platform app: client_id is not the id of an Instagram app.".to_owned();
        return Err(ErrorPage("Invalid request", text));
    }
    if params.get("response_type") != Some("code") {
        return Err(ErrorPage("Invalid request", "Invalid response_type.".to_owned()));
    }
    let redirect_uri = check_redirect(shared, params.get("redirect_uri").unwrap_or_default())?;
    let scope = params.get("scope").unwrap_or_default();
    let scopes: Vec<String> =
        scope.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let is_known = |scope: &String| INSTAGRAM_SCOPES.contains(&scope.as_str());
    if scopes.is_empty() || !scopes.iter().all(is_known) {
        return Err(ErrorPage("Invalid request", format!("Invalid Scopes: {scope}")));
    }
    let state = params.get("state").map(str::to_owned);
    let login = Login::Instagram;
    Ok(Ask {
        login,
        redirect_uri,
        state,
        scopes,
        is_rerequest: true,
        wants_granted_scopes: false,
        challenge: None,
    })
}

/// Permissions of Instagram's own login.
const INSTAGRAM_SCOPES: [&str; 5] = [
    "instagram_business_basic",
    "instagram_business_content_publish",
    "instagram_business_manage_messages",
    "instagram_business_manage_comments",
    "instagram_business_manage_insights",
];

fn check_redirect(shared: &Shared, redirect_uri: &str) -> Result<String, ErrorPage> {
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

/// Carries an answer out; the address the browser goes to.
pub(crate) fn settle(shared: &Shared, ask: &Ask, answer: &Answer) -> String {
    let is_active = shared.settings().is_app_active;
    match answer.decision {
        Decision::Cancel => back(
            ask,
            &[
                ("error", "access_denied"),
                ("error_code", "200"),
                ("error_description", "Permissions error"),
                ("error_reason", "user_denied"),
            ],
        ),
        Decision::Agree if is_active => agree(shared, ask, answer),
        Decision::Agree | Decision::AppNotActive => back(
            ask,
            &[
                ("error_code", "1349126"),
                (
                    "error_message",
                    "App not active: This app is not currently accessible and the app developer is aware of \
                     the issue.",
                ),
            ],
        ),
    }
}

fn agree(shared: &Shared, ask: &Ask, answer: &Answer) -> String {
    let (user_id, kind, lifetime) = match ask.login {
        Login::Business(configuration) if configuration.kind == TokenKind::SystemUser => {
            match shared.world.system_user(answer.persona.user_id(), answer.business) {
                Some(system_user) => {
                    (system_user.user_id.as_str(), TokenKind::SystemUser, configuration.lifetime)
                }
                // Without a portfolio there is nobody to act for; the real dialog wants one made first.
                None => {
                    return back(
                        ask,
                        &[("error_code", "1349186"), ("error_message", "No business portfolio")],
                    );
                }
            }
        }
        Login::Business(_) | Login::Facebook => (answer.persona.user_id(), TokenKind::User, None),
        Login::Instagram => (answer.persona.user_id(), TokenKind::Instagram, None),
    };
    let now = shared.clock.now_seconds();
    let code = format!("AQ{}", shared.entropy.text("code", 190));
    let given = shared.change(|grants| {
        let before = grants.grant(user_id).map(|grant| grant.permissions.clone()).unwrap_or_default();
        let given: BTreeMap<String, bool> = ask
            .scopes
            .iter()
            .map(|scope| {
                let is_given = match ask.login {
                    // All or nothing.
                    Login::Business(_) => true,
                    _ => is_given(scope, before.get(scope).copied(), ask.is_rerequest, answer),
                };
                (scope.clone(), is_given)
            })
            .collect();
        grants.agree(user_id, &given, now);
        tick(shared, grants, user_id, &answer.ticks);
        grants.add_code(
            &code,
            Code {
                user_id: user_id.to_owned(),
                redirect_uri: ask.redirect_uri.clone(),
                challenge: ask.challenge.clone(),
                expires_at: now + CODE_TTL,
                is_used: false,
                kind,
                lifetime,
            },
        );
        given
    });
    let listed = |wanted: bool| {
        let names = given.iter().filter(|(_, given)| **given == wanted).map(|(name, _)| name.as_str());
        names.collect::<Vec<_>>().join(",")
    };
    let mut pairs = vec![("code", code.as_str())];
    let (granted, denied) = (listed(true), listed(false));
    if ask.wants_granted_scopes {
        pairs.push(("granted_scopes", &granted));
        pairs.push(("denied_scopes", &denied));
    }
    back(ask, &pairs)
}

/// A login replaces the selection under every token of the person, as far as the dialog offered one.
fn tick(shared: &Shared, grants: &mut Grants, user_id: &str, ticks: &Ticks) {
    let (assets, businesses) = match ticks {
        Ticks::AsBefore => return,
        Ticks::All => (None, None),
        Ticks::Only(ids) => {
            let is_business = |id: &&String| matches!(shared.world.find(id), Some(Node::Business(_)));
            let (businesses, assets): (Vec<&String>, Vec<&String>) = ids.iter().partition(is_business);
            let bare = |id: &String| id.strip_prefix("act_").unwrap_or(id).to_owned();
            (Some(assets.into_iter().map(bare).collect()), Some(businesses.into_iter().cloned().collect()))
        }
    };
    // A system user always sees its own business.
    let is_person =
        shared.world.person(user_id).is_some_and(|user| shared.world.people[user].business.is_none());
    let businesses = businesses.filter(|_| is_person);
    grants.set_targets(user_id, assets);
    grants.set_businesses(user_id, businesses);
}

/// Asked again, what was granted stays; asked without `rerequest`, what was declined is not even offered.
fn is_given(scope: &str, before: Option<PermissionStatus>, is_rerequest: bool, answer: &Answer) -> bool {
    let is_ticked = !answer.declined.iter().any(|declined| declined == scope);
    match (scope, before) {
        ("public_profile", _) => true,
        (_, Some(PermissionStatus::Granted)) if is_rerequest => true,
        (_, Some(PermissionStatus::Declined)) if !is_rerequest => false,
        _ => is_ticked,
    }
}

/// The callback with these values, its own query kept, `state` as it came, and Facebook's odd fragment.
fn back(ask: &Ask, pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    if let Some(state) = &ask.state {
        query.append_pair("state", state);
    }
    let joint = if ask.redirect_uri.contains('?') { '&' } else { '?' };
    format!("{}{joint}{}#_=_", ask.redirect_uri, query.finish())
}

/// The dialog without a browser.
pub(crate) fn by_hand(shared: &Shared, dialog_url: &str, answer: &Answer) -> String {
    if outage::current(shared).is_some() {
        return format!("error-page: {}: {}", outage::TITLE, outage::TEXT);
    }
    let query = dialog_url.split_once('?').map_or("", |(_, query)| query);
    let params = Params::from_form(query.as_bytes());
    let asked = match dialog_url.contains("/oauth/authorize?") {
        true => validate_instagram(shared, &params),
        false => validate(shared, &params),
    };
    match asked {
        Ok(ask) => settle(shared, &ask, answer),
        Err(ErrorPage(title, text)) => format!("error-page: {title}: {text}"),
    }
}
