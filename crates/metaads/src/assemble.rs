//! Putting an App together from its configuration: for the service, and for commands beside it.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use metaads_graph::MetaApp;
use metaads_store::Store;
use secrecy::ExposeSecret as _;
use url::Url;

use crate::accounts::admins;
use crate::accounts::passwords::Passwords;
use crate::app::{App, Parts};
use crate::clock::{Clock, WallClockTrust};
use crate::config::Config;
use crate::config::keys::KekChoice;
use crate::config::loopback::is_loopback;
use crate::config::meta::sandbox_app;
use crate::demo;
use crate::keys::dek::{IfNothingOpens, Keys};
use crate::keys::kek::KeyEncryptionKey;
use crate::meta::Meta;
use crate::operator_notices::LastReports;
use crate::public_http::addresses::Allowed;
use crate::public_http::{self, Names, PublicHttp};
use crate::queue::Signals;
use crate::random::Random;
use crate::rate_limit::full_buckets::FullBuckets;

/// The App of the service. `sandbox_url`: the built-in sandbox, in the demo.
pub async fn app(mut config: Config, meta: MetaApp, sandbox_url: Option<String>) -> anyhow::Result<App> {
    let (store, keys) = store_and_keys(&mut config, IfNothingOpens::Refuse).await?;
    let app = App::new(Parts {
        store: store.with_apps(&meta.ids()),
        keys,
        meta: Meta::new(meta, Clock::System).context("the client for Meta could not be built")?,
        public_http: PublicHttp::new(Allowed::of(&config.server), Names::System, public_http::TIMEOUT)
            .context("the client for webhooks could not be built")?,
        clock: Clock::System,
        random: Random::Os,
        passwords: Passwords::new(),
        signals: Signals::default(),
        wall_clock: WallClockTrust::default(),
        full_buckets: FullBuckets::default(),
        last_reports: LastReports::default(),
        config,
        sandbox_url,
    });
    for user in admins::update_email_keys(&app).await? {
        tracing::warn!(%user, "the address of this user looks like another user's: only its exact spelling signs in");
    }
    Ok(app)
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
pub async fn store_and_keys(
    config: &mut Config,
    if_nothing_opens: IfNothingOpens,
) -> anyhow::Result<(Store, Keys)> {
    make_data_dir(&config.database.data_dir)?;
    let keyring = match config.keys.keyring.take() {
        None if config.meta.is_none() && config.keys.kek == KekChoice::Local => {
            Some(demo::keyring(&config.database.data_dir)?)
        }
        keyring => keyring,
    };
    let kek = KeyEncryptionKey::open(&config.keys.kek, keyring, config.keys.vault.as_ref()).await?;
    let store = open_store(config).await?;
    let keys = Keys::load(&store, kek, &Random::Os, Clock::System.now(), if_nothing_opens).await?;
    Ok((store, keys))
}

/// Opens the database and brings its schema to this version.
pub async fn open_store(config: &Config) -> anyhow::Result<Store> {
    let url = config.database.url.expose_secret();
    if let Some(path) = url.strip_prefix("sqlite://") {
        private_file(Path::new(path.split('?').next().unwrap_or(path)))?;
    }
    warn_of_plaintext(url);
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

/// The database file is for the user that the service runs as, in any directory. SQLite gives its other files the same
/// mode.
fn private_file(path: &Path) -> anyhow::Result<()> {
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    // A path that cannot be opened is reported by the database, with what to do.
    let Ok(file) = opened else { return Ok(()) };
    file.set_permissions(Permissions::from_mode(0o600))
        .with_context(|| format!("the database file {} could not be made private", path.display()))
}

/// Tokens are sealed in the database, but email addresses, sessions and names are not.
fn warn_of_plaintext(url: &str) {
    let Some(url) = Url::parse(url).ok().filter(|url| url.scheme().starts_with("postgres")) else { return };
    let mode = url.query_pairs().find(|(name, _)| name == "sslmode" || name == "ssl-mode");
    let mode = mode.map(|(_, value)| value.into_owned()).unwrap_or_default();
    let is_here =
        url.host_str().is_none_or(|host| host.is_empty() || host.starts_with('/')) || is_loopback(&url);
    if !is_here && !matches!(mode.as_str(), "require" | "verify-ca" | "verify-full") {
        tracing::error!(
            "DATABASE_URL leads beyond this machine without TLS: add ?sslmode=verify-full&sslrootcert=<file> to it"
        );
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
