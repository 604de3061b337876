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
use loopback::is_loopback;
use server::ServerConfig;
use source::{Mistakes, Source};

/// Variables of the documented interface that this version accepts and does nothing with yet.
const WITHOUT_EFFECT: [&str; 4] =
    ["SMTP_URL", "MAIL_FROM", "METAADS_METRICS_LISTEN", "OTEL_EXPORTER_OTLP_ENDPOINT"];

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
    /// Whether the demo may run; only where there is no Meta app.
    pub demo: DemoChoice,
    /// Variables that are set and have no effect yet.
    pub without_effect: Vec<&'static str>,
}

/// Whether the demo may run. An installation that has lost META_APP_ID must not become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoChoice {
    /// Nothing is configured, or METAADS_DEMO=1 asks for it.
    Allowed,
    /// This variable shows that something else was meant.
    RefusedBecauseOf(&'static str),
}

impl DemoChoice {
    fn read(source: &Source, server: &ServerConfig, mistakes: &mut Mistakes) -> DemoChoice {
        let is_asked_for = match source.text("METAADS_DEMO").as_deref() {
            None | Some("0") => false,
            Some("1") => true,
            Some(_) => {
                mistakes.add("METAADS_DEMO", "must be 1 or 0");
                false
            }
        };
        let of_an_installation = ["ENCRYPTION_KEY", "KEY_ENCRYPTION_KEY", "DATABASE_URL"];
        let found = of_an_installation.into_iter().find(|name| source.is_set(name));
        match found {
            _ if !is_loopback(&server.public_url) => DemoChoice::RefusedBecauseOf("PUBLIC_URL"),
            Some(name) if !is_asked_for => DemoChoice::RefusedBecauseOf(name),
            Some(_) | None => DemoChoice::Allowed,
        }
    }
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
            demo: DemoChoice::read(source, &server, &mut mistakes),
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
