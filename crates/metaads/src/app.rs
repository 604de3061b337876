//! Everything a request or a job needs, built once and cheap to clone.

use std::sync::Arc;

use metaads_graph::{Graph, GraphError, MetaApp};
use metaads_store::{AuthorizationId, ConnectionId, JobId, SessionId, Store, UserId};
use metaads_vault::{Place, Sealed};
use tokio::sync::Notify;

use crate::accounts::passwords::Passwords;
use crate::clock::Clock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::keys::Keys;
use crate::limits::Limits;

#[derive(Debug, Clone)]
pub struct App {
    parts: Arc<Parts>,
    /// Work that nobody waits for: Meta's allowances are left to people first.
    is_background: bool,
}

#[derive(Debug)]
pub struct Parts {
    pub config: Config,
    pub store: Store,
    pub keys: Keys,
    pub meta: Meta,
    pub clock: Clock,
    pub entropy: Entropy,
    pub passwords: Passwords,
    /// Where the built-in sandbox's control page is, in demo mode.
    pub sandbox_url: Option<String>,
    /// Rung when a job was put in.
    pub jobs_bell: Notify,
}

/// The client for Meta, as it is for people and for work in the background.
#[derive(Debug)]
pub struct Meta {
    for_people: Graph,
    in_background: Graph,
    pub limits: Limits,
}

impl Meta {
    pub fn new(app: MetaApp, clock: Clock) -> Result<Meta, GraphError> {
        let graph = Graph::new(app, Arc::new(move || clock.now()))?;
        Ok(Meta { in_background: graph.in_background(), for_people: graph, limits: Limits::default() })
    }
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl App {
    pub fn new(parts: Parts) -> App {
        App { parts: Arc::new(parts), is_background: false }
    }

    /// The same for work that nobody waits for.
    #[must_use]
    pub fn in_background(&self) -> App {
        App { parts: Arc::clone(&self.parts), is_background: true }
    }

    /// Meta.
    pub fn graph(&self) -> &Graph {
        if self.is_background { &self.meta.in_background } else { &self.meta.for_people }
    }

    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    pub fn is_demo(&self) -> bool {
        self.sandbox_url.is_some()
    }

    /// Seals a secret for its place with a fresh nonce.
    pub fn seal(&self, place: &Place<'_>, secret: &str) -> Sealed {
        self.keys.seal(place, self.entropy.bytes(), secret.as_bytes())
    }

    pub fn new_user_id(&self) -> UserId {
        UserId::new(self.entropy.uuid(self.now()))
    }

    pub fn new_session_id(&self) -> SessionId {
        SessionId::new(self.entropy.uuid(self.now()))
    }

    pub fn new_authorization_id(&self) -> AuthorizationId {
        AuthorizationId::new(self.entropy.uuid(self.now()))
    }

    pub fn new_connection_id(&self) -> ConnectionId {
        ConnectionId::new(self.entropy.uuid(self.now()))
    }

    pub fn new_job_id(&self) -> JobId {
        JobId::new(self.entropy.uuid(self.now()))
    }

    /// The id of a row nobody refers to (audit lines).
    pub fn new_row_id(&self) -> String {
        self.entropy.uuid(self.now()).hyphenated().to_string()
    }
}
