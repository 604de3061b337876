//! Putting an App together from its configuration: for the service, and for commands beside it.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use metaads_graph::MetaApp;
use metaads_store::Store;
use secrecy::ExposeSecret as _;

use crate::accounts::passwords::Passwords;
use crate::app::{App, Parts};
use crate::clock::{Clock, WallClockTrust};
use crate::config::Config;
use crate::config::keys::KekChoice;
use crate::config::meta::sandbox_app;
use crate::demo;
use crate::keys::dek::Keys;
use crate::keys::kek::KeyEncryptionKey;
use crate::meta::Meta;
use crate::queue::{Claims, Signals};
use crate::random::Random;

/// The App of the service. `sandbox_url`: the built-in sandbox, in the demo.
pub async fn app(mut config: Config, meta: MetaApp, sandbox_url: Option<String>) -> anyhow::Result<App> {
    let (store, keys) = store_and_keys(&mut config).await?;
    Ok(App::new(Parts {
        store: store.with_apps(&meta.ids()),
        keys,
        meta: Meta::new(meta, Clock::System).context("the client for Meta could not be built")?,
        clock: Clock::System,
        random: Random::Os,
        passwords: Passwords::new(),
        signals: Signals::default(),
        claims: Claims::default(),
        wall_clock: WallClockTrust::default(),
        config,
        sandbox_url,
    }))
}

/// The App of a command beside the running service. In the demo the sandbox belongs to that service and is out of
/// reach.
pub async fn app_for_command(config: Config) -> anyhow::Result<App> {
    let unreachable = "http://127.0.0.1:9";
    let meta = config.meta.clone().unwrap_or_else(|| {
        sandbox_app(config.api_version, unreachable, &metaads_sandbox::Options::default())
    });
    app(config, meta, None).await
}

/// The database and its keys.
pub async fn store_and_keys(config: &mut Config) -> anyhow::Result<(Store, Keys)> {
    make_data_dir(&config.database.data_dir)?;
    let keyring = match config.keys.keyring.take() {
        None if config.meta.is_none() && config.keys.kek == KekChoice::Local => {
            Some(demo::keyring(&config.database.data_dir)?)
        }
        keyring => keyring,
    };
    let kek = KeyEncryptionKey::open(&config.keys.kek, keyring, config.keys.vault.as_ref()).await?;
    let store = open_store(config).await?;
    let keys = Keys::load(&store, kek, &Random::Os, Clock::System.now()).await?;
    Ok((store, keys))
}

/// Opens the database and brings its schema to this version.
pub async fn open_store(config: &Config) -> anyhow::Result<Store> {
    let url = config.database.url.expose_secret();
    match Store::open(url).await {
        Ok(store) => Ok(store),
        Err(error) => {
            // The URL may hold a password; the driver's cause does not repeat it.
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            let kind = if url.starts_with("sqlite:") { "the SQLite file" } else { "the PostgreSQL server" };
            bail!("{error} ({kind} that DATABASE_URL names: {cause})")
        }
    }
}

/// Only for the user that the service runs as: it holds password hashes, and in the demo the key.
pub fn make_data_dir(path: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("the data directory {} could not be created", path.display()))
}
