//! Putting the service together and running it until it is told to stop.

use std::os::unix::fs::DirBuilderExt as _;
use std::time::Duration;

use anyhow::{Context as _, bail};
use metaads_graph::MetaApp;
use metaads_store::Store;
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::accounts::passwords::Passwords;
use crate::app::{App, Parts};
use crate::clock::Clock;
use crate::config::Config;
use crate::config::keys::KekChoice;
use crate::keys::dek::Keys;
use crate::keys::kek::KeyEncryptionKey;
use crate::meta::Meta;
use crate::queue::Signal;
use crate::random::Random;
use crate::{demo, listen, routes, tasks, worker};

/// Requests and jobs that run when the stop signal comes have so long.
const DRAIN: Duration = Duration::from_secs(9);

/// `metaads serve`.
pub async fn serve(mut config: Config) -> anyhow::Result<()> {
    log_to_stderr();
    for name in &config.without_effect {
        tracing::warn!("{name} is set, and this version does nothing with it yet");
    }
    make_data_dir(&config.data_dir)?;
    let listener = TcpListener::bind(config.listen).await.with_context(|| {
        format!("could not listen on {}: is it in use? METAADS_LISTEN names another address", config.listen)
    })?;
    let (meta, sandbox) = meta(&mut config).await?;
    let sandbox_url = sandbox.as_ref().map(metaads_sandbox::Sandbox::url);
    let app = assemble(config, meta, sandbox_url).await?;
    if let Some(sandbox) = &sandbox {
        demo::enter_addresses(sandbox, &format!("http://{}", listener.local_addr()?));
    }
    banner(&app);
    run(app, listener, stop_signal()).await?;
    drop(sandbox);
    Ok(())
}

async fn assemble(mut config: Config, meta: MetaApp, sandbox_url: Option<String>) -> anyhow::Result<App> {
    let (store, keys) = store_and_keys(&mut config).await?;
    Ok(App::new(Parts {
        store,
        keys,
        meta: Meta::new(meta, Clock::System).context("the client for Meta could not be built")?,
        clock: Clock::System,
        random: Random::Os,
        passwords: Passwords::new(),
        queue: Signal::default(),
        progress: Signal::default(),
        config,
        sandbox_url,
    }))
}

/// The same for a command beside the running service. In the demo its pretend Meta belongs to that service and
/// is out of reach.
pub async fn app_for_command(config: Config) -> anyhow::Result<App> {
    let meta = match config.meta.clone() {
        Some(meta) => meta,
        None => {
            let demo = metaads_sandbox::Options::default();
            let instagram = (demo.instagram_app_id.as_str(), demo.instagram_app_secret.as_str());
            config.sandbox_app("http://127.0.0.1:9", &demo.app_id, &demo.app_secret, instagram)
        }
    };
    assemble(config, meta, None).await
}

/// `metaads migrate`.
pub async fn migrate(config: Config) -> anyhow::Result<()> {
    make_data_dir(&config.data_dir)?;
    open_store(&config).await?.close().await;
    println!("The database is at this version's schema.");
    Ok(())
}

/// Serves requests and does due work until `stop` resolves; then drains and closes the database.
pub async fn run(
    app: App,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let (halt, mut halted) = tokio::sync::watch::channel(false);
    let mut halted_too = halted.clone();
    let worker = tasks::spawn(worker::run(app.clone(), async move {
        let _ = halted_too.changed().await;
    }));
    let server = tasks::spawn(listen::serve(listener, routes::routes(app.clone()), async move {
        let _ = halted.changed().await;
    }));
    stop.await;
    tracing::info!("stopping: no new work, running work finishes");
    // Receivers that are gone have stopped already.
    let _ = halt.send(true);
    let drained = tokio::time::timeout(DRAIN, async { (server.await, worker.await) }).await;
    if drained.is_err() {
        tracing::warn!("some work did not finish in time; its leases run out by themselves");
    }
    app.store.close().await;
    Ok(())
}

/// Only for the user the service runs as: it holds password hashes, and in the demo the key.
fn make_data_dir(path: &std::path::Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("the data directory {} could not be created", path.display()))
}

/// The database and the keys of what it holds: for the service and for commands.
pub async fn store_and_keys(config: &mut Config) -> anyhow::Result<(Store, Keys)> {
    make_data_dir(&config.data_dir)?;
    let keyring = match config.keyring.take() {
        None if config.meta.is_none() && config.kek == KekChoice::Local => {
            Some(demo::keyring(&config.data_dir)?)
        }
        keyring => keyring,
    };
    let kek = KeyEncryptionKey::open(&config.kek, keyring, config.vault.as_ref()).await?;
    let store = open_store(config).await?;
    let keys = Keys::load(&store, kek, &Random::Os, Clock::System.now()).await?;
    Ok((store, keys))
}

async fn meta(config: &mut Config) -> anyhow::Result<(MetaApp, Option<metaads_sandbox::Sandbox>)> {
    if let Some(meta) = config.meta.clone() {
        warn_of_version(&meta);
        return Ok((meta, None));
    }
    let (sandbox, options) = demo::sandbox(&config.data_dir).await?;
    let instagram = (options.instagram_app_id.as_str(), options.instagram_app_secret.as_str());
    let meta = config.sandbox_app(&sandbox.url(), &options.app_id, &options.app_secret, instagram);
    config.login_config_id = Some(demo::LOGIN_CONFIG_ID.to_owned());
    Ok((meta, Some(sandbox)))
}

async fn open_store(config: &Config) -> anyhow::Result<Store> {
    let url = config.database_url.expose_secret();
    match Store::open(url).await {
        Ok(store) => Ok(store),
        Err(error) => {
            // The URL may hold a password; the cause of the driver does not repeat it.
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            let kind = if url.starts_with("sqlite:") { "the SQLite file" } else { "the PostgreSQL server" };
            bail!("{error} ({kind} that DATABASE_URL names: {cause})")
        }
    }
}

fn warn_of_version(meta: &MetaApp) {
    if let Some(warning) = crate::api_version::warning(&meta.version, Clock::System.now()) {
        tracing::error!(version = %meta.version, "{warning}");
    }
}

fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // Fails only where a test has set one up already.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

fn banner(app: &App) {
    let base = app.config.base();
    println!("\n  MetaAds  {base}\n");
    if let Some(sandbox) = &app.sandbox_url {
        println!("  This is a demo with a pretend Meta: nothing here reaches Facebook.");
        println!("  Data and a generated key are in {}.", app.config.data_dir.display());
        println!("  Controls of the pretend Meta: {sandbox}/_control");
        println!("  For the real one set META_APP_ID, META_APP_SECRET and ENCRYPTION_KEY (see README.md).\n");
    }
}

/// Resolves on SIGTERM or Ctrl-C.
pub async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate =
        signal(SignalKind::terminate()).expect("signals can be listened to inside the runtime");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
