//! Who is calling: the app, or a person with a user, system user or Page token.

use super::appsecret_proof::{self, Requirement};
use super::issue::app_token;
use super::lookup::{require_valid_token, unknown_token};
use crate::graph_api::error::GraphError;
use crate::http::request::Request;
use crate::state::grants::Grant;
use crate::state::shared::SharedState;
use crate::world::tables::Node;

pub(crate) enum Caller {
    App,
    User(AuthContext),
}

/// The person or Page behind a token, and what they have granted.
pub(crate) struct AuthContext {
    pub(crate) person: usize,
    pub(crate) grant: Grant,
    /// The token as sent; part of `paging.next`.
    pub(crate) token: String,
    /// With a Page token: the Page.
    pub(crate) page: Option<usize>,
}

impl AuthContext {
    pub(crate) fn has(&self, permission: &str) -> bool {
        self.grant.has(permission)
    }

    /// Whether a node was selected in the dialog. An Instagram account goes with its Page.
    pub(crate) fn includes(&self, shared: &SharedState, node: Node) -> bool {
        let id = |node| shared.world.id(node);
        match node {
            Node::Person(_) => true,
            Node::Business(_) => self.grant.includes_business(&id(node)),
            Node::AdAccount(_) | Node::Page(_) => self.grant.includes_asset(&id(node)),
            Node::AdObject(object) => self.grant.includes_asset(&id(Node::AdAccount(object.account))),
            Node::Instagram(index) => {
                self.grant.includes_asset(&id(Node::Page(index))) || self.grant.includes_asset(&id(node))
            }
        }
    }

    pub(crate) fn has_any(&self, permissions: &[&str]) -> bool {
        permissions.iter().any(|permission| self.has(permission))
    }
}

/// Checks the token and the proof of a call.
pub(crate) fn identify(shared: &SharedState, request: &Request) -> Result<Caller, GraphError> {
    let Some(token) = request.params.get("access_token").filter(|token| !token.is_empty()) else {
        return Err(match request.segment(0) {
            "me" => GraphError::oauth(
                2500,
                "An active access token must be used to query information about the current user.",
            ),
            _ => GraphError::oauth(104, "An access token is required to request this resource."),
        });
    };
    if token.contains('|') {
        if token != app_token(shared) {
            return Err(GraphError::oauth(190, "Invalid OAuth access token signature."));
        }
        appsecret_proof::check(shared, &request.params, token, Requirement::Optional)?;
        return Ok(Caller::App);
    }
    let found = require_valid_token(shared, token)?;
    let requirement = match shared.settings().requires_proof {
        true => Requirement::Required,
        false => Requirement::Optional,
    };
    appsecret_proof::check(shared, &request.params, token, requirement)?;
    let person = shared.world.person(&found.token.user_id).ok_or_else(unknown_token)?;
    let grant = shared.grants().grant(&found.token.user_id).cloned().unwrap_or_default();
    Ok(Caller::User(AuthContext { person, grant, token: token.to_owned(), page: found.page }))
}
