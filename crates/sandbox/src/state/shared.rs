//! The state that all handlers and the `Control` handle share.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use super::ad_objects::AdObjects;
use super::ads::Ads;
use super::barriers::Barriers;
use super::call_log::CallLog;
use super::faults::{Effect, Endpoint, Fault, take};
use super::grants::Grants;
use super::outage::Outage;
use super::outbox::Outbox;
use super::rate_limits::RateLimits;
use super::settings::Settings;
use super::state_file;
use crate::clock::Clock;
use crate::options::Options;
use crate::random::Random;
use crate::world::tables::World;

pub(crate) struct SharedState {
    pub(crate) app_id: String,
    pub(crate) app_secret: String,
    pub(crate) instagram_app_id: String,
    pub(crate) instagram_app_secret: String,
    /// `http://host:port`, without a trailing slash.
    pub(crate) base: String,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) world: World,
    pub(crate) barriers: Barriers,
    pub(crate) state_file: Option<PathBuf>,
    /// For calls to the app.
    pub(crate) http: reqwest::Client,
    outbox: Mutex<Outbox>,
    settings: Mutex<Settings>,
    grants: Mutex<Grants>,
    ad_objects: Mutex<AdObjects>,
    faults: Mutex<Vec<Fault>>,
    calls: Mutex<CallLog>,
    rate_limits: Mutex<RateLimits>,
}

// Not derived, so that neither the app secret nor tokens reach a log line.
impl std::fmt::Debug for SharedState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedState")
            .field("base", &self.base)
            .field("app_id", &self.app_id)
            .finish_non_exhaustive()
    }
}

impl SharedState {
    pub(crate) fn new(options: Options, address: SocketAddr) -> std::io::Result<SharedState> {
        let host = match address.ip() {
            ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        let random = Random::new(options.seed);
        let (grants, ad_objects) = match &options.state_file {
            Some(path) => state_file::load(path, &random)?,
            None => Default::default(),
        };
        Ok(SharedState {
            app_id: options.app_id,
            app_secret: options.app_secret,
            instagram_app_id: options.instagram_app_id,
            instagram_app_secret: options.instagram_app_secret,
            base: format!("http://{}", SocketAddr::new(host, address.port())),
            clock: options.clock,
            random,
            world: World::build(options.bulk_users),
            barriers: Barriers::default(),
            state_file: options.state_file,
            http: http_client()?,
            outbox: Mutex::default(),
            settings: Mutex::new(Settings::new(options.latency)),
            grants: Mutex::new(grants),
            ad_objects: Mutex::new(ad_objects),
            faults: Mutex::default(),
            calls: Mutex::default(),
            rate_limits: Mutex::default(),
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

    pub(crate) fn calls(&self) -> MutexGuard<'_, CallLog> {
        self.calls.lock().expect("no panic happens while this lock is held")
    }

    pub(crate) fn rate_limits(&self) -> MutexGuard<'_, RateLimits> {
        self.rate_limits.lock().expect("no panic happens while this lock is held")
    }

    /// The current outage, and the seconds until it ends.
    pub(crate) fn current_outage(&self) -> Option<(Outage, i64)> {
        let now = self.clock.now_seconds();
        let outage = self.settings().outage;
        outage.filter(|(_, ends_at)| now < *ends_at).map(|(outage, ends_at)| (outage, ends_at - now))
    }

    pub(crate) fn take_fault(&self, endpoint: Endpoint, call: &str) -> Option<Effect> {
        take(&mut self.faults(), endpoint, call)
    }

    /// Changes grants or tokens, and writes the state file before anyone else can see the change.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Grants) -> T) -> T {
        let mut grants = self.grants();
        let result = change(&mut grants);
        if self.state_file.is_some() {
            grants.prune(self.clock.now_seconds());
            self.save(&grants, &self.ad_objects());
        }
        result
    }

    /// Like `change`, for ad objects.
    pub(crate) fn change_ads<T>(&self, change: impl FnOnce(&mut AdObjects) -> T) -> T {
        // Always in this order.
        let grants = self.grants();
        let mut ad_objects = self.ad_objects();
        let result = change(&mut ad_objects);
        self.save(&grants, &ad_objects);
        result
    }

    /// Reads ad objects. `read` must not call back into the shared state.
    pub(crate) fn read_ads<T>(&self, read: impl FnOnce(&Ads) -> T) -> T {
        read(&Ads { world: &self.world, stored: &self.ad_objects() })
    }

    fn ad_objects(&self) -> MutexGuard<'_, AdObjects> {
        self.ad_objects.lock().expect("no panic happens while this lock is held")
    }

    fn save(&self, grants: &Grants, ad_objects: &AdObjects) {
        let Some(path) = &self.state_file else { return };
        if let Err(error) = state_file::save(path, grants, ad_objects, &self.random) {
            tracing::error!(%error, path = %path.display(), "the sandbox could not write its state file");
        }
    }
}

fn http_client() -> std::io::Result<reqwest::Client> {
    let builder = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20));
    builder.build().map_err(std::io::Error::other)
}
