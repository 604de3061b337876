//! One call and the fault injected into it: logged on arrival, delayed or held, performed, logged again.

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
    /// Logs the call, takes its fault, and waits if the fault says so.
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
        let effect = shared.take_fault(endpoint, &described(request));
        if let Some(Effect::Delay(by)) = &effect {
            tokio::time::sleep(*by).await;
        } else if let Some(Effect::Hold(name)) = &effect {
            shared.barriers.wait(name).await;
        } else if effect == Some(Effect::Hang) && !request.in_batch {
            std::future::pending::<()>().await;
        }
        FaultedCall { shared, call_number, effect, in_batch: request.in_batch }
    }

    /// How often to perform the request. With 0, `finish` creates the response by itself.
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
            Some(
                Effect::Delay(_)
                | Effect::Hold(_)
                | Effect::Cut
                | Effect::LoseAnswer
                | Effect::Headers(_)
                | Effect::Filler(_)
                | Effect::Unchanged,
            )
            | None => 1,
        }
    }

    /// Whether an exchange has to return the token it was sent.
    pub(crate) fn returns_same_token(&self) -> bool {
        self.effect == Some(Effect::Unchanged)
    }

    /// `reply`: the last response, if the request was performed.
    pub(crate) fn finish(self, request: &Request, endpoint: Endpoint, reply: Option<Reply>) -> Outcome {
        let outcome = self.outcome(request, endpoint, reply);
        let status = match &outcome {
            Outcome::Reply(reply) | Outcome::Truncated(reply) => reply.status,
            Outcome::Closed => 0,
        };
        self.shared.calls().record_status(self.call_number, status);
        let is_truncated_item = self.in_batch && matches!(outcome, Outcome::Truncated(_));
        if is_truncated_item { Outcome::Closed } else { outcome }
    }

    fn outcome(&self, request: &Request, endpoint: Endpoint, reply: Option<Reply>) -> Outcome {
        if let Some(replacement) = self.replacement(request, endpoint) {
            return Outcome::Reply(replacement);
        }
        let Some(mut reply) = reply else {
            return Outcome::Closed;
        };
        if self.effect == Some(Effect::Cut) {
            return Outcome::Truncated(reply);
        }
        if self.effect == Some(Effect::LoseAnswer) {
            return Outcome::Closed;
        }
        if let Some(Effect::Filler(bytes)) = &self.effect {
            reply.filler = *bytes;
        }
        if let Some(Effect::Headers(headers)) = &self.effect {
            reply.headers.retain(|(own, _)| !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(own)));
            reply.headers.extend(headers.iter().cloned());
        }
        Outcome::Reply(reply)
    }

    /// The response that a fault sends instead of the real one.
    fn replacement(&self, request: &Request, endpoint: Endpoint) -> Option<Reply> {
        let effect = self.effect.as_ref()?;
        if let Effect::Body { status, content_type, body } = effect {
            return Some(Reply::text(*status, content_type, body.clone()));
        }
        if let Effect::Redirect { status, location } = effect {
            return Some(Reply::redirect(*status, location));
        }
        let Effect::Graph { status, code, subcode, kind, message } = effect else { return None };
        let mut error = GraphError::oauth(*code, message.clone());
        error.status = *status;
        error.subcode = *subcode;
        let trace_id = usage_headers::new_trace_id(self.shared);
        let reply = error.reply_as(kind, &trace_id);
        Some(usage_headers::add_headers(self.shared, request, endpoint, reply, &trace_id))
    }
}

/// Path and parameters, without the token.
fn described(request: &Request) -> String {
    const LEFT_OUT: [&str; 3] = ["access_token", "appsecret_proof", "bytes"];
    let params = request.params.0.iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()));
    let params: Vec<String> = params.map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}?{}&", request.path, params.join("&"))
}
