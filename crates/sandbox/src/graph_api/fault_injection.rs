//! The way of one call through the faults: noted on arrival, delayed or held, answered, noted again.

use super::error::GraphError;
use super::usage_headers;
use crate::http::reply::{Outcome, Reply};
use crate::http::request::Request;
use crate::state::call_log::Call;
use crate::state::faults::{Effect, Endpoint};
use crate::state::shared::SharedState;

pub(crate) struct FaultedCall<'a> {
    shared: &'a SharedState,
    call_number: u64,
    effect: Option<Effect>,
    in_batch: bool,
}

impl<'a> FaultedCall<'a> {
    /// Notes the call, takes its fault and lets it wait as long as the fault says.
    pub(crate) async fn begin(
        shared: &'a SharedState,
        request: &Request,
        endpoint: Endpoint,
    ) -> FaultedCall<'a> {
        let call_number = shared.calls().record(Call {
            endpoint,
            method: request.method.clone(),
            path: request.path.clone(),
            params: request.params.0.clone(),
            in_batch: request.in_batch,
            status: 0,
        });
        let effect = shared.take_fault(endpoint);
        match &effect {
            Some(Effect::Delay(by)) => tokio::time::sleep(*by).await,
            Some(Effect::Hold(name)) => shared.barriers.wait(name).await,
            Some(Effect::Hang) if !request.in_batch => std::future::pending().await,
            _ => {}
        }
        FaultedCall { shared, call_number, effect, in_batch: request.in_batch }
    }

    /// How often the request is to be performed; none: `leave` makes the answer by itself.
    pub(crate) fn executions(&self) -> u32 {
        match &self.effect {
            Some(Effect::AnswerTwice) => 2,
            Some(Effect::NullInBatch) => u32::from(!self.in_batch),
            Some(
                Effect::Body { .. }
                | Effect::Graph { .. }
                | Effect::Redirect { .. }
                | Effect::Refuse
                | Effect::Hang,
            ) => 0,
            _ => 1,
        }
    }

    /// An exchange shall give back the token it was sent.
    pub(crate) fn returns_same_token(&self) -> bool {
        self.effect == Some(Effect::Unchanged)
    }

    /// `reply`: the last answer of performing it, if it was performed.
    pub(crate) fn finish(self, request: &Request, endpoint: Endpoint, reply: Option<Reply>) -> Outcome {
        let outcome = self.outcome(request, endpoint, reply);
        let status = match &outcome {
            Outcome::Reply(reply) | Outcome::Truncated(reply) => reply.status,
            Outcome::Closed => 0,
        };
        self.shared.calls().record_status(self.call_number, status);
        match outcome {
            Outcome::Truncated(_) if self.in_batch => Outcome::Closed,
            other => other,
        }
    }

    fn outcome(&self, request: &Request, endpoint: Endpoint, reply: Option<Reply>) -> Outcome {
        if let Some(replacement) = self.replacement(request, endpoint) {
            return Outcome::Reply(replacement);
        }
        let Some(mut reply) = reply else {
            return Outcome::Closed;
        };
        match &self.effect {
            Some(Effect::Cut) => Outcome::Truncated(reply),
            Some(Effect::LoseAnswer) => Outcome::Closed,
            Some(Effect::Headers(headers)) => {
                reply
                    .headers
                    .retain(|(own, _)| !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(own)));
                reply.headers.extend(headers.iter().cloned());
                Outcome::Reply(reply)
            }
            _ => Outcome::Reply(reply),
        }
    }

    /// The answers a fault writes by itself.
    fn replacement(&self, request: &Request, endpoint: Endpoint) -> Option<Reply> {
        match self.effect.as_ref()? {
            Effect::Body { status, content_type, body } => {
                Some(Reply::text(*status, content_type, body.clone()))
            }
            Effect::Redirect { status, location } => Some(Reply::redirect(*status, location)),
            Effect::Graph { status, code, subcode, kind, message } => {
                let mut error = GraphError::oauth(*code, message.clone());
                error.status = *status;
                error.subcode = *subcode;
                let trace_id = usage_headers::new_trace_id(self.shared);
                let reply = error.reply_as(kind, &trace_id);
                Some(usage_headers::add_headers(self.shared, request, endpoint, reply, &trace_id))
            }
            _ => None,
        }
    }
}
