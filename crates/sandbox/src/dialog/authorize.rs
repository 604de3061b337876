//! Carries out an answer to the dialog: records the grant, issues the code.

use std::collections::BTreeMap;

use url::form_urlencoded;

use super::answer::{Answer, AssetSelection, Decision};
use super::login_request::{LoginFlow, LoginRequest};
use crate::state::grants::{Grants, PermissionStatus};
use crate::state::shared::SharedState;
use crate::state::tokens::{CODE_TTL, Code, TokenKind};
use crate::world::tables::Node;

/// Returns the URL the browser is redirected to.
pub(crate) fn complete(shared: &SharedState, login: &LoginRequest, answer: &Answer) -> String {
    let is_active = shared.settings().is_app_active;
    match answer.decision {
        Decision::Cancel => callback_url(
            login,
            &[
                ("error", "access_denied"),
                ("error_code", "200"),
                ("error_description", "Permissions error"),
                ("error_reason", "user_denied"),
            ],
        ),
        Decision::Agree if is_active => grant_and_issue_code(shared, login, answer),
        Decision::Agree | Decision::AppNotActive => callback_url(
            login,
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

fn grant_and_issue_code(shared: &SharedState, login: &LoginRequest, answer: &Answer) -> String {
    let (user_id, kind, lifetime) = match login.flow {
        LoginFlow::Business(configuration) if configuration.kind == TokenKind::SystemUser => {
            match shared.world.system_user(answer.persona.user_id(), answer.business) {
                Some(system_user) => {
                    (system_user.user_id.as_str(), TokenKind::SystemUser, configuration.lifetime)
                }
                // The real dialog asks the person to create a business portfolio first.
                None => {
                    return callback_url(
                        login,
                        &[("error_code", "1349186"), ("error_message", "No business portfolio")],
                    );
                }
            }
        }
        LoginFlow::Business(_) | LoginFlow::Facebook => (answer.persona.user_id(), TokenKind::User, None),
        LoginFlow::Instagram => (answer.persona.user_id(), TokenKind::Instagram, None),
    };
    let now = shared.clock.now_seconds();
    let code = format!("AQ{}", shared.random.alphanumeric("code", 190));
    let granted = shared.change(|grants| {
        let before = grants.grant(user_id).map(|grant| grant.permissions.clone()).unwrap_or_default();
        let granted: BTreeMap<String, bool> = login
            .scopes
            .iter()
            .map(|scope| {
                let is_granted = match login.flow {
                    // Login for Business grants all permissions or none.
                    LoginFlow::Business(_) => true,
                    LoginFlow::Facebook | LoginFlow::Instagram => {
                        is_granted(scope, before.get(scope).copied(), login.is_rerequest, answer)
                    }
                };
                (scope.clone(), is_granted)
            })
            .collect();
        grants.record_login(user_id, &granted, now);
        apply_selection(shared, grants, user_id, &answer.assets);
        grants.add_code(
            &code,
            Code {
                user_id: user_id.to_owned(),
                redirect_uri: login.redirect_uri.clone(),
                challenge: login.challenge.clone(),
                expires_at: now + CODE_TTL,
                is_used: false,
                kind,
                lifetime,
            },
        );
        granted
    });
    let listed = |wanted: bool| {
        let names = granted.iter().filter(|(_, granted)| **granted == wanted).map(|(name, _)| name.as_str());
        names.collect::<Vec<_>>().join(",")
    };
    let mut pairs = vec![("code", code.as_str())];
    let (granted, denied) = (listed(true), listed(false));
    if login.wants_granted_scopes {
        pairs.push(("granted_scopes", &granted));
        pairs.push(("denied_scopes", &denied));
    }
    callback_url(login, &pairs)
}

/// If the dialog offered a selection, it replaces the previous one for all tokens of the person.
fn apply_selection(shared: &SharedState, grants: &mut Grants, user_id: &str, selection: &AssetSelection) {
    let (assets, businesses) = match selection {
        AssetSelection::Unchanged => return,
        AssetSelection::All => (None, None),
        AssetSelection::Only(ids) => {
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

/// With `rerequest`, granted permissions stay granted; without it, declined permissions are not offered.
fn is_granted(scope: &str, before: Option<PermissionStatus>, is_rerequest: bool, answer: &Answer) -> bool {
    let is_selected = !answer.declined.iter().any(|declined| declined == scope);
    match (scope, before) {
        ("public_profile", _) => true,
        (_, Some(PermissionStatus::Granted)) if is_rerequest => true,
        (_, Some(PermissionStatus::Declined)) if !is_rerequest => false,
        (
            _,
            Some(PermissionStatus::Granted | PermissionStatus::Declined | PermissionStatus::Expired) | None,
        ) => is_selected,
    }
}

/// The redirect URI with its own query, these parameters, the unchanged `state`, and the `#_=_` that Facebook
/// appends.
fn callback_url(login: &LoginRequest, pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    if let Some(state) = &login.state {
        query.append_pair("state", state);
    }
    let separator = if login.redirect_uri.contains('?') { '&' } else { '?' };
    format!("{}{separator}{}#_=_", login.redirect_uri, query.finish())
}
