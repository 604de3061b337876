//! Measures the figures in the README: `cargo build --release && cargo run --release --example measure`.
//!
//! The binary: its size, the time from start to a usable page, idle memory. In this process, on SQLite: the callback
//! with 100 ms per Graph call; the delay of an inbound webhook; the dashboard with 5 connections and 5,000 ad accounts,
//! alone and beside 1,000,000 ad accounts of other users; selecting accounts.

#![expect(
    clippy::disallowed_methods,
    reason = "a separate program that acts as browsers and inserts bulk data"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use metaads::accounts::passwords::Passwords;
use metaads::app::{App, Parts};
use metaads::clock::{Clock, WallClockTrust};
use metaads::config::{Config, source::Source};
use metaads::keys::dek::{IfNothingOpens, Keys};
use metaads::keys::kek::KeyEncryptionKey;
use metaads::meta::Meta;
use metaads::operator_notices::LastReports;
use metaads::public_http::addresses::Allowed;
use metaads::public_http::{self, Names, PublicHttp};
use metaads::queue::Signals;
use metaads::random::Random;
use metaads::rate_limit::full_buckets::FullBuckets;
use metaads::{routes, worker};
use metaads_sandbox::{Answer, Control, Options, Persona, Sandbox};
use metaads_store::Store;
use reqwest::Client;
use secrecy::ExposeSecret as _;
use sqlx::Connection as _;
use tokio::net::TcpListener;

const ROUNDS: usize = 41;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    measure_binary().await?;
    let folder = tempfile::TempDir::new()?;
    let sandbox = Sandbox::start(Options { listen: "127.0.0.1:0".parse()?, ..Options::default() }).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    let database = format!("sqlite://{}/metaads.db", folder.path().display());
    let app = app(&base, &database, &sandbox.url()).await?;
    let service = routes::routes(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });

    measure_callback(&app, &base, &sandbox.control()).await?;
    measure_webhook_delay(&app, &base, &sandbox.control()).await?;
    let browser = user(&base, "five@metaads.example").await?;
    insert_own_accounts(&app, &base, &browser, &sandbox.control(), &database).await?;
    measure_pages(&app, &base, &browser, "5 connections, 5,000 ad accounts").await?;
    insert_accounts_of_others(&database, 1_000_000).await?;
    measure_pages(&app, &base, &browser, "the same beside 1,000,000 ad accounts of other users").await?;
    measure_selection(&app, &base, &browser, &sandbox.control()).await
}

/// The release binary next to this program.
async fn measure_binary() -> anyhow::Result<()> {
    let path = std::env::current_exe()?.with_file_name("../metaads");
    println!("binary: {:.1} MiB", std::fs::metadata(&path)?.len() as f64 / 1024.0 / 1024.0);
    let folder = tempfile::TempDir::new()?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    for what in ["first start", "second start"] {
        let started = Instant::now();
        let mut service = tokio::process::Command::new(&path)
            .current_dir(folder.path())
            .env_clear()
            .env("METAADS_LISTEN", format!("127.0.0.1:{port}"))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        while reqwest::get(format!("http://localhost:{port}/login")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let usable = started.elapsed();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let status = std::fs::read_to_string(format!("/proc/{}/status", service.id().unwrap_or_default()))?;
        let memory = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
        println!("{what}: usable page after {usable:.1?}, idle {memory}");
        service.kill().await?;
    }
    Ok(())
}

async fn app(base: &str, database: &str, meta: &str) -> anyhow::Result<App> {
    let mut source = Source::of([
        ("META_APP_ID", "100200300400500"),
        ("META_APP_SECRET", "pretend-meta-app-secret"),
        ("ENCRYPTION_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="),
        ("METAADS_SIGNIN_LIMITS", "off"),
    ]);
    for (name, value) in [
        ("PUBLIC_URL", base),
        ("DATABASE_URL", database),
        ("META_DIALOG_URL", meta),
        ("META_GRAPH_URL", meta),
        ("INSTAGRAM_GRAPH_URL", meta),
    ] {
        source.set(name, value);
    }
    let mut config = Config::read(&source)?;
    let kek = KeyEncryptionKey::open(&config.keys.kek, config.keys.keyring.take(), None).await?;
    let store = Store::open(config.database.url.expose_secret()).await?;
    Ok(App::new(Parts {
        keys: Keys::load(&store, kek, &Random::Os, Clock::System.now(), IfNothingOpens::Refuse).await?,
        store,
        public_http: PublicHttp::new(Allowed::Public, Names::System, public_http::TIMEOUT)?,
        clock: Clock::System,
        random: Random::Os,
        passwords: Passwords::for_tests(),
        sandbox_url: None,
        signals: Signals::default(),
        wall_clock: WallClockTrust::default(),
        full_buckets: FullBuckets::default(),
        last_reports: LastReports::default(),
        meta: Meta::new(config.meta.clone().ok_or_else(|| anyhow::anyhow!("no app"))?, Clock::System)?,
        config,
    }))
}

async fn user(base: &str, email: &str) -> anyhow::Result<Client> {
    let browser = Client::builder().cookie_store(true).redirect(reqwest::redirect::Policy::none()).build()?;
    let fields = [("email", email), ("password", "three odd words here")];
    browser.post(format!("{base}/register")).form(&fields).send().await?;
    Ok(browser)
}

/// Connects. Returns how long the callback took.
async fn connect(base: &str, browser: &Client, meta: &Control, persona: Persona) -> anyhow::Result<Duration> {
    let redirect = browser.post(format!("{base}/connect/meta")).form(&[("kind", "facebook")]).send().await?;
    let dialog = redirect.headers()["location"].to_str()?.to_owned();
    let callback = meta.authorize(&dialog, Answer::agree(persona)).await;
    let started = Instant::now();
    let answer = browser.get(callback.split('#').next().unwrap_or_default()).send().await?;
    let took = started.elapsed();
    anyhow::ensure!(answer.headers()["location"].to_str()?.starts_with("/connect/attempts/"));
    Ok(took)
}

async fn measure_callback(app: &App, base: &str, meta: &Control) -> anyhow::Result<()> {
    let browser = user(base, "callback@metaads.example").await?;
    for (name, persona) in [("one account", Persona::SoleTrader), ("agency", Persona::Agency)] {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            meta.set_latency(Duration::from_millis(100));
            times.push(connect(base, &browser, meta, persona).await?);
            meta.set_latency(Duration::ZERO);
            worker::run_due(app).await?;
        }
        times.sort();
        let (median, worst) = (times[ROUNDS / 2], times[ROUNDS - 1]);
        println!("callback at 100 ms per Graph call, {name}: median {median:.1?}, slowest {worst:.1?}");
    }
    Ok(())
}

/// The time from when a person removes the app on Facebook until the API shows it.
async fn measure_webhook_delay(app: &App, base: &str, meta: &Control) -> anyhow::Result<()> {
    let hook = |name: &str| format!("{base}/hooks/meta/{name}");
    meta.set_app_urls(Some(&hook("deauthorize")), Some(&hook("data-deletion")));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = tokio::spawn(worker::run(app.clone(), async move { drop(stopped.await) }));
    let browser = user(base, "calls@metaads.example").await?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        connect(base, &browser, meta, Persona::SoleTrader).await?;
        // A deauthorization ends only logins that are older, and Meta's timestamps have whole seconds.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let started = Instant::now();
        meta.remove_app(Persona::SoleTrader.user_id());
        loop {
            let listed: serde_json::Value =
                browser.get(format!("{base}/api/v1/connections")).send().await?.json().await?;
            if listed["data"][0]["status"] == "revoked" {
                break;
            }
        }
        times.push(started.elapsed());
    }
    times.sort();
    println!(
        "from Meta's webhook to the visible status: median {:.1?}, slowest {:.1?}",
        times[ROUNDS / 2],
        times[ROUNDS - 1]
    );
    let _ = stop.send(());
    worker.await?;
    meta.set_app_urls(None, None);
    Ok(())
}

/// Selecting a hundred accounts, each checked by its id, and finding the accounts whose status check is due; beside a
/// million others.
async fn measure_selection(app: &App, base: &str, browser: &Client, meta: &Control) -> anyhow::Result<()> {
    connect(base, browser, meta, Persona::Agency).await?;
    worker::run_due(app).await?;
    let user = app.store.find_user_by_email("five@metaads.example").await?;
    let user = user.ok_or_else(|| anyhow::anyhow!("no user"))?;
    let connections = app.store.list_connections(&metaads_store::WorkspaceId::personal(&user.id)).await?;
    let agency = connections.iter().find(|one| one.meta_user_id == Persona::Agency.user_id());
    let id = &agency.ok_or_else(|| anyhow::anyhow!("no agency"))?.id;
    let listed = browser.get(format!("{base}/api/v1/connections/{id}/ad-accounts?limit=500&q=33")).send();
    let listed: serde_json::Value = listed.await?.json().await?;
    let rows = listed["data"].as_array().cloned().unwrap_or_default();
    let usable = rows.iter().filter(|row| row["is_selectable"] == true && row["status"] == "active");
    let fields: Vec<(&str, &str)> =
        usable.filter_map(|row| row["account_id"].as_str()).take(100).map(|id| ("account_id", id)).collect();
    meta.set_latency(Duration::from_millis(100));
    let started = Instant::now();
    browser.post(format!("{base}/connections/{id}/assets")).form(&fields).send().await?;
    println!("selecting {} accounts at 100 ms per Graph call: {:.1?}", fields.len(), started.elapsed());
    meta.set_latency(Duration::ZERO);
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        app.store.list_due_accounts(id, app.now() + 7 * 86_400_000, 50).await?;
        times.push(started.elapsed());
    }
    times.sort();
    println!(
        "finding the accounts due for a status check beside 1,000,000 others: median {:.1?}",
        times[ROUNDS / 2]
    );
    Ok(())
}

/// Five connections with a thousand accounts each.
async fn insert_own_accounts(
    app: &App,
    base: &str,
    browser: &Client,
    meta: &Control,
    database: &str,
) -> anyhow::Result<()> {
    for persona in Persona::ALL.into_iter().take(5) {
        connect(base, browser, meta, persona).await?;
        worker::run_due(app).await?;
    }
    let mut rows = sqlx::SqliteConnection::connect(database).await?;
    let owner =
        "SELECT c.id FROM meta_connections c JOIN users u ON u.id = c.user_id WHERE u.email LIKE 'five%'";
    statement(&mut rows, &format!("DELETE FROM meta_ad_accounts WHERE connection_id IN ({owner})")).await?;
    statement(&mut rows, &insert(&format!("SELECT id, '77' FROM ({owner})"), 1000)).await
}

/// Accounts of connections that do not exist, to fill the table.
async fn insert_accounts_of_others(database: &str, number: usize) -> anyhow::Result<()> {
    let mut rows = sqlx::SqliteConnection::connect(database).await?;
    statement(&mut rows, "PRAGMA foreign_keys = OFF").await?;
    let thousands = number / 1000;
    let connections = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {thousands})
         SELECT 'other-' || i AS id, '88' FROM n"
    );
    statement(&mut rows, &insert(&connections, 1000)).await
}

fn insert(connections: &str, each: usize) -> String {
    format!(
        "INSERT INTO meta_ad_accounts (connection_id, account_id, account_name, name_key, currency, timezone,
             is_selected, is_selectable, account_status, disable_reason, is_reachable, business_id, business_name,
             group_id, group_name, relation, tasks, seen_in, last_validated_at, next_check_at)
         SELECT c.id, '77' || printf('%08d', n.i), 'Account ' || n.i, 'account ' || n.i, 'EUR', 'Europe/Berlin',
             n.i % 100 = 0, 1, 1, 0, 1, '1', 'Business', '1', 'Business', 'owned', 'MANAGE', 1, 0, 9e15
         FROM ({connections}) c,
             (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {each}) SELECT i FROM n) n"
    )
}

async fn statement(rows: &mut sqlx::SqliteConnection, text: &str) -> anyhow::Result<()> {
    let text = sqlx::AssertSqlSafe(text.to_owned());
    sqlx::query(text).execute(rows).await?;
    Ok(())
}

async fn measure_pages(app: &App, base: &str, browser: &Client, what: &str) -> anyhow::Result<()> {
    let user = app.store.find_user_by_email("five@metaads.example").await?;
    let user = user.ok_or_else(|| anyhow::anyhow!("no user"))?;
    let first = app.store.list_connections(&metaads_store::WorkspaceId::personal(&user.id)).await?.remove(0);
    println!("{what}:");
    for path in ["/dashboard".to_owned(), format!("/connections/{}/accounts", first.id)] {
        let mut times = Vec::new();
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            let started = Instant::now();
            bytes = browser.get(format!("{base}{path}")).send().await?.bytes().await?.len();
            times.push(started.elapsed());
        }
        times.sort();
        let page = path.rsplit('/').next().unwrap_or_default();
        println!("  {page}: median {:.1?}, {} KiB", times[ROUNDS / 2], bytes / 1024);
    }
    Ok(())
}
