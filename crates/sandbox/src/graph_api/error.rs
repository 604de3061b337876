//! Graph errors in Meta's envelope.

use serde_json::json;

use crate::calendar::date;
use crate::http::reply::Reply;

/// A Graph error. `kind` is Meta's `type`.
#[derive(Debug, Clone)]
pub(crate) struct GraphError {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) code: Option<i64>,
    pub(crate) subcode: Option<i64>,
    pub(crate) message: String,
    pub(crate) user_text: Option<Box<UserText>>,
    /// The third value of `WWW-Authenticate`.
    pub(crate) challenge: &'static str,
    pub(crate) is_bare: bool,
}

/// What an error tells people.
#[derive(Debug, Clone)]
pub(crate) struct UserText {
    pub(crate) title: &'static str,
    pub(crate) message: String,
}

impl GraphError {
    pub(crate) fn oauth(code: i64, message: impl Into<String>) -> GraphError {
        let message = message.into();
        let challenge = if matches!(code, 190 | 102) { "invalid_token" } else { "invalid_request" };
        let kind = "OAuthException";
        GraphError {
            status: 400,
            kind,
            code: Some(code),
            subcode: None,
            message,
            user_text: None,
            challenge,
            is_bare: false,
        }
    }

    pub(crate) fn method(code: i64, message: impl Into<String>) -> GraphError {
        GraphError { kind: "GraphMethodException", ..GraphError::oauth(code, message) }
    }

    pub(crate) fn code_refused(subcode: Option<i64>, message: &str) -> GraphError {
        GraphError { subcode, challenge: "invalid_code", ..GraphError::oauth(100, message) }
    }

    /// The node does not exist, or this person must not see it: Meta does not say which.
    pub(crate) fn unsupported(method: &str, id: &str) -> GraphError {
        let method = method.to_lowercase();
        let message = format!(
            "Unsupported {method} request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
             permissions, or does not support this operation. Please read the Graph API documentation at \
             https://developers.facebook.com/docs/graph-api"
        );
        GraphError { subcode: Some(33), ..GraphError::method(100, message) }
    }

    pub(crate) fn nonexisting_field(field: &str, node_type: &str) -> GraphError {
        let message =
            format!("(#100) Tried accessing nonexisting field ({field}) on node type ({node_type})");
        GraphError::oauth(100, message)
    }

    /// (#200), with HTTP 403.
    pub(crate) fn missing_permission(message: &str) -> GraphError {
        GraphError { status: 403, ..GraphError::oauth(200, format!("(#200) {message}")) }
    }

    pub(crate) fn reply(&self, trace_id: &str) -> Reply {
        self.reply_as(self.kind, trace_id)
    }

    /// With another `type`.
    pub(crate) fn reply_as(&self, kind: &str, trace_id: &str) -> Reply {
        let is_transient = match self.code {
            Some(2 | 4) => Some(true),
            // As seen in 2026, although this limit is transient.
            Some(17) => Some(false),
            _ => self.user_text.as_ref().map(|_| false),
        };
        let mut error = json!({"message": self.message, "type": kind});
        if let Some(code) = self.code {
            error["code"] = code.into();
        }
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = subcode.into();
        }
        if let Some(is_transient) = is_transient {
            error["is_transient"] = is_transient.into();
        }
        if let Some(text) = &self.user_text {
            error["error_user_title"] = text.title.into();
            error["error_user_msg"] = text.message.as_str().into();
        }
        error["fbtrace_id"] = trace_id.into();
        let challenge = format!(
            "OAuth \"Facebook Platform\" \"{}\" \"{}\"",
            self.challenge,
            self.message.replace(|letter: char| !letter.is_ascii() || letter.is_ascii_control(), " ")
        );
        let mut reply = Reply::json(&json!({ "error": error })).with("www-authenticate", challenge);
        reply.status = self.status;
        reply.is_bare = self.is_bare;
        reply
    }
}

/// Error 190 with Meta's message for each subcode.
pub(crate) fn invalid_token(subcode: u32, app_id: &str, ended_at: i64, now: i64) -> GraphError {
    let reason = match subcode {
        458 => format!("The user has not authorized application {app_id}."),
        459 => "The user is enrolled in a blocking, logged-in checkpoint".to_owned(),
        460 => "The session has been invalidated because the user changed their password or Facebook has \
                changed the session for security reasons."
            .to_owned(),
        463 => {
            format!("Session has expired on {}. The current time is {}.", utc(ended_at), utc(now))
        }
        464 => "Sessions for the user are not allowed because the user is not a confirmed user.".to_owned(),
        466 => "The session was invalidated explicitly using an API call.".to_owned(),
        467 => "The session is invalid because the user logged out.".to_owned(),
        _ => "The session is invalid.".to_owned(),
    };
    let mut error = GraphError::oauth(190, format!("Error validating access token: {reason}"));
    error.subcode = Some(i64::from(subcode));
    error
}

/// Date and time as in Meta's messages, in UTC.
fn utc(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", rest / 3600, rest / 60 % 60, rest % 60)
}
