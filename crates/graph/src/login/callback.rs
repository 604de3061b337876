//! What the login dialog sends back to the redirect URI. Source: "Manually build a login flow", RFC 6749
//! §4.1.2, RFC 9207.

use url::form_urlencoded;

use crate::ids::AuthorizationCode;

/// Meta's codes have a few hundred characters; anything far longer is not one.
const MAX_CODE_BYTES: usize = 4096;

/// A well-formed callback. Its `state` is not verified yet.
#[derive(Debug)]
pub struct Callback {
    pub state: String,
    /// `iss` of RFC 9207, where Meta sends it.
    pub issuer: Option<String>,
    pub response: AuthorizationResponse,
}

/// What the person or Meta decided (RFC 6749: authorization response).
#[derive(Debug)]
pub enum AuthorizationResponse {
    Code(AuthorizationCode),
    /// The person pressed Cancel.
    Denied,
    /// The app is in development mode or disabled by Meta: 1349126, 1349220, 1349245.
    AppNotActive {
        error_code: i64,
    },
    /// The app's settings at Meta: redirect URI, domain, feature or scope.
    Misconfigured {
        error_code: Option<i64>,
    },
    /// Meta is temporarily unavailable.
    Unavailable,
    /// The dialog sent the person back without saying what became of it.
    Missing,
}

/// A callback that Meta's dialog cannot have produced. No authorization is consumed by it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CallbackError {
    #[error("state is missing")]
    MissingState,
    #[error("a parameter occurs twice")]
    DuplicateParameter,
    #[error("both a code and an error")]
    Contradictory,
    #[error("the code is too long")]
    InvalidCode,
}

impl Callback {
    /// Parses the callback's query. Unknown parameters are ignored, as RFC 6749 §4.1.2 requires.
    pub fn parse(query: &str) -> Result<Callback, CallbackError> {
        let mut params = Params::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            params.set(&name, value.into_owned())?;
        }
        let state =
            params.state.take().filter(|state| !state.is_empty()).ok_or(CallbackError::MissingState)?;
        let issuer = params.issuer.take();
        Ok(Callback { state, issuer, response: params.into_response()? })
    }
}

#[derive(Default)]
struct Params {
    state: Option<String>,
    issuer: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_reason: Option<String>,
    error_code: Option<String>,
    error_message: Option<String>,
    error_description: Option<String>,
}

impl Params {
    fn set(&mut self, name: &str, value: String) -> Result<(), CallbackError> {
        let slot = match name {
            "state" => &mut self.state,
            "iss" => &mut self.issuer,
            "code" => &mut self.code,
            "error" => &mut self.error,
            "error_reason" => &mut self.error_reason,
            "error_code" => &mut self.error_code,
            "error_message" => &mut self.error_message,
            "error_description" => &mut self.error_description,
            _ => return Ok(()),
        };
        if slot.replace(value).is_some() { Err(CallbackError::DuplicateParameter) } else { Ok(()) }
    }

    fn into_response(self) -> Result<AuthorizationResponse, CallbackError> {
        let has_error =
            [&self.error, &self.error_reason, &self.error_code, &self.error_message, &self.error_description]
                .into_iter()
                .any(Option::is_some);
        match (self.code, has_error) {
            (Some(code), false) => {
                // Instagram appends this to the URL, and some browsers send it along with the code.
                let code = code.strip_suffix("#_").unwrap_or(&code).to_owned();
                if code.len() > MAX_CODE_BYTES {
                    return Err(CallbackError::InvalidCode);
                }
                if code.is_empty() {
                    return Ok(AuthorizationResponse::Missing);
                }
                Ok(AuthorizationResponse::Code(AuthorizationCode::new(code)))
            }
            (None, true) => {
                let error_code = self.error_code.as_deref().and_then(|text| text.trim().parse().ok());
                Ok(classify(self.error.as_deref(), self.error_reason.as_deref(), error_code))
            }
            (None, false) => Ok(AuthorizationResponse::Missing),
            (Some(_), true) => Err(CallbackError::Contradictory),
        }
    }
}

/// The error code decides first, since the texts are localized.
fn classify(error: Option<&str>, reason: Option<&str>, error_code: Option<i64>) -> AuthorizationResponse {
    match (error_code, error) {
        (Some(error_code @ (1_349_126 | 1_349_220 | 1_349_245)), _) => {
            AuthorizationResponse::AppNotActive { error_code }
        }
        (Some(1_349_000..=1_349_999), _) => AuthorizationResponse::Misconfigured { error_code },
        (_, Some("access_denied")) => AuthorizationResponse::Denied,
        (_, Some("temporarily_unavailable" | "server_error")) => AuthorizationResponse::Unavailable,
        (Some(1 | 2), _) => AuthorizationResponse::Unavailable,
        _ if reason == Some("user_denied") => AuthorizationResponse::Denied,
        _ => AuthorizationResponse::Misconfigured { error_code },
    }
}

#[cfg(test)]
#[path = "callback_tests.rs"]
mod tests;
