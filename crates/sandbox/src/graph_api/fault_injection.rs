//! The way of one call through the faults: noted on arrival, delayed or held, answered, noted again.

use super::error::GraphError;
use super::usage_headers;
use crate::http::reply::{Outcome, Reply};
use crate::http::request::Request;
use crate::state::call_log::Call;
use crate::state::faults::{Effect, Endpoint};
use crate::state::shared::SharedState;

pub(crate) struct Passage<'a> {
    shared: &'a SharedState,
    number: u64,
    effect: Option<Effect>,
    in_batch: bool,
}

impl<'a> Passage<'a> {
    /// Notes the call, takes its fault and lets it wait as long as the fault says.
    pub(crate) async fn enter(shared: &'a SharedState, request: &Request, endpoint: Endpoint) -> Passage<'a> {
        let number = shared.calls().arrived(Call {
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
            Some(Effect::Hold(name)) => shared.barriers.hold(name).await,
            Some(Effect::Hang) if !request.in_batch => std::future::pending().await,
            _ => {}
        }
        Passage { shared, number, effect, in_batch: request.in_batch }
    }

    /// How often the request is to be performed; none: `leave` makes the answer by itself.
    pub(crate) fn times(&self) -> u32 {
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
    pub(crate) fn is_unchanged(&self) -> bool {
        self.effect == Some(Effect::Unchanged)
    }

    /// `reply`: the last answer of performing it, if it was performed.
    pub(crate) fn leave(self, request: &Request, endpoint: Endpoint, reply: Option<Reply>) -> Outcome {
        let outcome = self.outcome(request, endpoint, reply);
        let status = match &outcome {
            Outcome::Reply(reply) | Outcome::Cut(reply) => reply.status,
            Outcome::Close => 0,
        };
        self.shared.calls().answered(self.number, status);
        match outcome {
            Outcome::Cut(_) if self.in_batch => Outcome::Close,
            other => other,
        }
    }

    fn outcome(&self, request: &Request, endpoint: Endpoint, reply: Option<Reply>) -> Outcome {
        if let Some(instead) = self.instead(request, endpoint) {
            return Outcome::Reply(instead);
        }
        let Some(mut reply) = reply else {
            return Outcome::Close;
        };
        match &self.effect {
            Some(Effect::Cut) => Outcome::Cut(reply),
            Some(Effect::LoseAnswer) => Outcome::Close,
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
    fn instead(&self, request: &Request, endpoint: Endpoint) -> Option<Reply> {
        match self.effect.as_ref()? {
            Effect::Body { status, content_type, body } => {
                Some(Reply::text(*status, content_type, body.clone()))
            }
            Effect::Redirect { status, location } => Some(Reply::redirect(*status, location)),
            Effect::Graph { status, code, subcode, kind, message } => {
                let mut error = GraphError::oauth(*code, message.clone());
                error.status = *status;
                error.subcode = *subcode;
                let trace_id = usage_headers::trace_id(self.shared);
                let reply = error.reply_as(kind, &trace_id);
                Some(usage_headers::decorate(self.shared, request, endpoint, reply, &trace_id))
            }
            _ => None,
        }
    }
}
