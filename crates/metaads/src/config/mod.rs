//! Configuration: environment variables, `.env`, and `NAME_FILE` for secrets; one file per section. All mistakes are
//! reported at once, by name; a value that may be secret is never repeated. Never changed after parsing.

pub mod accounts;
pub mod database;
pub mod jobs;
pub mod keys;
pub mod login;
pub mod loopback;
pub mod meta;
pub mod server;
pub mod source;

use metaads_graph::{GraphVersion, MetaApp};

use accounts::AccountsConfig;
use database::DatabaseConfig;
use jobs::JobsConfig;
use keys::KeysConfig;
use login::LoginConfig;
use server::ServerConfig;
use source::{Mistakes, Source};

/// Variables of the documented interface that this version accepts and does nothing with yet.
const WITHOUT_EFFECT: [&str; 3] = ["SMTP_URL", "METAADS_METRICS_LISTEN", "OTEL_EXPORTER_OTLP_ENDPOINT"];

#[derive(Debug)]
pub struct Config {
    pub server: ServerConfig,
    pub database: DatabaseConfig,
    pub keys: KeysConfig,
    pub accounts: AccountsConfig,
    pub jobs: JobsConfig,
    /// The Meta app; None: the demo, with the built-in sandbox.
    pub meta: Option<MetaApp>,
    pub meta_login: LoginConfig,
    /// `META_API_VERSION`.
    pub api_version: GraphVersion,
    /// Variables that are set and have no effect yet.
    pub without_effect: Vec<&'static str>,
}

impl Config {
    /// Reads everything and reports every mistake.
    pub fn read(source: &Source) -> Result<Config, Mistakes> {
        let mut mistakes = Mistakes::default();
        let server = ServerConfig::read(source, &mut mistakes);
        let api_version = meta::api_version(source, &mut mistakes);
        let config = Config {
            database: DatabaseConfig::read(source, &mut mistakes),
            keys: KeysConfig::read(source, &mut mistakes),
            accounts: AccountsConfig::read(source, &server, &mut mistakes),
            jobs: JobsConfig::read(source, &mut mistakes),
            meta: meta::meta_app(source, api_version, &mut mistakes),
            meta_login: LoginConfig::read(source, &mut mistakes),
            without_effect: WITHOUT_EFFECT.into_iter().filter(|name| source.is_set(name)).collect(),
            api_version,
            server,
        };
        if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
    }

    /// The one redirect URI of Facebook Login.
    pub fn redirect_uri(&self) -> String {
        format!("{}/connect/meta/callback", self.base())
    }

    /// The one redirect URI of Instagram Login.
    pub fn instagram_redirect_uri(&self) -> String {
        format!("{}/connect/instagram/callback", self.base())
    }

    /// `PUBLIC_URL` without its trailing slash.
    pub fn base(&self) -> &str {
        self.server.public_url.as_str().trim_end_matches('/')
    }

    pub fn is_https(&self) -> bool {
        self.server.public_url.scheme() == "https"
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
