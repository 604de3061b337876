//! Which rate limits a call counts against, and the error when one of them is exhausted.

use super::error::GraphError;
use super::tokens::lookup::{FoundToken, find_token};
use crate::http::request::Request;
use crate::state::faults::Endpoint;
use crate::state::rate_limits::{RateLimit, UseCase};
use crate::state::shared::SharedState;
use crate::world::tables::Node;

/// The subcode of the limits of ad accounts.
const AD_ACCOUNT_SUBCODE: i64 = 2_446_079;

/// The error, if one of the limits that the call counts against is exhausted.
pub(crate) fn refusal(shared: &SharedState, request: &Request, endpoint: Endpoint) -> Option<GraphError> {
    let now = shared.clock.now_seconds();
    if shared.rate_limits().exhausted(now).is_empty() {
        return None;
    }
    let counted = limits_of_call(shared, request, endpoint, now);
    shared.rate_limits().refuse(&counted, now).map(|limit| error_for(&limit))
}

fn error_for(limit: &RateLimit) -> GraphError {
    match limit {
        RateLimit::App => {
            GraphError { status: 403, ..GraphError::oauth(4, "(#4) Application request limit reached") }
        }
        RateLimit::Person(_) => GraphError::oauth(17, "(#17) User request limit reached"),
        RateLimit::AdAccount(_) => GraphError {
            subcode: Some(AD_ACCOUNT_SUBCODE),
            ..GraphError::oauth(17, "(#17) User request limit reached")
        },
        RateLimit::UseCase { use_case, .. } => {
            let (code, subcode, whose) = use_case_error(*use_case);
            let message = format!(
                "(#{code}) There have been too many calls {whose}. Wait a bit and try again. For more info, \
                 please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting."
            );
            GraphError { subcode, ..GraphError::oauth(code, message) }
        }
    }
}

/// Code, subcode, and the part of the message that names the object.
fn use_case_error(use_case: UseCase) -> (i64, Option<i64>, &'static str) {
    match use_case {
        UseCase::AdsInsights => (80_000, Some(AD_ACCOUNT_SUBCODE), "from this ad-account"),
        UseCase::Pages => (80_001, None, "to this Page account"),
        UseCase::Instagram => (80_002, None, "to this Instagram account"),
        UseCase::CustomAudience => (80_003, Some(AD_ACCOUNT_SUBCODE), "to this ad-account"),
        UseCase::AdsManagement => (80_004, Some(AD_ACCOUNT_SUBCODE), "to this ad-account"),
        UseCase::Leadgen => (80_005, None, "to this Page account"),
    }
}

/// Instagram Login belongs to another app, and pictures count against no limit.
fn limits_of_call(shared: &SharedState, request: &Request, endpoint: Endpoint, now: i64) -> Vec<RateLimit> {
    let is_instagram_host = matches!(
        endpoint,
        Endpoint::InstagramToken
            | Endpoint::InstagramExchange
            | Endpoint::InstagramRefresh
            | Endpoint::InstagramMe
    );
    if is_instagram_host || request.segment(0) == "picture" {
        return Vec::new();
    }
    let mut limits = vec![RateLimit::App];
    if let Some(account) = ad_account(shared, request) {
        limits.push(RateLimit::AdAccount(account));
    }
    if let Some((id, use_case)) = use_case(shared, request) {
        limits.push(RateLimit::UseCase { id, use_case });
    }
    if let Some(FoundToken { token, page: None }) = caller_token(shared, request)
        && token.error_subcode(now).is_none()
    {
        limits.push(RateLimit::Person(token.user_id));
    }
    limits
}

fn caller_token(shared: &SharedState, request: &Request) -> Option<FoundToken> {
    request.params.get("access_token").and_then(|token| find_token(shared, token))
}

/// The ad account that a call is about, without `act_`: named in the path, or that of the ad object named there.
pub(crate) fn ad_account(shared: &SharedState, request: &Request) -> Option<String> {
    if let Some(account) = request.segment(0).strip_prefix("act_") {
        return Some(account.to_owned());
    }
    match shared.world.find(request.segment(0))? {
        Node::AdObject(object) => Some(shared.world.ad_accounts[object.account].id.to_string()),
        Node::Person(_) | Node::Business(_) | Node::AdAccount(_) | Node::Page(_) | Node::Instagram(_) => None,
    }
}

/// The business use case of a call, and the id it is counted under.
pub(crate) fn use_case(shared: &SharedState, request: &Request) -> Option<(String, UseCase)> {
    let edge = request.segment(1);
    if let Some(account) = ad_account(shared, request) {
        let use_case = match edge {
            "insights" => UseCase::AdsInsights,
            "customaudiences" => UseCase::CustomAudience,
            _ => UseCase::AdsManagement,
        };
        return Some((account, use_case));
    }
    let node = shared.world.find(request.segment(0))?;
    let use_case = match node {
        Node::Business(_) => UseCase::AdsManagement,
        Node::Instagram(_) => UseCase::Instagram,
        Node::Page(_) if has_user_token(shared, request) => return None,
        Node::Page(_) if edge == "leadgen_forms" => UseCase::Leadgen,
        Node::Page(_) => UseCase::Pages,
        Node::Person(_) | Node::AdAccount(_) | Node::AdObject(_) => return None,
    };
    Some((shared.world.id(node), use_case))
}

fn has_user_token(shared: &SharedState, request: &Request) -> bool {
    let found = caller_token(shared, request);
    found.is_none_or(|found| {
        let user = shared.world.person(&found.token.user_id);
        found.page.is_none() && user.is_none_or(|user| shared.world.people[user].business.is_none())
    })
}
