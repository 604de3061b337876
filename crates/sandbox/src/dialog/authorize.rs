//! Carries out the answer to the dialog, and builds the URL it sends the browser to.

use std::collections::BTreeMap;

use url::form_urlencoded;

use super::answer::{Answer, Decision, Ticks};
use super::request::{Ask, Login};
use crate::state::grants::{Grants, PermissionStatus};
use crate::state::shared::SharedState;
use crate::state::tokens::{CODE_TTL, Code, TokenKind};
use crate::world::tables::Node;

/// Carries an answer out; the address the browser goes to.
pub(crate) fn settle(shared: &SharedState, ask: &Ask, answer: &Answer) -> String {
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

fn agree(shared: &SharedState, ask: &Ask, answer: &Answer) -> String {
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
    let code = format!("AQ{}", shared.random.text("code", 190));
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
fn tick(shared: &SharedState, grants: &mut Grants, user_id: &str, ticks: &Ticks) {
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
