//! Who authorizes, and in which browser: somebody who is signed in, or another product's user in a connect session.

use metaads_store::{
    Authorization, ConnectSession, ConnectSessionId, SessionId, SignedIn, StoreError, UserId, WorkspaceId,
};

use crate::app::App;
use crate::random::hash;

#[derive(Debug, Clone)]
pub struct Initiator {
    pub workspace_id: WorkspaceId,
    /// Who counts as the one who grants.
    pub user_id: UserId,
    /// What the state is bound to.
    pub session_id: SessionId,
    pub connect_session: Option<ConnectSessionId>,
}

impl From<&SignedIn> for Initiator {
    fn from(session: &SignedIn) -> Initiator {
        Initiator {
            workspace_id: session.workspace_id.clone(),
            user_id: session.user_id.clone(),
            session_id: session.session_id.clone(),
            connect_session: None,
        }
    }
}

impl From<&ConnectSession> for Initiator {
    fn from(session: &ConnectSession) -> Initiator {
        Initiator {
            workspace_id: session.workspace_id.clone(),
            user_id: session.user_id.clone(),
            session_id: session.id.browser_session(),
            connect_session: Some(session.id.clone()),
        }
    }
}

/// The browser that comes back from the dialog. It may be signed in and have cookies of connect sessions as well.
#[derive(Debug, Default)]
pub struct CallbackBrowser {
    pub signed_in: Option<SignedIn>,
    pub connect_tokens: Vec<(ConnectSessionId, String)>,
}

/// Whose a state is, as far as this browser proves it.
#[derive(Debug)]
pub enum Holder {
    Known(Initiator),
    /// The state is a connect session's that is bound to another browser.
    OtherBrowser,
    Nobody,
}

impl CallbackBrowser {
    /// The state decides which of its cookies counts.
    pub async fn holder_of(&self, app: &App, state_hash: &str) -> Result<Holder, StoreError> {
        let found = app.store.find_authorization_by_state(state_hash).await?;
        let Some(Authorization { connect_session: Some(id), .. }) = found else {
            return Ok(match &self.signed_in {
                Some(session) => Holder::Known(session.into()),
                None => Holder::Nobody,
            });
        };
        let token = self.connect_tokens.iter().find(|(of, _)| *of == id).map(|(_, token)| token.as_str());
        let session = app.store.find_connect_session(&id, app.now()).await?;
        Ok(match session.filter(|session| is_bound_to(session, token)) {
            Some(session) => Holder::Known((&session).into()),
            None => Holder::OtherBrowser,
        })
    }
}

/// Whether the session is bound to the browser with this cookie.
pub fn is_bound_to(session: &ConnectSession, token: Option<&str>) -> bool {
    session.browser_hash.is_some() && session.browser_hash == token.map(hash)
}
