//! One test's world: the service, the sandbox on a socket, a database, a clock that tests move, and seeded
//! randomness. Nothing is shared between worlds except the log.
//!
//! A world that is dropped checks what it leaves behind: see [`final_checks`].

mod database;
mod final_checks;
mod log;
mod seed;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use metaads::accounts::admins;
use metaads::accounts::passwords::Passwords;
use metaads::app::{App, Parts};
use metaads::clock::{Clock, ManualClock, WallClockTrust};
use metaads::config::{Config, source::Source};
use metaads::keys::dek::{IfNothingOpens, Keys};
use metaads::keys::kek::KeyEncryptionKey;
use metaads::listen::limits::Limits;
use metaads::meta::Meta;
use metaads::operator_notices::LastReports;
use metaads::public_http::addresses::Allowed;
use metaads::public_http::{Names, PublicHttp};
use metaads::queue::Signals;
use metaads::random::Random;
use metaads::rate_limit::full_buckets::FullBuckets;
use metaads::{listen, routes, worker};
use metaads_sandbox::{
    Answer, Clock as SandboxClock, Control, Effect, Endpoint, Fault, Options, Persona, Sandbox,
};
use metaads_store::Store;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::browser::Browser;

/// Sunday, 22 November 2026, 12:00 UTC, in milliseconds since the epoch.
pub const START: i64 = 1_795_348_800_000;
pub const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
pub const SECOND: Duration = Duration::from_secs(1);

pub fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

pub fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3_600)
}

pub fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

pub struct World {
    pub app: App,
    pub base: String,
    pub meta: Control,
    pub folder: TempDir,
    pub database_url: String,
    address: SocketAddr,
    settings: Vec<(String, String)>,
    is_demo: bool,
    clock: ManualClock,
    random: Random,
    /// The addresses of host names, for outgoing webhooks.
    pub names: Arc<Mutex<HashMap<String, Vec<IpAddr>>>>,
    server: JoinHandle<()>,
    worker: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    sandbox: Sandbox,
}

impl World {
    pub async fn new() -> World {
        World::with(&[]).await
    }

    /// The same service as a demo, where the first registered user is admin.
    pub async fn demo() -> World {
        let mut world = World::new().await;
        world.is_demo = true;
        world.restart().await;
        world
    }

    /// A world with some environment variables changed.
    pub async fn with(settings: &[(&str, &str)]) -> World {
        World::with_bulk_users(settings, 0).await
    }

    /// A world whose sandbox has this many generated users beside the personas.
    pub async fn with_bulk_users(settings: &[(&str, &str)], crowd: usize) -> World {
        World::seeded(settings, crowd, seed::next()).await
    }

    async fn seeded(settings: &[(&str, &str)], crowd: usize, seed: u64) -> World {
        log::capture();
        let clock = ManualClock::new(START);
        let options = Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            clock: SandboxClock::Manual(clock.shared()),
            seed: Some(seed),
            bulk_users: crowd,
            ..Options::default()
        };
        let (app_id, app_secret) = (options.app_id.clone(), options.app_secret.clone());
        let sandbox = Sandbox::start(options).await.unwrap();
        let meta = sandbox.control();
        let folder = TempDir::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let base = format!("http://{address}");
        let mut all = vec![
            ("METAADS_LISTEN", address.to_string()),
            ("PUBLIC_URL", base.clone()),
            ("ENCRYPTION_KEY", KEY.to_owned()),
            ("META_APP_ID", app_id),
            ("META_APP_SECRET", app_secret),
            ("META_DIALOG_URL", sandbox.url()),
            ("META_GRAPH_URL", sandbox.url()),
            ("INSTAGRAM_GRAPH_URL", sandbox.url()),
            ("INSTAGRAM_DIALOG_URL", sandbox.url()),
            ("INSTAGRAM_API_URL", sandbox.url()),
        ];
        all.extend(settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let database_url = match settings.iter().find(|(name, _)| *name == "DATABASE_URL") {
            Some((_, url)) => (*url).to_owned(),
            None => database::create(&folder).await,
        };
        all.push(("DATABASE_URL", database_url.clone()));
        let settings: Vec<(String, String)> =
            all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let random = Random::seeded(seed);
        let names = Arc::default();
        let app = build(&settings, &clock, &random, &names, None).await;
        let server = start(&app, listener);
        World {
            app,
            base,
            meta,
            folder,
            database_url,
            address,
            settings,
            is_demo: false,
            clock,
            random,
            names,
            server,
            worker: None,
            sandbox,
        }
    }

    /// A browser without cookies.
    pub fn browser(&self) -> Browser {
        Browser::new(self)
    }

    /// A browser that has just registered. The operator makes the first user of a world an admin.
    pub async fn user(&self, email: &str) -> Browser {
        let browser = self.browser();
        browser.register(email).await;
        if !self.app.store.is_administered().await.unwrap() {
            admins::promote(&self.app, email).await.unwrap();
        }
        browser
    }

    /// A user who has just connected the sole trader, and the connection's id.
    pub async fn connected(&self) -> (Browser, String) {
        let browser = self.user("a@b.example").await;
        browser.connect(Answer::agree(Persona::SoleTrader)).await;
        self.run_due_jobs().await;
        let id = browser.connection_id().await;
        (browser, id)
    }

    /// Moves the clock of the service and of the sandbox.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Moves the clock to the time of the machine, which other processes use; never back.
    pub fn advance_to_real_time(&self) {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        self.clock.set(i64::try_from(since_epoch.as_millis()).unwrap().max(self.app.now()));
    }

    /// Runs every job that is due now, and every job that these make due. Returns how many ran.
    pub async fn run_due_jobs(&self) -> usize {
        worker::run_due(&self.app).await.unwrap()
    }

    /// Lets time pass hour by hour and runs what becomes due.
    pub async fn run_for(&self, time: Duration) {
        for _ in 0..time.as_secs() / 3_600 {
            self.advance(hours(1));
            self.run_due_jobs().await;
        }
    }

    /// Sets the wall clock, without any time passing.
    pub fn set_clock(&self, now: i64) {
        self.clock.set(now);
    }

    /// Lets time pass, second by second, while something else waits for it. Never resolves.
    pub async fn pass_time(&self) {
        loop {
            tokio::task::yield_now().await;
            self.advance(Duration::from_secs(1));
        }
    }

    /// Starts the worker that the service runs in the background; it is stopped when the world is dropped. Needs
    /// a multi-threaded runtime.
    pub fn start_worker(&mut self) {
        let (stop, stopped) = oneshot::channel::<()>();
        let app = self.app.clone();
        let worker = tokio::spawn(worker::run(app, async move { drop(stopped.await) }));
        self.worker = Some((stop, worker));
    }

    /// Injects a fault into the next call of an endpoint.
    pub fn fault(&self, endpoint: Endpoint, effect: Effect) {
        self.fault_times(endpoint, 1, effect);
    }

    pub fn fault_times(&self, endpoint: Endpoint, times: u32, effect: Effect) {
        self.meta.inject_fault(Fault::new(endpoint, times, effect));
    }

    /// Injects a fault into the next calls of an endpoint whose path and parameters contain this text.
    pub fn fault_on(&self, endpoint: Endpoint, only: &str, times: u32, effect: Effect) {
        self.meta.inject_fault(Fault::new(endpoint, times, effect).only(only));
    }

    /// Stops the service and starts it again on the same files, with some environment variables changed.
    pub async fn restart_with(&mut self, changed: &[(&str, &str)]) {
        self.server.abort();
        self.app.store.close().await;
        for (name, value) in changed {
            self.settings.retain(|(own, _)| own != name);
            self.settings.push(((*name).to_owned(), (*value).to_owned()));
        }
        let sandbox_url = self.is_demo.then(|| self.sandbox.url());
        self.app = build(&self.settings, &self.clock, &self.random, &self.names, sandbox_url).await;
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        self.server = start(&self.app, listener);
    }

    pub async fn restart(&mut self) {
        self.restart_with(&[]).await;
    }

    /// The environment variables of the service, for processes beside it.
    pub fn environment(&self) -> &[(String, String)] {
        &self.settings
    }

    pub fn is_sqlite(&self) -> bool {
        database::is_sqlite(&self.database_url)
    }

    /// Runs a statement on a connection of its own.
    pub async fn sql(&self, statement: &str) {
        database::execute(&self.database_url, statement).await;
    }

    /// Queries one number.
    pub async fn number(&self, query: &str) -> i64 {
        database::number(&self.database_url, query).await
    }

    /// Queries one text.
    pub async fn text(&self, query: &str) -> String {
        database::text(&self.database_url, query).await
    }

    /// Everything in the database: on SQLite the bytes of its files, on PostgreSQL every row as text.
    pub async fn stored_bytes(&self) -> Vec<u8> {
        database::everything(&self.database_url).await
    }

    /// Everything that the tests of this process have logged so far.
    pub fn log(&self) -> String {
        log::text()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some((stop, worker)) = self.worker.take() {
            if std::thread::panicking() {
                worker.abort();
            } else {
                drop(stop);
                let stopped = || tokio::runtime::Handle::current().block_on(worker);
                tokio::task::block_in_place(stopped).unwrap();
            }
        }
        self.server.abort();
        if !std::thread::panicking() {
            final_checks::run(&self.database_url, self.app.now());
        }
    }
}

async fn build(
    settings: &[(String, String)],
    clock: &ManualClock,
    random: &Random,
    names: &Arc<Mutex<HashMap<String, Vec<IpAddr>>>>,
    sandbox_url: Option<String>,
) -> App {
    let mut source = Source::of([]);
    for (name, value) in settings {
        source.set(name, value);
    }
    let mut config = Config::read(&source).unwrap();
    let mut meta = config.meta.clone().unwrap();
    // Short enough to wait for a call that hangs, long enough for a busy machine.
    meta.timeout = Duration::from_secs(2);
    let kek =
        KeyEncryptionKey::open(&config.keys.kek, config.keys.keyring.take(), config.keys.vault.as_ref())
            .await
            .unwrap();
    let store = Store::open(config.database.url.expose_secret()).await.unwrap().with_apps(&meta.ids());
    let clock = Clock::Manual(clock.clone());
    App::new(Parts {
        keys: Keys::load(&store, kek, random, clock.now(), IfNothingOpens::Refuse).await.unwrap(),
        store,
        meta: Meta::new(meta, clock.clone()).unwrap(),
        public_http: PublicHttp::new(Allowed::of(&config.server), Names::Fixed(Arc::clone(names)), SECOND)
            .unwrap(),
        clock,
        random: random.clone(),
        passwords: Passwords::for_tests(),
        sandbox_url,
        signals: Signals::default(),
        wall_clock: WallClockTrust::default(),
        full_buckets: FullBuckets::default(),
        last_reports: LastReports::default(),
        config,
    })
}

fn start(app: &App, listener: TcpListener) -> JoinHandle<()> {
    let routes = routes::routes(app.clone());
    tokio::spawn(listen::serve(listener, app.clone(), routes, Limits::default(), std::future::pending()))
}
