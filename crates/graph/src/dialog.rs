//! The login dialog: the address a browser is sent to, and what it brings back.
//! Source: "Manually build a login flow", "Facebook Login for Business", "Business Login for Instagram",
//! RFC 6749 §4.1.1 and §4.1.2, RFC 7636, RFC 9207.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::{Url, form_urlencoded};

use crate::client::{InstagramApp, MetaApp};
use crate::ids::{AccessToken, AuthorizationCode};

/// Meta's codes are a few hundred characters; anything far longer is not one.
const CODE_LIMIT: usize = 4096;

/// What one trip to the dialog asks for.
#[derive(Debug, Clone, Copy)]
pub struct DialogRequest<'a> {
    pub redirect_uri: &'a str,
    pub state: &'a str,
    pub asks: Asks<'a>,
    pub again: Again,
    pub is_popup: bool,
    pub challenge: Option<&'a PkceChallenge>,
}

/// What a person who has agreed before is asked once more (`auth_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    No,
    /// The permissions they declined, and which assets.
    Rerequest,
    /// Whether the app may go on reading their data: the 90-day clock. Source: "User access and data access".
    Reauthorize,
}

/// Which dialog, and for what.
#[derive(Debug, Clone, Copy)]
pub enum Asks<'a> {
    /// Facebook Login: these permissions.
    Permissions(&'a [String]),
    /// Facebook Login for Business: what the configuration says; it takes the place of `scope`.
    Configuration(&'a str),
}

/// `code_challenge` of the S256 method; `plain` is never sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PkceChallenge(String);

/// `code_verifier`: 43 unreserved characters made of 32 random bytes.
#[derive(Debug, Clone)]
pub struct PkceVerifier(AccessToken);

impl PkceVerifier {
    pub fn from_random(bytes: [u8; 32]) -> PkceVerifier {
        PkceVerifier(AccessToken::new(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Takes back what [`PkceVerifier::expose`] gave, after it was sealed and opened again.
    pub fn from_text(text: String) -> PkceVerifier {
        PkceVerifier(AccessToken::new(text))
    }

    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    pub fn challenge(&self) -> PkceChallenge {
        let hash = digest::digest(&digest::SHA256, self.expose().as_bytes());
        PkceChallenge(URL_SAFE_NO_PAD.encode(hash))
    }
}

impl MetaApp {
    /// Where to send the browser.
    pub fn dialog(&self, request: &DialogRequest<'_>) -> Url {
        let mut url = self.dialog_url.clone();
        let path = format!("{}/{}/dialog/oauth", url.path().trim_end_matches('/'), self.version);
        url.set_path(&path);
        let mut query = url.query_pairs_mut();
        query
            .append_pair("client_id", self.app_id.as_str())
            .append_pair("redirect_uri", request.redirect_uri)
            .append_pair("state", request.state)
            .append_pair("response_type", "code");
        match request.asks {
            Asks::Permissions(scopes) => query.append_pair("scope", &scopes.join(",")),
            Asks::Configuration(id) => {
                query.append_pair("config_id", id).append_pair("override_default_response_type", "true")
            }
        };
        match request.again {
            Again::No => {}
            Again::Rerequest => drop(query.append_pair("auth_type", "rerequest")),
            Again::Reauthorize => drop(query.append_pair("auth_type", "reauthorize")),
        }
        if request.is_popup {
            query.append_pair("display", "popup");
        }
        if let Some(PkceChallenge(challenge)) = request.challenge {
            query.append_pair("code_challenge", challenge).append_pair("code_challenge_method", "S256");
        }
        drop(query);
        url
    }
}

impl InstagramApp {
    /// Where to send the browser for Instagram Login. Its permissions are a vocabulary of their own.
    ///
    /// `has_to_sign_in`: not with the account that the browser happens to be signed in with.
    pub fn dialog(&self, redirect_uri: &str, state: &str, scopes: &[&str], has_to_sign_in: bool) -> Url {
        let mut url = self.dialog_url.clone();
        let path = format!("{}/oauth/authorize", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.query_pairs_mut()
            .append_pair("client_id", self.app_id.as_str())
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("response_type", "code")
            .append_pair("scope", &scopes.join(","))
            .append_pair("state", state);
        if has_to_sign_in {
            url.query_pairs_mut().append_pair("force_reauth", "true");
        }
        url
    }
}

/// What came back with the browser, as far as it is well-formed.
#[derive(Debug)]
pub struct Callback {
    pub state: String,
    /// `iss` of RFC 9207, where Meta sends one.
    pub issuer: Option<String>,
    pub answer: DialogAnswer,
}

/// What the person or Meta decided.
#[derive(Debug)]
pub enum DialogAnswer {
    Code(AuthorizationCode),
    /// The person pressed Cancel.
    Denied,
    /// The app is in development mode, or Meta has closed it: 1349126, 1349220, 1349245.
    AppNotActive {
        number: i64,
    },
    /// Redirect URI, domain, feature or scope: our settings at Meta.
    Misconfigured {
        number: Option<i64>,
    },
    /// Meta said it cannot just now.
    Unavailable,
}

/// A callback that no dialog of Meta's makes. It carries no state, so nothing can be consumed by it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CallbackError {
    #[error("there is no state")]
    NoState,
    #[error("a parameter is there twice")]
    Repeated,
    #[error("there is neither a code nor an error, or both")]
    Contradictory,
    #[error("the code is empty or too long")]
    ImpossibleCode,
}

impl Callback {
    /// Reads the callback's query. Unknown parameters are ignored, as RFC 6749 §4.1.2 demands.
    pub fn parse(query: &str) -> Result<Callback, CallbackError> {
        let mut found = Found::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            found.take(&name, value.into_owned())?;
        }
        let state = found.state.take().filter(|state| !state.is_empty()).ok_or(CallbackError::NoState)?;
        let issuer = found.issuer.take();
        Ok(Callback { state, issuer, answer: found.answer()? })
    }
}

#[derive(Default)]
struct Found {
    state: Option<String>,
    issuer: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_reason: Option<String>,
    error_code: Option<String>,
    error_message: Option<String>,
    error_description: Option<String>,
}

impl Found {
    fn take(&mut self, name: &str, value: String) -> Result<(), CallbackError> {
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
        if slot.replace(value).is_some() { Err(CallbackError::Repeated) } else { Ok(()) }
    }

    fn answer(self) -> Result<DialogAnswer, CallbackError> {
        let refused =
            [&self.error, &self.error_reason, &self.error_code, &self.error_message, &self.error_description]
                .into_iter()
                .any(Option::is_some);
        match (self.code, refused) {
            (Some(code), false) => {
                // Instagram appends this to the address; some browsers hand it over with the code.
                let code = code.strip_suffix("#_").unwrap_or(&code).to_owned();
                if code.is_empty() || code.len() > CODE_LIMIT {
                    return Err(CallbackError::ImpossibleCode);
                }
                Ok(DialogAnswer::Code(AuthorizationCode::new(code)))
            }
            (None, true) => {
                let number = self.error_code.as_deref().and_then(|text| text.trim().parse().ok());
                Ok(refusal(self.error.as_deref(), self.error_reason.as_deref(), number))
            }
            _ => Err(CallbackError::Contradictory),
        }
    }
}

/// By number first: the texts are localized.
fn refusal(error: Option<&str>, reason: Option<&str>, number: Option<i64>) -> DialogAnswer {
    match (number, error) {
        (Some(number @ (1_349_126 | 1_349_220 | 1_349_245)), _) => DialogAnswer::AppNotActive { number },
        (Some(number @ 1_349_000..=1_349_999), _) => DialogAnswer::Misconfigured { number: Some(number) },
        (_, Some("access_denied")) => DialogAnswer::Denied,
        (_, Some("temporarily_unavailable" | "server_error")) => DialogAnswer::Unavailable,
        (Some(1 | 2), _) => DialogAnswer::Unavailable,
        _ if reason == Some("user_denied") => DialogAnswer::Denied,
        _ => DialogAnswer::Misconfigured { number },
    }
}

#[cfg(test)]
#[path = "dialog_tests.rs"]
mod tests;
