//! A world of its own for every test: the service, a pretend Meta on a socket, a database, a clock
//! that is moved by hand.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use metaads::accounts::passwords::Passwords;
use metaads::app::{App, Parts};
use metaads::clock::{Clock, ManualClock};
use metaads::config::Config;
use metaads::config::source::Source;
use metaads::keys::dek::Keys;
use metaads::keys::kek::KeyEncryptionKey;
use metaads::meta::Meta;
use metaads::queue::Signal;
use metaads::random::Random;
use metaads::{routes, worker};
use metaads_sandbox::{Clock as SandboxClock, Control, Effect, Endpoint, Fault, Options, Sandbox};
use metaads_store::Store;
use secrecy::ExposeSecret as _;
use sqlx::Connection as _;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::browser::Browser;

/// Sunday, 22 November 2026, 12:00 UTC.
pub const START: i64 = 1_795_348_800_000;
pub const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
pub const SECOND: Duration = Duration::from_secs(1);

/// Everything any world has logged, for the search for secrets.
static LOG: LazyLock<Arc<Mutex<Vec<u8>>>> = LazyLock::new(|| {
    let log = Arc::new(Mutex::new(Vec::new()));
    let writer = log.clone();
    // At the most talkative level: what is never logged there is never logged. The long runs log nothing.
    let all = "info,metaads=trace,metaads_graph=trace,metaads_store=trace,sqlx=trace,axum=trace,tower_http=trace,reqwest=trace,thirtyfour=off";
    let filter = std::env::var("METAADS_TEST_LOG").unwrap_or_else(|_| all.to_owned());
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || LogWriter(writer.clone()))
        .try_init();
    log
});

struct LogWriter(Arc<Mutex<Vec<u8>>>);

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub struct World {
    pub app: App,
    pub base: String,
    pub meta: Control,
    pub folder: TempDir,
    pub database_url: String,
    address: SocketAddr,
    settings: Vec<(String, String)>,
    clock: ManualClock,
    server: tokio::task::JoinHandle<()>,
    _sandbox: Sandbox,
}

impl World {
    pub async fn new() -> World {
        World::with(&[]).await
    }

    /// A world with some variables set otherwise.
    pub async fn with(settings: &[(&str, &str)]) -> World {
        World::of(settings, 0).await
    }

    /// A world in which so many more people live at Meta.
    pub async fn of(settings: &[(&str, &str)], crowd: usize) -> World {
        LazyLock::force(&LOG);
        let clock = ManualClock::new(START);
        let options = Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            clock: SandboxClock::Manual(clock.shared()),
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
        let database_url = database(&folder).await;
        let mut all = vec![
            ("METAADS_LISTEN", address.to_string()),
            ("PUBLIC_URL", base.clone()),
            ("DATABASE_URL", database_url.clone()),
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
        let settings: Vec<(String, String)> =
            all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let app = build(&settings, &clock).await;
        let server = start(&app, listener);
        World { app, base, meta, folder, database_url, address, settings, clock, server, _sandbox: sandbox }
    }

    /// Somebody's browser without any cookie.
    pub fn browser(&self) -> Browser {
        Browser::new(self)
    }

    /// A browser that has just registered.
    pub async fn user(&self, email: &str) -> Browser {
        let browser = self.browser();
        browser.register(email).await;
        browser
    }

    /// Time passes here and at Meta alike.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    pub async fn run_due_jobs(&self) -> usize {
        worker::run_due(&self.app).await.unwrap()
    }

    /// The next call of an endpoint goes wrong.
    pub fn fault(&self, endpoint: Endpoint, effect: Effect) {
        self.meta.inject_fault(Fault { endpoint, times: 1, effect });
    }

    pub fn fault_times(&self, endpoint: Endpoint, times: u32, effect: Effect) {
        self.meta.inject_fault(Fault { endpoint, times, effect });
    }

    /// The service stops and starts again with the same files and another configuration, if any.
    pub async fn restart_with(&mut self, changed: &[(&str, &str)]) {
        self.server.abort();
        self.app.store.close().await;
        for (name, value) in changed {
            self.settings.retain(|(own, _)| own != name);
            self.settings.push(((*name).to_owned(), (*value).to_owned()));
        }
        self.app = build(&self.settings, &self.clock).await;
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

    /// Does something to the database behind the service's back.
    pub async fn sql(&self, statement: &str) {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        if self.database_url.starts_with("sqlite:") {
            let mut database = sqlx::SqliteConnection::connect(&self.database_url).await.unwrap();
            sqlx::query(statement).execute(&mut database).await.unwrap();
        } else {
            let mut database = sqlx::PgConnection::connect(&self.database_url).await.unwrap();
            sqlx::query(statement).execute(&mut database).await.unwrap();
        }
    }

    /// Where the database is, and where Meta is.
    pub fn environment(&self) -> &[(String, String)] {
        &self.settings
    }

    /// Moves the clock to a moment.
    pub fn advance_to(&self, at: i64) {
        if at > self.app.now() {
            self.clock.set(at);
        }
    }

    /// One number out of the database.
    pub async fn number(&self, statement: &str) -> i64 {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        if self.database_url.starts_with("sqlite:") {
            let mut database = sqlx::SqliteConnection::connect(&self.database_url).await.unwrap();
            sqlx::query_scalar(statement).fetch_one(&mut database).await.unwrap()
        } else {
            let mut database = sqlx::PgConnection::connect(&self.database_url).await.unwrap();
            sqlx::query_scalar(statement).fetch_one(&mut database).await.unwrap()
        }
    }

    /// One text out of the database.
    pub async fn text(&self, statement: &str) -> String {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        if self.database_url.starts_with("sqlite:") {
            let mut database = sqlx::SqliteConnection::connect(&self.database_url).await.unwrap();
            sqlx::query_scalar(statement).fetch_one(&mut database).await.unwrap()
        } else {
            let mut database = sqlx::PgConnection::connect(&self.database_url).await.unwrap();
            sqlx::query_scalar(statement).fetch_one(&mut database).await.unwrap()
        }
    }

    /// Everything this process has logged so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&LOG.lock().unwrap()).into_owned()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn build(settings: &[(String, String)], clock: &ManualClock) -> App {
    let mut source = Source::of([]);
    for (name, value) in settings {
        source.set(name, value);
    }
    let mut config = Config::read(&source).unwrap();
    let mut meta = config.meta.clone().unwrap();
    // Short enough to wait for a hung call, long enough for a busy machine.
    meta.timeout = Duration::from_secs(2);
    let kek =
        KeyEncryptionKey::open(&config.keys.kek, config.keys.keyring.take(), config.keys.vault.as_ref())
            .await
            .unwrap();
    let store = Store::open(config.database.url.expose_secret()).await.unwrap();
    let clock = Clock::Manual(clock.clone());
    App::new(Parts {
        keys: Keys::load(&store, kek, &Random::Os, clock.now()).await.unwrap(),
        store,
        meta: Meta::new(meta, clock.clone()).unwrap(),
        clock,
        random: Random::Os,
        passwords: Passwords::for_tests(),
        sandbox_url: None,
        queue: Signal::default(),
        progress: Signal::default(),
        config,
    })
}

fn start(app: &App, listener: TcpListener) -> tokio::task::JoinHandle<()> {
    let service = routes::routes(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() })
}

async fn database(folder: &TempDir) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    if std::env::var("METAADS_TEST_ENGINE").as_deref() != Ok("postgres") {
        return format!("sqlite://{}/metaads.db", folder.path().display());
    }
    let server =
        std::env::var("METAADS_TEST_POSTGRES_URL").expect("METAADS_TEST_POSTGRES_URL names a server");
    let name = format!("world_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
    let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&mut admin).await.unwrap();
    let (start, _) = server.rsplit_once('/').unwrap();
    format!("{start}/{name}")
}
