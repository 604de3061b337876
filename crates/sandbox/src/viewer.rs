//! Who is asking: what an access token stands for.

use crate::envelope::{GraphError, dead_token};
use crate::grants::{Grant, Token, TokenKind, digest};
use crate::params::Request;
use crate::proof;
use crate::shared::Shared;
use crate::world::Node;

pub(crate) enum Viewer {
    App,
    Person(Insight),
}

/// A person's token, or that of one of their Pages.
pub(crate) struct Insight {
    pub(crate) person: usize,
    pub(crate) grant: Grant,
    /// The token as sent; goes into `paging.next`.
    pub(crate) token: String,
    /// The Page this is a Page token of.
    pub(crate) page: Option<usize>,
}

impl Insight {
    pub(crate) fn has(&self, permission: &str) -> bool {
        self.grant.has(permission)
    }

    /// Whether a thing was ticked in the dialog; an Instagram account goes with its Page.
    pub(crate) fn covers(&self, shared: &Shared, node: Node) -> bool {
        let id = |node| shared.world.id(node);
        match node {
            Node::Person(_) => true,
            Node::Business(_) => self.grant.covers_business(&id(node)),
            Node::Account(_) | Node::Page(_) => self.grant.covers(&id(node)),
            Node::Instagram(index) => {
                self.grant.covers(&id(Node::Page(index))) || self.grant.covers(&id(node))
            }
        }
    }

    pub(crate) fn has_any(&self, permissions: &[&str]) -> bool {
        permissions.iter().any(|permission| self.has(permission))
    }
}

pub(crate) fn app_token(shared: &Shared) -> String {
    format!("{}|{}", shared.app_id, shared.app_secret)
}

/// Reads token and proof of a call.
pub(crate) fn identify(shared: &Shared, request: &Request) -> Result<Viewer, GraphError> {
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
        proof::check(shared, &request.params, token, false)?;
        return Ok(Viewer::App);
    }
    let found = find_token(shared, token)?;
    proof::check(shared, &request.params, token, shared.settings().requires_proof)?;
    let person = shared.world.person(&found.token.user_id).ok_or_else(unknown_token)?;
    let grant = shared.grants().grant(&found.token.user_id).cloned().unwrap_or_default();
    Ok(Viewer::Person(Insight { person, grant, token: token.to_owned(), page: found.page }))
}

pub(crate) struct Found {
    pub(crate) token: Token,
    pub(crate) page: Option<usize>,
}

/// A live token; dead and unknown ones are refused in Meta's words.
fn find_token(shared: &Shared, text: &str) -> Result<Found, GraphError> {
    let is_token =
        text.len() >= 40 && text.starts_with("EAA") && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if !is_token {
        return Err(unparsable_token());
    }
    let found = look_up(shared, text).ok_or_else(unknown_token)?;
    require_alive(shared, &found.token)?;
    Ok(found)
}

pub(crate) fn require_alive(shared: &Shared, token: &Token) -> Result<(), GraphError> {
    let now = shared.clock.now_seconds();
    match token.refusal(now) {
        Some(subcode) => Err(dead_token(subcode, &shared.app_id, token.expires_at.unwrap_or(now), now)),
        None => Ok(()),
    }
}

/// A token of ours, alive or dead. Those of Instagram's own login belong to another app id.
pub(crate) fn look_up(shared: &Shared, text: &str) -> Option<Found> {
    let grants = shared.grants();
    if let Some(token) = grants.token(text) {
        let is_ours = token.kind != TokenKind::Instagram;
        return is_ours.then(|| Found { token: token.clone(), page: None });
    }
    let (parent, page_id) = read_page_token(shared, text)?;
    let mut token = grants.token_by_prefix(parent)?.clone();
    // Page tokens made from a user token have no end of their own.
    token.expires_at = None;
    let page = shared.world.pages.iter().position(|page| page.id == page_id)?;
    Some(Found { token, page: Some(page) })
}

pub(crate) fn unknown_token() -> GraphError {
    GraphError::oauth(190, "Invalid OAuth access token.")
}

pub(crate) fn unparsable_token() -> GraphError {
    let mut error = GraphError::oauth(190, "Invalid OAuth access token - Cannot parse access token");
    error.is_bare = true;
    error
}

/// A Page's token names the user token it was made from by its hash, and is sealed with the app secret;
/// so none of them has to be stored.
pub(crate) fn page_token(shared: &Shared, user_token: &str, page_id: u64) -> String {
    sealed_page_token(shared, &digest(user_token)[..32], page_id)
}

fn sealed_page_token(shared: &Shared, parent: &str, page_id: u64) -> String {
    let head = format!("EAAP{parent}x{page_id}x");
    let seal = proof::hmac_hex(&format!("page/{}", shared.app_secret), &head);
    format!("{head}{seal}{}", &seal[..40])
}

fn read_page_token<'a>(shared: &Shared, text: &'a str) -> Option<(&'a str, u64)> {
    let rest = text.strip_prefix("EAAP")?;
    let (parent, rest) = rest.split_once('x')?;
    let (page_id, _) = rest.split_once('x')?;
    let page_id = page_id.parse().ok()?;
    (parent.len() == 32 && sealed_page_token(shared, parent, page_id) == text).then_some((parent, page_id))
}
