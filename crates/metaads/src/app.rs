//! Everything that a request or a job needs, built once and cheap to clone.

use std::sync::Arc;

use metaads_graph::Graph;
use metaads_store::{AuthorizationId, ConnectionId, JobId, SessionId, Store, UserId};
use metaads_vault::{SealContext, Sealed};

use crate::accounts::passwords::Passwords;
use crate::clock::Clock;
use crate::config::Config;
use crate::keys::dek::Keys;
use crate::meta::Meta;
use crate::queue::QueueNotify;
use crate::random::Random;

#[derive(Debug, Clone)]
pub struct App {
    parts: Arc<Parts>,
    /// Background work leaves Meta's quotas to people first.
    is_background: bool,
}

#[derive(Debug)]
pub struct Parts {
    pub config: Config,
    pub store: Store,
    pub keys: Keys,
    pub meta: Meta,
    pub clock: Clock,
    pub random: Random,
    pub passwords: Passwords,
    /// The built-in sandbox's control page; None outside the demo.
    pub sandbox_url: Option<String>,
    pub queue: QueueNotify,
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
        self.meta.graph(self.is_background)
    }

    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    pub fn is_demo(&self) -> bool {
        self.sandbox_url.is_some()
    }

    /// Seals a secret for its place with a fresh nonce.
    pub fn seal(&self, place: &SealContext<'_>, secret: &str) -> Sealed {
        self.keys.seal(place, self.random.bytes(), secret.as_bytes())
    }

    pub fn new_user_id(&self) -> UserId {
        UserId::new(self.random.uuid(self.now()))
    }

    pub fn new_session_id(&self) -> SessionId {
        SessionId::new(self.random.uuid(self.now()))
    }

    pub fn new_authorization_id(&self) -> AuthorizationId {
        AuthorizationId::new(self.random.uuid(self.now()))
    }

    pub fn new_connection_id(&self) -> ConnectionId {
        ConnectionId::new(self.random.uuid(self.now()))
    }

    pub fn new_job_id(&self) -> JobId {
        JobId::new(self.random.uuid(self.now()))
    }

    /// The id of a row nobody refers to (audit lines).
    pub fn new_row_id(&self) -> String {
        self.random.uuid(self.now()).hyphenated().to_string()
    }
}
