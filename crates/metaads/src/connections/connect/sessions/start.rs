//! Opening the URL of a connect session, and starting at the dialog.
//!
//! With a `code_challenge`, only the product's page gets in: it posts the verifier from its own origin, which no other
//! site's page can do in somebody's browser. Without one, the first browser that confirms on our page does.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use metaads_store::{ConnectSession, ConnectSessionId, ConnectSessionState, StoreError};
use url::Url;

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::connect::authorize::{self, AuthorizeRequest, BeginError};
use crate::connections::connect::initiator::{Initiator, is_bound_to};
use crate::connections::connect::sessions::ending::return_origin;
use crate::random::hash;

/// Wrong verifiers after which the URL no longer works.
const MOST_WRONG_VERIFIERS: i64 = 5;

/// What somebody who opens the URL meets.
#[derive(Debug)]
pub enum Entry {
    /// They may start.
    Open(Box<ConnectSession>),
    /// It has connected; who it was for may go on to the product.
    Used(Box<ConnectSession>),
    /// It is bound to another browser.
    Elsewhere,
    /// Its verifier was wrong too often.
    Locked,
    /// There is no such URL, or it has expired.
    Gone,
}

/// Who opens the URL.
#[derive(Debug)]
pub struct Visitor<'a> {
    /// The token of the URL.
    pub token: &'a str,
    /// The browser's cookies of connect sessions.
    pub connect_tokens: &'a [(ConnectSessionId, String)],
}

impl Visitor<'_> {
    fn cookie(&self, session: &ConnectSession) -> Option<&str> {
        self.connect_tokens.iter().find(|(of, _)| *of == session.id).map(|(_, token)| token.as_str())
    }
}

/// Shows who comes what they may do, and notes that the URL was opened.
pub async fn open(app: &App, visitor: &Visitor<'_>) -> Result<Entry, StoreError> {
    let entry = enter(app, visitor).await?;
    if let Entry::Open(session) = &entry
        && session.state == ConnectSessionState::Pending
    {
        app.store.open_connect_session(&session.id).await?;
    }
    Ok(entry)
}

async fn enter(app: &App, visitor: &Visitor<'_>) -> Result<Entry, StoreError> {
    let found = app.store.find_connect_session_by_token(&hash(visitor.token), app.now()).await?;
    let Some(session) = found else { return Ok(Entry::Gone) };
    let is_own = is_bound_to(&session, visitor.cookie(&session));
    let is_completed = matches!(session.state, ConnectSessionState::Completed { .. });
    Ok(match () {
        () if is_completed && is_own => Entry::Used(Box::new(session)),
        () if is_completed || session.has_ended_key || session.expires_at <= app.now() => Entry::Gone,
        () if session.verifier_failures >= MOST_WRONG_VERIFIERS => Entry::Locked,
        // The verifier proves more than the first cookie does.
        () if session.browser_hash.is_some() && session.code_challenge.is_none() && !is_own => {
            Entry::Elsewhere
        }
        () => Entry::Open(Box::new(session)),
    })
}

/// Which page has posted the form, as the browser says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostedBy {
    OurPage,
    /// A page of this origin.
    Origin(String),
    /// The client says nothing: it is no browser of today.
    NotSaid,
}

#[derive(Debug)]
pub struct StartRequest<'a> {
    pub visitor: Visitor<'a>,
    pub posted_by: PostedBy,
    /// Of a session with a challenge.
    pub code_verifier: &'a str,
    pub is_popup: bool,
    pub is_handheld: bool,
}

#[derive(Debug)]
pub enum StartOutcome {
    /// On to the dialog. `browser_token`: the cookie that binds the session to this browser.
    Started {
        session: ConnectSessionId,
        browser_token: String,
        dialog: Url,
    },
    /// No entry, and why.
    NoEntry(Entry),
    /// The product's page has sent another verifier.
    WrongVerifier(Box<ConnectSession>),
    /// Posted by a page that must not start this session.
    WrongPage,
    NeedsComputer(Box<ConnectSession>),
    /// The connection to repair cannot be repaired here any more.
    NotPossible,
    RateLimited,
}

/// Binds the session to this browser and starts at the dialog.
pub async fn start(app: &App, request: &StartRequest<'_>) -> Result<StartOutcome, StoreError> {
    let session = match enter(app, &request.visitor).await? {
        Entry::Open(session) => session,
        entry @ (Entry::Used(_) | Entry::Elsewhere | Entry::Locked | Entry::Gone) => {
            return Ok(StartOutcome::NoEntry(entry));
        }
    };
    if !may_post(&session, &request.posted_by) {
        return Ok(StartOutcome::WrongPage);
    }
    if request.is_handheld && needs_computer(app, &session) {
        return Ok(StartOutcome::NeedsComputer(session));
    }
    if let Some(challenge) = &session.code_challenge
        && !is_verifier_of(request.code_verifier, challenge)
    {
        let code = Code::WrongVerifier.as_str();
        app.store.count_wrong_verifier(&session.id, MOST_WRONG_VERIFIERS, code, app.now()).await?;
        tracing::warn!(connect_session = %session.id, "wrong verifier");
        return Ok(StartOutcome::WrongVerifier(session));
    }
    let own = request.visitor.cookie(&session).filter(|token| is_bound_to(&session, Some(token)));
    let browser_token = own.map_or_else(|| app.random.token(), str::to_owned);
    // Whoever loses against another browser is told so. A crash after it: the same browser starts again.
    if !app.store.bind_connect_session(&session.id, &hash(&browser_token), app.now()).await? {
        return Ok(StartOutcome::NoEntry(Entry::Elsewhere));
    }
    begin(app, *session, browser_token, request).await
}

async fn begin(
    app: &App,
    session: ConnectSession,
    browser_token: String,
    request: &StartRequest<'_>,
) -> Result<StartOutcome, StoreError> {
    let asked = AuthorizeRequest {
        login: Some(session.login),
        is_popup: request.is_popup,
        reconnects: session.repairs.clone(),
        is_asking_again: session.repairs.is_some(),
        is_handheld: request.is_handheld,
    };
    match authorize::begin(app, &Initiator::from(&session), asked).await {
        Ok(started) => {
            Ok(StartOutcome::Started { session: session.id, browser_token, dialog: started.dialog })
        }
        Err(BeginError::NeedsComputer) => Ok(StartOutcome::NeedsComputer(Box::new(session))),
        Err(BeginError::NoSuchConnection | BeginError::NotOffered | BeginError::Imported) => {
            Ok(StartOutcome::NotPossible)
        }
        Err(BeginError::RateLimited) => Ok(StartOutcome::RateLimited),
        Err(BeginError::Store(error)) => Err(error),
    }
}

/// Whether the session's login is offered on computers only.
pub fn needs_computer(app: &App, session: &ConnectSession) -> bool {
    authorize::needs_computer(app, session.login)
}

/// With a challenge the product's own page has to post, without one ours.
fn may_post(session: &ConnectSession, by: &PostedBy) -> bool {
    match (by, &session.code_challenge) {
        (PostedBy::NotSaid, _) | (PostedBy::OurPage, None) => true,
        (PostedBy::OurPage, Some(_)) | (PostedBy::Origin(_), None) => false,
        (PostedBy::Origin(origin), Some(_)) => *origin == return_origin(session),
    }
}

/// S256 of RFC 7636.
fn is_verifier_of(verifier: &str, challenge: &str) -> bool {
    let computed = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
    verify_slices_are_equal(computed.as_bytes(), challenge.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_matches_its_s256_challenge_only() {
        // The vector of RFC 7636, appendix B.
        let (verifier, challenge) =
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(is_verifier_of(verifier, challenge));
        assert!(!is_verifier_of(challenge, challenge) && !is_verifier_of("", challenge));
    }
}
