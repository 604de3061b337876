//! Which endpoint a call belongs to. Faults are injected and calls are counted by endpoint.

use super::nodes::ads::writes;
use super::{instagram, subscriptions};
use crate::http::request::Request;
use crate::state::faults::Endpoint;
use crate::state::shared::SharedState;
use crate::world::tables::Node;

pub(crate) fn classify(shared: &SharedState, request: &Request) -> Endpoint {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        [] if request.method == "POST" => Endpoint::Batch,
        ["oauth", "access_token"] if request.params.get("client_id") == Some(&shared.instagram_app_id) => {
            Endpoint::InstagramToken
        }
        ["access_token"] => Endpoint::InstagramExchange,
        ["oauth", "access_token"] => match request.params.get("grant_type") {
            Some("fb_exchange_token") => Endpoint::Exchange,
            _ => Endpoint::Token,
        },
        ["refresh_access_token"] => Endpoint::InstagramRefresh,
        ["debug_token"] => Endpoint::DebugToken,
        ["picture", _] | [_, "picture"] => Endpoint::Picture,
        _ if subscriptions::is_subscriptions_call(shared, request) => Endpoint::Subscriptions,
        [_, "insights"] => Endpoint::Insights,
        [_, "adimages" | "advideos"] if request.method == "POST" => Endpoint::AdUploads,
        _ if writes::of_request(shared, request).is_some() => Endpoint::AdWrites,
        [_, "permissions", ..] if request.method == "DELETE" => Endpoint::RevokePermissions,
        [_, "permissions"] => Endpoint::Permissions,
        [_, "adaccounts" | "assigned_ad_accounts"] => Endpoint::AdAccounts,
        [_, "businesses"] => Endpoint::Businesses,
        [_, "owned_ad_accounts"] => Endpoint::OwnedAdAccounts,
        [_, "client_ad_accounts"] => Endpoint::ClientAdAccounts,
        [_, "accounts" | "owned_pages" | "client_pages"] => Endpoint::Pages,
        ["me"] if instagram::has_instagram_token(request) => Endpoint::InstagramMe,
        ["me"] => Endpoint::Me,
        [_, "campaigns" | "adsets" | "ads" | "adcreatives" | "adimages" | "advideos"] => Endpoint::AdObjects,
        [id] if id.starts_with("act_") => Endpoint::AdAccount,
        [id] if shared.world.person(id).is_some() => Endpoint::Me,
        [id] if matches!(shared.world.find(id), Some(Node::AdObject(_))) => Endpoint::AdObjects,
        _ => Endpoint::Other,
    }
}
