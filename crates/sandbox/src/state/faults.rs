//! Injected faults: what happens to the next calls of an endpoint.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The endpoints that faults are injected into and calls are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// The login dialog and its form.
    Dialog,
    /// A code exchanged for a token.
    Token,
    /// `grant_type=fb_exchange_token`.
    Exchange,
    /// A code of the Instagram dialog exchanged for a token.
    InstagramToken,
    /// `grant_type=ig_exchange_token`.
    InstagramExchange,
    /// `grant_type=ig_refresh_token`, for Instagram tokens.
    InstagramRefresh,
    DebugToken,
    Me,
    /// `/me` with an Instagram token.
    InstagramMe,
    Permissions,
    RevokePermissions,
    AdAccounts,
    Businesses,
    OwnedAdAccounts,
    ClientAdAccounts,
    Pages,
    /// One ad account, by id.
    AdAccount,
    /// The insights of an ad account, campaign, ad set or ad.
    Insights,
    /// Campaigns, ad sets, ads, creatives, images and videos: lists and single objects.
    AdObjects,
    /// Creating, changing and deleting them.
    AdWrites,
    /// Uploading images and videos.
    AdUploads,
    /// The outer call of a batch. Its items also count under their own endpoints.
    Batch,
    Picture,
    /// `/{app-id}/subscriptions`.
    Subscriptions,
    Other,
}

impl Endpoint {
    pub(crate) const ALL: [Endpoint; 25] = [
        Endpoint::Dialog,
        Endpoint::Token,
        Endpoint::Exchange,
        Endpoint::InstagramToken,
        Endpoint::InstagramExchange,
        Endpoint::InstagramRefresh,
        Endpoint::DebugToken,
        Endpoint::Me,
        Endpoint::InstagramMe,
        Endpoint::Permissions,
        Endpoint::RevokePermissions,
        Endpoint::AdAccounts,
        Endpoint::Businesses,
        Endpoint::OwnedAdAccounts,
        Endpoint::ClientAdAccounts,
        Endpoint::Pages,
        Endpoint::AdAccount,
        Endpoint::Insights,
        Endpoint::AdObjects,
        Endpoint::AdWrites,
        Endpoint::AdUploads,
        Endpoint::Batch,
        Endpoint::Picture,
        Endpoint::Subscriptions,
        Endpoint::Other,
    ];
}

/// The next `times` calls of `endpoint` get `effect`. Several faults on one endpoint apply in the order they
/// were injected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub endpoint: Endpoint,
    pub times: u32,
    pub effect: Effect,
    /// Only for calls whose path and parameters (`94001/owned_ad_accounts?limit=100&…`) contain this.
    #[serde(default)]
    pub only: Option<String>,
}

impl Fault {
    pub fn new(endpoint: Endpoint, times: u32, effect: Effect) -> Fault {
        Fault { endpoint, times, effect, only: None }
    }

    /// The same fault, only for calls whose path and parameters contain `text`.
    #[must_use]
    pub fn only(self, text: &str) -> Fault {
        Fault { only: Some(text.to_owned()), ..self }
    }
}

/// What happens to a call.
///
/// In a batch, `NullInBatch` and the effects on the connection (`Hang`, `Cut`, `Refuse`, `LoseAnswer`) all
/// produce a `null` item, as for an item that timed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Waits, then answers as usual.
    Delay(Duration),
    /// Never answers.
    Hang,
    /// Performs the request, sends the head and half of the body, then closes the connection.
    Cut,
    /// Closes the connection without performing the request.
    Refuse,
    /// Responds with this instead.
    Body { status: u16, content_type: String, body: String },
    /// Responds with this Graph error instead; `kind` is Meta's `type`.
    Graph { status: u16, code: i64, subcode: Option<i64>, kind: String, message: String },
    /// Redirects the client.
    Redirect { status: u16, location: String },
    /// Performs the request twice and returns the second response, like a proxy that retries.
    AnswerTwice,
    /// Performs the request, then closes the connection without a response.
    LoseAnswer,
    /// A batch item becomes `null`. Has no effect outside a batch.
    NullInBatch,
    /// Waits at the barrier with this name, before performing the request, until `Control::release`.
    Hold(String),
    /// Answers as usual, with these headers added or replaced.
    Headers(Vec<(String, String)>),
    /// Answers as usual, with a field `filler` of so many bytes, sent in pieces. Has no effect in a batch.
    Filler(usize),
    /// A token exchange (`Exchange`, `InstagramRefresh`) returns the token it was sent, with its remaining
    /// lifetime. Has no effect on other endpoints.
    Unchanged,
}

/// Takes the first fault on this call and counts it down. `call`: path and parameters.
pub(crate) fn take(faults: &mut Vec<Fault>, endpoint: Endpoint, call: &str) -> Option<Effect> {
    let concerns = |fault: &Fault| fault.only.as_deref().is_none_or(|text| call.contains(text));
    let index =
        faults.iter().position(|fault| fault.endpoint == endpoint && fault.times > 0 && concerns(fault))?;
    let effect = faults[index].effect.clone();
    faults[index].times -= 1;
    faults.retain(|fault| fault.times > 0);
    Some(effect)
}
