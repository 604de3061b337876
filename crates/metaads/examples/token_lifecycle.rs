//! Measures token checks and refreshes: `cargo run --release --example token_lifecycle`.
//!
//! Sealing a token; claiming a due job beside 1,000 and 1,000,000 connections; refreshes per minute of one replica with
//! 100 ms per Graph call, quiet and while twelve agencies have their 1,307 ad accounts synced again and again. Runs on SQLite in a temporary folder, or on the empty database that DATABASE_URL names.

#![expect(
    clippy::disallowed_methods,
    reason = "a separate program that reads the environment and inserts bulk data"
)]

use std::time::{Duration, Instant};

use metaads::accounts::passwords::Passwords;
use metaads::app::{App, Parts};
use metaads::clock::{Clock, WallClockTrust};
use metaads::config::{Config, source::Source};
use metaads::connections::assets::sync_plan::start_sync;
use metaads::keys::dek::{IfNothingOpens, Keys};
use metaads::keys::kek::KeyEncryptionKey;
use metaads::meta::Meta;
use metaads::operator_notices::LastReports;
use metaads::public_http::addresses::Allowed;
use metaads::public_http::{self, Names, PublicHttp};
use metaads::queue;
use metaads::queue::Signals;
use metaads::random::Random;
use metaads::rate_limit::full_buckets::FullBuckets;
use metaads::worker;
use metaads_sandbox::{Control, Options, Persona, Sandbox, TokenKind, bulk_user_id};
use metaads_store::{ConnectionId, IfSyncing, Priority, Store};
use metaads_vault::SealContext;
use secrecy::ExposeSecret as _;
use sqlx::Connection as _;

const USER: &str = "00000000-0000-7000-8000-000000000000";
const REFRESHES: usize = 1_000;
const CLAIMS: usize = 301;
const AGENCIES: usize = 12;
const PRESS_EVERY: Duration = Duration::from_secs(10);
const DAY: i64 = 86_400_000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::TempDir::new()?;
    let file = format!("sqlite://{}/metaads.db", folder.path().display());
    let database = std::env::var("DATABASE_URL").unwrap_or(file);
    let options = Options { listen: "127.0.0.1:0".parse()?, bulk_users: REFRESHES, ..Options::default() };
    let sandbox = Sandbox::start(options).await?;
    let app = app(&database, &sandbox.url()).await?;
    let mut rows = Rows::open(&database).await?;
    rows.run(&format!(
        "INSERT INTO users (id, email, email_key, password_hash, is_admin, created_at, password_changed_at)
         VALUES ('{USER}', 'm', 'm', '', FALSE, 0, 0)"
    ))
    .await?;
    rows.run(&format!("INSERT INTO workspaces (id, created_at) VALUES ('{USER}', 0)")).await?;
    measure_sealing(&app);
    for number in [1_000, 1_000_000] {
        measure_claiming(&app, &mut rows, number).await?;
    }
    rows.run("DELETE FROM jobs").await?;
    measure_refreshing(&app, &mut rows, &sandbox.control()).await
}

fn measure_sealing(app: &App) {
    const ROUNDS: u32 = 100_000;
    let context = SealContext { table: "meta_connections", column: "access_token", row: USER };
    let token = "E".repeat(200);
    let started = Instant::now();
    for _ in 0..ROUNDS {
        std::hint::black_box(app.seal(&context, &token));
    }
    println!("sealing: {:.0} per second on one core", f64::from(ROUNDS) / started.elapsed().as_secs_f64());
}

/// Inserts one job per connection, enough of them due to be claimed.
async fn measure_claiming(app: &App, rows: &mut Rows, number: usize) -> anyhow::Result<()> {
    let now = app.now();
    rows.run("DELETE FROM jobs").await?;
    let due = CLAIMS * 2;
    rows.run(&format!(
        "INSERT INTO jobs (id, kind, subject, payload, run_at, attempts, leased_until, fence, priority)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number})
         SELECT '00000000-0000-7000-8000-' || substr(CAST(1000000000000 + i AS TEXT), 2), 'check',
             CAST(i AS TEXT), '', CASE WHEN i <= {due} THEN {now} - i ELSE {now} + i * 86 END, 0, 0, 0, 1 FROM n"
    ))
    .await?;
    rows.run("ANALYZE jobs").await?;
    let (mut claims, mut next_due) = (Vec::new(), Vec::new());
    for _ in 0..CLAIMS {
        let started = Instant::now();
        let job = app.store.claim_job(metaads_store::ClaimOrder::InteractiveFirst, queue::lease(now)).await?;
        claims.push(started.elapsed());
        anyhow::ensure!(job.is_some(), "no job was due");
        let started = Instant::now();
        app.store.next_job_at(now, metaads_store::ClaimOrder::InteractiveFirst).await?;
        next_due.push(started.elapsed());
    }
    claims.sort();
    next_due.sort();
    println!(
        "beside {number} connections: claiming {:.2?}, finding when the next job is due {:.2?} (medians)",
        claims[CLAIMS / 2],
        next_due[CLAIMS / 2]
    );
    Ok(())
}

async fn measure_refreshing(app: &App, rows: &mut Rows, meta: &Control) -> anyhow::Result<()> {
    for number in 0..REFRESHES {
        let id = insert_connection(app, rows, meta, &bulk_user_id(number), USER).await?;
        rows.run(&format!(
            "INSERT INTO jobs (id, kind, subject, payload, run_at, attempts, leased_until, fence, priority)
             VALUES ('{id}', 'check', '{id}', '', 1, 0, 0, 0, 1)"
        ))
        .await?;
    }
    let mut agencies = Vec::new();
    for number in 0..AGENCIES {
        let user = format!("00000000-0000-7000-9000-{number:012}");
        insert_user(rows, &user).await?;
        agencies.push(insert_connection(app, rows, meta, Persona::Agency.user_id(), &user).await?);
    }
    meta.set_latency(Duration::from_millis(100));
    let quiet = refresh_all(app, rows, &[]).await?;
    rows.run(
        "UPDATE jobs SET run_at = 1 WHERE kind = 'check'
             AND subject IN (SELECT id FROM meta_connections WHERE user_id = '00000000-0000-7000-8000-000000000000')",
    )
    .await?;
    let (since, ends) = (app.now() - DAY * 50, app.now() + DAY * 10);
    rows.run(&format!("UPDATE meta_connections SET last_refreshed_at = {since}, expires_at = {ends}"))
        .await?;
    let beside = refresh_all(app, rows, &agencies).await?;
    let per_minute = |took: Duration| REFRESHES as f64 / took.as_secs_f64() * 60.0;
    println!(
        "{REFRESHES} refreshes by one replica at 100 ms per Graph call (two calls each): {quiet:.1?}, {:.0} per minute; \
         beside the syncs of {AGENCIES} agencies {beside:.1?}, {:.0} per minute",
        per_minute(quiet),
        per_minute(beside)
    );
    Ok(())
}

async fn insert_user(rows: &mut Rows, id: &str) -> anyhow::Result<()> {
    rows.run(&format!(
        "INSERT INTO users (id, email, email_key, password_hash, is_admin, created_at, password_changed_at)
         VALUES ('{id}', '{id}', '{id}', '', FALSE, 0, 0)"
    ))
    .await?;
    rows.run(&format!("INSERT INTO workspaces (id, created_at) VALUES ('{id}', 0)")).await
}

/// A connection whose token expires in ten days.
async fn insert_connection(
    app: &App,
    rows: &mut Rows,
    meta: &Control,
    person: &str,
    user: &str,
) -> anyhow::Result<ConnectionId> {
    let now = app.now();
    let (since, ends) = (now - DAY * 50, now + DAY * 10);
    let id = app.new_connection_id();
    let scopes = ["ads_read", "business_management", "pages_show_list"];
    let token = meta.issue(person, TokenKind::User, &scopes, Some(Duration::from_secs(864_000)));
    let row = format!("{user}/{id}");
    let sealed =
        app.seal(&SealContext { table: "meta_connections", column: "access_token", row: &row }, &token);
    let bytes = rows.literal(&hex::encode(sealed.as_bytes()));
    rows.run(&format!(
        "INSERT INTO meta_connections (id, user_id, workspace_id, kind, app_id, meta_user_id, name, status, status_changed_at,
             access_token, access_token_key, token_version, scopes, declined_scopes, expires_at, last_refreshed_at,
             sync_state, sync_done, sync_generation, connected_at, created_at, updated_at, last_synced_at)
         VALUES ('{id}', '{user}', '{user}', 'facebook_user', '100200300400500', '{person}', '', 'active', 0, {bytes}, '{}',
             1, '{},public_profile', '', {ends}, {since}, 'idle', 0, 1, 0, 0, 0, {now})",
        sealed.key_id(),
        scopes.join(",")
    ))
    .await?;
    Ok(id)
}

/// How long the workers take until every due check is done, while each of these connections is synced every ten seconds.
async fn refresh_all(app: &App, rows: &mut Rows, pressed: &[ConnectionId]) -> anyhow::Result<Duration> {
    let (started, started_at) = (Instant::now(), app.now());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let replica = tokio::spawn(worker::run(app.clone(), async {
        let _ = stopped.await;
    }));
    let mut next_press = Instant::now();
    loop {
        if Instant::now() >= next_press {
            next_press += PRESS_EVERY;
            for id in pressed {
                start_sync(app, id, Priority::Interactive, IfSyncing::Continue).await?;
            }
        }
        let refreshed = format!(
            "SELECT COUNT(*) FROM meta_connections WHERE user_id = '{USER}' AND last_refreshed_at >= {started_at}"
        );
        if rows.number(&refreshed).await? >= REFRESHES as i64 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let took = started.elapsed();
    drop(stop);
    replica.await?;
    Ok(took)
}

async fn app(database: &str, meta: &str) -> anyhow::Result<App> {
    let mut source = Source::of([
        ("META_APP_ID", "100200300400500"),
        ("META_APP_SECRET", "pretend-meta-app-secret"),
        ("ENCRYPTION_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="),
        ("META_SCOPES", "ads_read"),
    ]);
    for name in ["META_DIALOG_URL", "META_GRAPH_URL", "INSTAGRAM_GRAPH_URL"] {
        source.set(name, meta);
    }
    source.set("DATABASE_URL", database);
    let mut config = Config::read(&source)?;
    let kek = KeyEncryptionKey::open(&config.keys.kek, config.keys.keyring.take(), None).await?;
    let store = Store::open(config.database.url.expose_secret()).await?;
    Ok(App::new(Parts {
        keys: Keys::load(&store, kek, &Random::Os, Clock::System.now(), IfNothingOpens::Refuse).await?,
        meta: Meta::new(config.meta.clone().ok_or_else(|| anyhow::anyhow!("no app"))?, Clock::System)?,
        public_http: PublicHttp::new(Allowed::Public, Names::System, public_http::TIMEOUT)?,
        clock: Clock::System,
        random: Random::Os,
        passwords: Passwords::for_tests(),
        sandbox_url: None,
        signals: Signals::default(),
        wall_clock: WallClockTrust::default(),
        full_buckets: FullBuckets::default(),
        last_reports: LastReports::default(),
        store,
        config,
    }))
}

/// A direct connection to the database.
enum Rows {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Rows {
    async fn open(database: &str) -> anyhow::Result<Rows> {
        Ok(match database.starts_with("sqlite:") {
            true => Rows::Sqlite(sqlx::SqliteConnection::connect(database).await?),
            false => Rows::Postgres(sqlx::PgConnection::connect(database).await?),
        })
    }

    async fn run(&mut self, text: &str) -> anyhow::Result<()> {
        let text = sqlx::AssertSqlSafe(text.to_owned());
        match self {
            Rows::Sqlite(rows) => sqlx::query(text).execute(rows).await.map(|_| ())?,
            Rows::Postgres(rows) => sqlx::query(text).execute(rows).await.map(|_| ())?,
        }
        Ok(())
    }

    async fn number(&mut self, text: &str) -> anyhow::Result<i64> {
        let text = sqlx::AssertSqlSafe(text.to_owned());
        Ok(match self {
            Rows::Sqlite(rows) => sqlx::query_scalar(text).fetch_one(rows).await?,
            Rows::Postgres(rows) => sqlx::query_scalar(text).fetch_one(rows).await?,
        })
    }

    fn literal(&self, hex: &str) -> String {
        match self {
            Rows::Sqlite(_) => format!("x'{hex}'"),
            Rows::Postgres(_) => format!("'\\x{hex}'"),
        }
    }
}
