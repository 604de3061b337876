//! Finds a token by its text.

use super::page_token::read_page_token;
use crate::graph_api::error::{GraphError, invalid_token};
use crate::state::shared::SharedState;
use crate::state::tokens::{Token, TokenKind};

pub(crate) struct FoundToken {
    pub(crate) token: Token,
    pub(crate) page: Option<usize>,
}

/// A token of the Facebook app, valid or not. Instagram tokens belong to another app id.
pub(crate) fn find_token(shared: &SharedState, text: &str) -> Option<FoundToken> {
    let grants = shared.grants();
    if let Some(token) = grants.token(text) {
        let is_ours = token.kind != TokenKind::Instagram;
        return is_ours.then(|| FoundToken { token: token.clone(), page: None });
    }
    let (parent, page_id) = read_page_token(shared, text)?;
    let mut token = grants.token_by_prefix(parent)?.clone();
    // Page tokens derived from a user token do not expire.
    token.expires_at = None;
    let page = shared.world.pages.iter().position(|page| page.id == page_id)?;
    Some(FoundToken { token, page: Some(page) })
}

/// A valid token. Invalid and unknown ones are refused with Meta's errors.
pub(crate) fn require_valid_token(shared: &SharedState, text: &str) -> Result<FoundToken, GraphError> {
    let is_token =
        text.len() >= 40 && text.starts_with("EAA") && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if !is_token {
        return Err(unparsable_token());
    }
    let found = find_token(shared, text).ok_or_else(unknown_token)?;
    require_valid(shared, &found.token)?;
    Ok(found)
}

pub(crate) fn require_valid(shared: &SharedState, token: &Token) -> Result<(), GraphError> {
    let now = shared.clock.now_seconds();
    match token.error_subcode(now) {
        Some(subcode) => Err(invalid_token(subcode, &shared.app_id, token.expires_at.unwrap_or(now), now)),
        None => Ok(()),
    }
}

pub(crate) fn unknown_token() -> GraphError {
    GraphError::oauth(190, "Invalid OAuth access token.")
}

pub(crate) fn unparsable_token() -> GraphError {
    let mut error = GraphError::oauth(190, "Invalid OAuth access token - Cannot parse access token");
    error.is_bare = true;
    error
}
