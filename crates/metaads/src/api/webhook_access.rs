//! Who manages webhooks, and why they may not.

use metaads_store::ApiScope;

use crate::api::list::invalid;
use crate::http::api_caller::ApiCaller;
use crate::http::problem::Problem;
use crate::webhooks::outgoing::endpoints::EndpointError;

/// An endpoint receives the events of the whole workspace: a key that is limited to a part of it manages none.
pub(super) fn require(caller: &ApiCaller) -> Result<(), Problem> {
    caller.require(ApiScope::WebhooksManage)?;
    let is_limited = caller.key().is_some_and(|using| {
        !using.key.limits.connections.is_empty() || !using.key.limits.ad_accounts.is_empty()
    });
    match is_limited {
        true => {
            let detail = "This API key is limited to connections or ad accounts; webhook endpoints receive the events \
                          of all. Read /api/v1/events with it.";
            Err(Problem::Forbidden.because(detail))
        }
        false => Ok(()),
    }
}

pub fn problem(error: EndpointError) -> Problem {
    match error {
        EndpointError::Invalid { message, .. } => invalid(&message),
        EndpointError::OtherRequest => {
            Problem::Conflict.because("This Idempotency-Key was used for another request.")
        }
        EndpointError::TooMany => Problem::Conflict
            .because("There are 20 endpoints already. Delete one that is not needed any more."),
        EndpointError::Disabled(_) => Problem::Conflict
            .because("The endpoint is disabled. Enable it first: PATCH {\"is_enabled\": true}."),
        EndpointError::NotFound => Problem::NotFound,
        EndpointError::Secret(error) => {
            tracing::error!(%error, "a webhook secret cannot be opened");
            Problem::Internal
        }
        EndpointError::Store(error) => error.into(),
    }
}
