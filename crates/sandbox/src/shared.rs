//! Everything the server and its `Control` look at together.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::Options;
use crate::calls::Calls;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::faults::{Effect, Endpoint, Fault, take};
use crate::grants::Grants;
use crate::holds::Holds;
use crate::limits::Limits;
use crate::outage::Outage;
use crate::outbox::Outbox;
use crate::world::World;

pub(crate) struct Shared {
    pub(crate) app_id: String,
    pub(crate) app_secret: String,
    pub(crate) instagram_app_id: String,
    pub(crate) instagram_app_secret: String,
    /// `http://host:port`, without a slash at the end.
    pub(crate) base: String,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) world: World,
    pub(crate) holds: Holds,
    pub(crate) state_file: Option<PathBuf>,
    /// For calls to the app.
    pub(crate) http: reqwest::Client,
    outbox: Mutex<Outbox>,
    settings: Mutex<Settings>,
    grants: Mutex<Grants>,
    faults: Mutex<Vec<Fault>>,
    calls: Mutex<Calls>,
    limits: Mutex<Limits>,
}

// By hand: the app secret and the state of all tokens do not belong into a log line.
impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("base", &self.base)
            .field("app_id", &self.app_id)
            .finish_non_exhaustive()
    }
}

/// What tests and the control page may change while it runs.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) latency: Duration,
    pub(crate) is_app_active: bool,
    pub(crate) omits_expires_in: bool,
    /// How long exchanged tokens live; `None` is for ever.
    pub(crate) token_lifetime: Option<Duration>,
    pub(crate) drops_pkce: bool,
    pub(crate) requires_proof: bool,
    pub(crate) ends_old_versions: bool,
    pub(crate) redirect_uris: Vec<String>,
    /// And when it ends, in seconds since 1970.
    pub(crate) outage: Option<(Outage, i64)>,
    /// Ad account number to (account_status, disable_reason).
    pub(crate) standings: HashMap<u64, (i64, i64)>,
}

impl Settings {
    fn new(latency: Duration) -> Settings {
        Settings {
            latency,
            is_app_active: true,
            omits_expires_in: false,
            token_lifetime: Some(Duration::from_secs(5_184_000)),
            drops_pkce: false,
            requires_proof: true,
            ends_old_versions: false,
            redirect_uris: Vec::new(),
            outage: None,
            standings: HashMap::new(),
        }
    }
}

fn http_client() -> std::io::Result<reqwest::Client> {
    let builder = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20));
    builder.build().map_err(std::io::Error::other)
}

impl Shared {
    pub(crate) fn new(options: Options, address: SocketAddr) -> std::io::Result<Shared> {
        let host = match address.ip() {
            ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        let entropy = Entropy::new(options.seed);
        let grants = match &options.state_file {
            Some(path) => crate::state_file::load(path, &entropy)?,
            None => Grants::default(),
        };
        Ok(Shared {
            app_id: options.app_id,
            app_secret: options.app_secret,
            instagram_app_id: options.instagram_app_id,
            instagram_app_secret: options.instagram_app_secret,
            base: format!("http://{}", SocketAddr::new(host, address.port())),
            clock: options.clock,
            entropy,
            world: World::build(options.crowd),
            holds: Holds::default(),
            state_file: options.state_file,
            http: http_client()?,
            outbox: Mutex::default(),
            settings: Mutex::new(Settings::new(options.latency)),
            grants: Mutex::new(grants),
            faults: Mutex::default(),
            calls: Mutex::default(),
            limits: Mutex::default(),
        })
    }

    pub(crate) fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().expect("no panic happens while this lock is held")
    }

    pub(crate) fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().expect("no panic happens while this lock is held")
    }

    pub(crate) fn grants(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().expect("no panic happens while this lock is held")
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.faults.lock().expect("no panic happens while this lock is held")
    }

    pub(crate) fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().expect("no panic happens while this lock is held")
    }

    pub(crate) fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().expect("no panic happens while this lock is held")
    }

    pub(crate) fn take_fault(&self, endpoint: Endpoint) -> Option<Effect> {
        take(&mut self.faults(), endpoint)
    }

    /// Changes grants or tokens and writes the state file before anybody else sees the change.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Grants) -> T) -> T {
        let mut grants = self.grants();
        let result = change(&mut grants);
        if let Some(path) = &self.state_file {
            grants.forget_old(self.clock.now_seconds());
            if let Err(error) = crate::state_file::save(path, &grants, &self.entropy) {
                tracing::error!(%error, path = %path.display(), "the sandbox could not write its state file");
            }
        }
        result
    }
}
