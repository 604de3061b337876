//! Faults: what the next n calls of an endpoint shall suffer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The endpoints a fault can be laid on, and calls are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// The login dialog and its answer.
    Dialog,
    /// A code for a token.
    Token,
    /// `grant_type=fb_exchange_token`.
    Exchange,
    /// The code of Instagram's own dialog for a token.
    InstagramToken,
    /// `grant_type=ig_exchange_token`.
    InstagramExchange,
    /// `grant_type=ig_refresh_token`, for tokens of Instagram's own login.
    InstagramRefresh,
    DebugToken,
    Me,
    /// `/me` with a token of Instagram's own login.
    InstagramMe,
    Permissions,
    RevokePermissions,
    AdAccounts,
    Businesses,
    OwnedAdAccounts,
    ClientAdAccounts,
    Pages,
    /// One ad account by its id.
    AdAccount,
    /// `/act_…/insights`.
    Insights,
    /// The outer call of a batch; its items are counted under their own endpoints as well.
    Batch,
    Picture,
    /// `/{app-id}/subscriptions`.
    Subscriptions,
    Other,
}

impl Endpoint {
    pub(crate) const ALL: [Endpoint; 22] = [
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
        Endpoint::Batch,
        Endpoint::Picture,
        Endpoint::Subscriptions,
        Endpoint::Other,
    ];
}

/// The next `times` calls of `endpoint` get `effect`. Faults on one endpoint are used up in the order in
/// which they were laid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub endpoint: Endpoint,
    pub times: u32,
    pub effect: Effect,
}

/// What happens to a call.
///
/// Inside a batch the effects of the connection (`Hang`, `Cut`, `Refuse`, `LoseAnswer`) and `NullInBatch` all
/// come out as a `null` item, the mark of an item that timed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Waits, then answers as usual.
    Delay(Duration),
    /// Never answers.
    Hang,
    /// Performs the request, sends the head and half of the body, then closes the connection.
    Cut,
    /// Closes the connection without performing or answering.
    Refuse,
    /// Answers this instead.
    Body { status: u16, content_type: String, body: String },
    /// Answers this Graph error instead; `kind` is Meta's `type`.
    Graph { status: u16, code: i64, subcode: Option<i64>, kind: String, message: String },
    /// Sends the caller elsewhere.
    Redirect { status: u16, location: String },
    /// Performs the request twice and gives the second answer, as a proxy does that tries again.
    AnswerTwice,
    /// Performs the request, then closes the connection without an answer.
    LoseAnswer,
    /// A batch item becomes `null`; without effect elsewhere.
    NullInBatch,
    /// Waits before performing until `Control::release` is called with this name.
    Hold(String),
    /// Answers as usual with these headers added.
    Headers(Vec<(String, String)>),
    /// An exchange (`Exchange`, `InstagramRefresh`) answers the very token it was sent and what is left of its
    /// life; without effect elsewhere.
    Unchanged,
}

/// Takes the first fault that lies on this endpoint, once.
pub(crate) fn take(faults: &mut Vec<Fault>, endpoint: Endpoint) -> Option<Effect> {
    let index = faults.iter().position(|fault| fault.endpoint == endpoint && fault.times > 0)?;
    let effect = faults[index].effect.clone();
    faults[index].times -= 1;
    faults.retain(|fault| fault.times > 0);
    Some(effect)
}
