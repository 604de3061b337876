//! Configuration: environment variables, `.env`, and `NAME_FILE` for secrets. All mistakes are
//! reported at once, by name; a value that may be secret is never repeated.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use metaads_graph::{AppId, AppSecret, GraphVersion, InstagramApp, MetaApp};
use metaads_vault::Keyring;
use url::Url;

pub mod keys;
pub mod source;

use keys::{KekChoice, VaultAccess};
pub use source::{Mistakes, Source};

/// Meta's own hosts.
const DIALOG_URL: &str = "https://www.facebook.com";
const GRAPH_URL: &str = "https://graph.facebook.com";
const INSTAGRAM_URL: &str = "https://graph.instagram.com";
const INSTAGRAM_DIALOG_URL: &str = "https://www.instagram.com";
const INSTAGRAM_API_URL: &str = "https://api.instagram.com";

/// Asked for where META_SCOPES says nothing else.
const SCOPES: &str =
    "ads_management,ads_read,business_management,pages_read_engagement,pages_show_list,instagram_basic";
/// Of these a connection needs every one that is asked for.
const REQUIRED_SCOPES: [&str; 4] =
    ["ads_management", "ads_read", "business_management", "pages_read_engagement"];

/// Named by the interface, and not built yet: whoever sets them is told.
const LATER: [&str; 3] = ["SMTP_URL", "METAADS_METRICS_LISTEN", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// They say something only where META_APP_ID does.
const OF_THE_APP: [&str; 10] = [
    "META_APP_SECRET",
    "META_LOGIN_CONFIG_ID",
    "META_WEBHOOK_VERIFY_TOKEN",
    "META_DIALOG_URL",
    "META_GRAPH_URL",
    "INSTAGRAM_APP_ID",
    "INSTAGRAM_APP_SECRET",
    "INSTAGRAM_DIALOG_URL",
    "INSTAGRAM_API_URL",
    "INSTAGRAM_GRAPH_URL",
];

/// How long one call to Graph may take; the callback as a whole answers within 20 seconds.
const GRAPH_DEADLINE: Duration = Duration::from_secs(9);

#[derive(Debug)]
pub struct Config {
    /// `METAADS_LISTEN`: address of the web service.
    pub listen: SocketAddr,
    /// `PUBLIC_URL`: what browsers and Meta see, without a trailing slash.
    pub public_url: Url,
    /// `METAADS_DATA_DIR`: SQLite file, and in demo mode key and sandbox state.
    pub data_dir: PathBuf,
    /// `DATABASE_URL`; may hold a password, so it is never shown.
    pub database_url: secrecy::SecretString,
    /// None: demo mode, with the built-in sandbox.
    pub meta: Option<MetaApp>,
    /// `ENCRYPTION_KEY`; None only in demo mode, where one is generated.
    pub keyring: Option<Keyring>,
    /// `KEY_ENCRYPTION_KEY`: what wraps the data keys.
    pub kek: KekChoice,
    /// `VAULT_ADDR` and `VAULT_TOKEN`, for `transit:`.
    pub vault: Option<VaultAccess>,
    /// `META_LOGIN_CONFIG_ID`: the configuration of Facebook Login for Business.
    pub login_config_id: Option<String>,
    /// `META_WEBHOOK_VERIFY_TOKEN`; None: Meta's handshake is refused.
    pub verify_token: Option<secrecy::SecretString>,
    /// `META_SCOPES`.
    pub scopes: Vec<String>,
    /// `META_PKCE`.
    pub is_pkce: bool,
    /// `META_API_VERSION`.
    pub version: GraphVersion,
    /// `METAADS_ADMIN_EMAILS`, lower case; empty: the first registered user is admin.
    pub admin_emails: Vec<String>,
    /// `METAADS_JOBS_INTERVAL`.
    pub jobs_interval: Duration,
    /// `METAADS_REGISTRATION`.
    pub registration: Registration,
    /// `METAADS_SIGNIN_LIMITS`.
    pub is_throttling: bool,
    /// Variables that are set and that this version does nothing with yet.
    pub without_effect: Vec<&'static str>,
    /// `METAADS_TRUSTED_PROXIES`: whose `X-Forwarded-For` is believed, beside the loopback's.
    pub trusted_proxies: Vec<std::net::IpAddr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    Open,
    Invite,
    Closed,
}

impl Config {
    /// Reads everything and reports every mistake.
    pub fn read(source: &Source) -> Result<Config, Mistakes> {
        let mut mistakes = Mistakes::default();
        let listen: SocketAddr = source.parsed(
            "METAADS_LISTEN",
            "127.0.0.1:3000",
            "an address and port such as 127.0.0.1:3000",
            &mut mistakes,
        );
        let public_url = public_url(source, listen.port(), &mut mistakes);
        let data_dir = PathBuf::from(source.text("METAADS_DATA_DIR").unwrap_or_else(|| "./data".to_owned()));
        let version: GraphVersion =
            source.with("META_API_VERSION", GraphVersion::NEWEST, &mut mistakes, |text| {
                GraphVersion::parse(text).map_err(|error| error.to_string())
            });
        let meta = meta_app(source, version, &mut mistakes);
        let kek = source.with("KEY_ENCRYPTION_KEY", KekChoice::Local, &mut mistakes, KekChoice::parse);
        let needs_key = kek == KekChoice::Local && source.text("META_APP_ID").is_some();
        let keyring = keys::keyring(source, needs_key, &mut mistakes);
        let vault = keys::vault(source, &kek, &mut mistakes);
        let is_throttling = source.switch("METAADS_SIGNIN_LIMITS", true, &mut mistakes);
        if !is_throttling && !is_loopback(&public_url) {
            mistakes.add("METAADS_SIGNIN_LIMITS", "may be off only where PUBLIC_URL's host is loopback");
        }
        let config = Config {
            database_url: database_url(source, &data_dir, &mut mistakes).into(),
            login_config_id: login_config_id(source, &mut mistakes),
            verify_token: source.secret("META_WEBHOOK_VERIFY_TOKEN", &mut mistakes).map(Into::into),
            scopes: scopes(source, &mut mistakes),
            is_pkce: source.switch("META_PKCE", false, &mut mistakes),
            admin_emails: source
                .list("METAADS_ADMIN_EMAILS")
                .iter()
                .map(|email| email.to_lowercase())
                .collect(),
            jobs_interval: source.with(
                "METAADS_JOBS_INTERVAL",
                Duration::from_secs(30),
                &mut mistakes,
                duration,
            ),
            registration: registration(source, &mut mistakes),
            trusted_proxies: source.with("METAADS_TRUSTED_PROXIES", Vec::new(), &mut mistakes, addresses),
            without_effect: LATER.into_iter().filter(|name| source.is_set(name)).collect(),
            listen,
            public_url,
            data_dir,
            meta,
            keyring,
            kek,
            vault,
            version,
            is_throttling,
        };
        if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
    }

    /// The one redirect URI of the Facebook login.
    pub fn redirect_uri(&self) -> String {
        format!("{}/connect/meta/callback", self.base())
    }

    /// The one redirect URI of Instagram Login.
    pub fn instagram_redirect_uri(&self) -> String {
        format!("{}/connect/instagram/callback", self.base())
    }

    /// `PUBLIC_URL` without its trailing slash.
    pub fn base(&self) -> &str {
        self.public_url.as_str().trim_end_matches('/')
    }

    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// Permissions without which a connection is marked as incomplete.
    pub fn required_scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().map(String::as_str).filter(|scope| REQUIRED_SCOPES.contains(scope))
    }

    /// Whether a permission is one of the needed ones.
    pub fn is_required(&self, scope: &str) -> bool {
        self.required_scopes().any(|required| required == scope)
    }

    /// The Meta app that the built-in sandbox plays.
    pub fn sandbox_app(&self, url: &str, app_id: &str, app_secret: &str, instagram: (&str, &str)) -> MetaApp {
        let url: Url = url.parse().expect("the sandbox's own address is a URL");
        MetaApp {
            app_id: AppId::parse(app_id).expect("the sandbox's app id is made of digits"),
            app_secret: AppSecret::new(app_secret.to_owned()),
            version: self.version,
            dialog_url: url.clone(),
            instagram_url: url.clone(),
            instagram: Some(InstagramApp {
                app_id: AppId::parse(instagram.0).expect("the sandbox's app ids are made of digits"),
                app_secret: AppSecret::new(instagram.1.to_owned()),
                dialog_url: url.clone(),
                api_url: url.clone(),
            }),
            graph_url: url,
            deadline: GRAPH_DEADLINE,
        }
    }
}

fn public_url(source: &Source, port: u16, mistakes: &mut Mistakes) -> Url {
    let preset = format!("http://localhost:{port}");
    let url: Url = source.parsed("PUBLIC_URL", &preset, "a URL such as https://ads.example.com", mistakes);
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        mistakes.add("PUBLIC_URL", "must be an http or https address");
    } else if url.scheme() == "http" && !is_loopback(&url) {
        mistakes.add("PUBLIC_URL", "must be https unless its host is localhost");
    } else if url.path() != "/"
        || url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
    {
        mistakes.add("PUBLIC_URL", "must be scheme, host and port only");
    }
    url
}

fn meta_app(source: &Source, version: GraphVersion, mistakes: &mut Mistakes) -> Option<MetaApp> {
    let dialog_url = meta_base(source, "META_DIALOG_URL", DIALOG_URL, mistakes);
    let graph_url = meta_base(source, "META_GRAPH_URL", GRAPH_URL, mistakes);
    let instagram_url = meta_base(source, "INSTAGRAM_GRAPH_URL", INSTAGRAM_URL, mistakes);
    let instagram = instagram_app(source, mistakes);
    let secret = source.secret("META_APP_SECRET", mistakes);
    let Some(app_id) = source.text("META_APP_ID") else {
        for name in OF_THE_APP {
            if source.is_set(name) {
                mistakes.add(name, "is set, but META_APP_ID is not: set it too, or neither for the demo");
            }
        }
        return None;
    };
    let app_id =
        AppId::parse(&app_id).map_err(|_| mistakes.add("META_APP_ID", "must be made of digits")).ok();
    if secret.is_none() {
        mistakes.add("META_APP_SECRET", "is missing: META_APP_ID is set (App settings, Basic, App secret)");
    }
    let app_secret = AppSecret::new(secret?);
    let (app_id, deadline) = (app_id?, GRAPH_DEADLINE);
    Some(MetaApp { app_id, app_secret, version, dialog_url, graph_url, instagram_url, instagram, deadline })
}

fn instagram_app(source: &Source, mistakes: &mut Mistakes) -> Option<InstagramApp> {
    let dialog_url = meta_base(source, "INSTAGRAM_DIALOG_URL", INSTAGRAM_DIALOG_URL, mistakes);
    let api_url = meta_base(source, "INSTAGRAM_API_URL", INSTAGRAM_API_URL, mistakes);
    let (app_id, secret) = (source.text("INSTAGRAM_APP_ID"), source.secret("INSTAGRAM_APP_SECRET", mistakes));
    match (&app_id, &secret) {
        (Some(_), None) => mistakes.add("INSTAGRAM_APP_SECRET", "is missing: INSTAGRAM_APP_ID is set"),
        (None, Some(_)) => mistakes.add("INSTAGRAM_APP_ID", "is missing: INSTAGRAM_APP_SECRET is set"),
        _ => {}
    }
    let app_id =
        AppId::parse(&app_id?).map_err(|_| mistakes.add("INSTAGRAM_APP_ID", "must be made of digits"));
    let app_secret = AppSecret::new(secret?);
    Some(InstagramApp { app_id: app_id.ok()?, app_secret, dialog_url, api_url })
}

fn login_config_id(source: &Source, mistakes: &mut Mistakes) -> Option<String> {
    let id = source.text("META_LOGIN_CONFIG_ID")?;
    if AppId::parse(&id).is_err() {
        mistakes.add(
            "META_LOGIN_CONFIG_ID",
            "must be made of digits (Facebook Login for Business, Configurations)",
        );
    }
    Some(id)
}

fn meta_base(source: &Source, name: &'static str, preset: &str, mistakes: &mut Mistakes) -> Url {
    let url: Url = source.parsed(name, preset, "a URL without a version", mistakes);
    let is_secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if !is_secure {
        mistakes.add(name, "must be https unless its host is loopback");
    }
    if url.query().is_some() || url.fragment().is_some() {
        mistakes.add(name, "must have no query and no fragment");
    }
    url
}

fn database_url(source: &Source, data_dir: &std::path::Path, mistakes: &mut Mistakes) -> String {
    match source.secret("DATABASE_URL", mistakes) {
        Some(url) => {
            if !["sqlite://", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
                mistakes.add("DATABASE_URL", "must start with sqlite:// or postgres://");
            }
            url
        }
        None => format!("sqlite://{}/metaads.db", data_dir.display()),
    }
}

fn scopes(source: &Source, mistakes: &mut Mistakes) -> Vec<String> {
    let text = source.text("META_SCOPES").unwrap_or_else(|| SCOPES.to_owned());
    let scopes: Vec<String> =
        text.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let is_name = |scope: &String| scope.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if scopes.is_empty() || !scopes.iter().all(is_name) {
        mistakes.add("META_SCOPES", "must be permission names such as ads_read, separated by commas");
    } else if scopes.iter().any(|scope| scope.starts_with("instagram_business_")) {
        mistakes.add(
            "META_SCOPES",
            "instagram_business_* belongs to Instagram Login; Facebook's dialog refuses it",
        );
    }
    scopes
}

fn registration(source: &Source, mistakes: &mut Mistakes) -> Registration {
    source.with("METAADS_REGISTRATION", Registration::Open, mistakes, |text| match text {
        "open" => Ok(Registration::Open),
        "invite" => Ok(Registration::Invite),
        "closed" => Ok(Registration::Closed),
        _ => Err("must be open, invite or closed".to_owned()),
    })
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "must be a time such as 30s, 500ms or 2m".to_owned();
    let digits = text.find(|character: char| !character.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let millis = match unit {
        "ms" => number,
        "s" => number.saturating_mul(1000),
        "m" => number.saturating_mul(60_000),
        _ => return Err(wrong()),
    };
    if (100..=3_600_000).contains(&millis) { Ok(Duration::from_millis(millis)) } else { Err(wrong()) }
}

fn addresses(text: &str) -> Result<Vec<std::net::IpAddr>, String> {
    text.split(',')
        .map(|part| part.trim().parse().map_err(|_| "must be IP addresses, separated by commas".to_owned()))
        .collect()
}

/// Whether a URL's host is this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
