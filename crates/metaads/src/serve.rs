//! Running the service until the stop signal.

use std::time::Duration;

use anyhow::{Context as _, bail};
use metaads_graph::MetaApp;
use metaads_sandbox::Sandbox;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::accounts::links::{self, MadeLink};
use crate::app::App;
use crate::clock::Clock;
use crate::config::meta::sandbox_app;
use crate::config::{Config, DemoChoice};
use crate::listen::limits::Limits;
use crate::shutdown::stop_signal;
use crate::{assemble, demo, listen, routes, tasks, worker};

/// Requests and jobs that are running at the stop signal have this long to finish.
const DRAIN: Duration = Duration::from_secs(9);

/// `metaads serve`.
pub async fn serve(mut config: Config) -> anyhow::Result<()> {
    log_to_stderr();
    for name in &config.without_effect {
        tracing::warn!("{name} is set and has no effect in this version");
    }
    assemble::make_data_dir(&config.database.data_dir)?;
    let address = config.server.listen;
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("could not listen on {address}: is it in use? METAADS_LISTEN names another address")
    })?;
    let (meta, sandbox) = meta(&mut config).await?;
    let app = assemble::app(config, meta, sandbox.as_ref().map(Sandbox::url)).await?;
    if sandbox.is_some() && app.store.has_connections_of_other_apps().await? {
        bail!(
            "the database holds connections of a real Meta app, so the demo does not run on it: set META_APP_ID and META_APP_SECRET, or another METAADS_DATA_DIR"
        );
    }
    if let Some(sandbox) = &sandbox {
        demo::register_callbacks(sandbox, &format!("http://{}", listener.local_addr()?));
    }
    banner(&app, links::make_setup_link(&app).await?.as_ref());
    run(app, listener, stop_signal()).await?;
    drop(sandbox);
    Ok(())
}

/// `metaads migrate`.
pub async fn migrate(config: Config) -> anyhow::Result<()> {
    assemble::make_data_dir(&config.database.data_dir)?;
    assemble::open_store(&config).await?.close().await;
    println!("The database is at this version's schema.");
    Ok(())
}

/// Serves requests and runs due jobs until `stop` resolves; then drains and closes the database.
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
    let (routes, limits) = (routes::routes(app.clone()), Limits::default());
    let server = tasks::spawn(listen::serve(listener, app.clone(), routes, limits, async move {
        let _ = halted.changed().await;
    }));
    stop.await;
    tracing::info!("stopping: waiting for running requests and jobs");
    // Receivers that are gone have stopped already.
    let _ = halt.send(true);
    let drained = tokio::time::timeout(DRAIN, async { (server.await, worker.await) }).await;
    if drained.is_err() {
        tracing::warn!("some requests or jobs did not finish in time; the leases of the jobs will expire");
    }
    app.store.close().await;
    Ok(())
}

/// The Meta app, and in the demo the sandbox that plays it.
async fn meta(config: &mut Config) -> anyhow::Result<(MetaApp, Option<Sandbox>)> {
    if let Some(meta) = config.meta.clone() {
        warn_of_version(&meta);
        return Ok((meta, None));
    }
    if let DemoChoice::RefusedBecauseOf(name) = config.demo {
        bail!(
            "META_APP_ID is not set, and {name} shows that this is no demo: set META_APP_ID and META_APP_SECRET, or METAADS_DEMO=1 for the demo on a loopback PUBLIC_URL"
        );
    }
    let (sandbox, options) = demo::sandbox(&config.database.data_dir).await?;
    let meta = sandbox_app(config.api_version, &sandbox.url(), &options);
    config.meta_login.config_id = Some(demo::LOGIN_CONFIG_ID.to_owned());
    Ok((meta, Some(sandbox)))
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

fn banner(app: &App, setup: Option<&MadeLink>) {
    let base = app.config.base();
    println!("\n  MetaAds  {base}\n");
    if let Some(sandbox) = &app.sandbox_url {
        println!("  This is a demo with a pretend Meta: nothing here reaches Facebook.");
        println!("  Data and a generated key are in {}.", app.config.database.data_dir.display());
        println!("  Controls of the pretend Meta: {sandbox}/_control");
        println!(
            "  To use the real Meta, set META_APP_ID, META_APP_SECRET and ENCRYPTION_KEY (see README.md).\n"
        );
    }
    if let Some(setup) = setup {
        println!(
            "  Nobody is an admin yet. This link makes the first one, once, within {} hours:",
            links::setup_hours()
        );
        println!("  {}\n", setup.url);
    }
}
