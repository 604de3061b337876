//! The Meta app: id, secret, API version and hosts.

use std::time::Duration;

use metaads_graph::{AppId, AppSecret, GraphVersion, InstagramApp, MetaApp};
use url::Url;

use crate::config::loopback::is_loopback;
use crate::config::source::{Mistakes, Source};

/// Meta's own hosts.
const DIALOG_URL: &str = "https://www.facebook.com";
const GRAPH_URL: &str = "https://graph.facebook.com";
const INSTAGRAM_URL: &str = "https://graph.instagram.com";
const INSTAGRAM_DIALOG_URL: &str = "https://www.instagram.com";
const INSTAGRAM_API_URL: &str = "https://api.instagram.com";

/// Variables that mean something only together with META_APP_ID.
const OF_THE_APP: [&str; 12] = [
    "META_APP_SECRET",
    "META_APP_SECRET_PREVIOUS",
    "METAADS_META_PROXY",
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

/// One call to Graph may take this long; the callback as a whole answers within 20 seconds.
const GRAPH_TIMEOUT: Duration = Duration::from_secs(9);

/// `META_API_VERSION`.
pub(super) fn api_version(source: &Source, mistakes: &mut Mistakes) -> GraphVersion {
    source.with("META_API_VERSION", GraphVersion::NEWEST, mistakes, |text| {
        GraphVersion::parse(text).map_err(|error| error.to_string())
    })
}

/// The Meta app that the built-in sandbox plays.
pub fn sandbox_app(version: GraphVersion, url: &str, options: &metaads_sandbox::Options) -> MetaApp {
    let url: Url = url.parse().expect("the sandbox's own address is a URL");
    let digits = "the sandbox's app ids consist of digits";
    MetaApp {
        app_id: AppId::parse(&options.app_id).expect(digits),
        app_secret: AppSecret::new(options.app_secret.clone()),
        previous_app_secret: None,
        proxy: None,
        version,
        dialog_url: url.clone(),
        instagram_url: url.clone(),
        instagram: Some(InstagramApp {
            app_id: AppId::parse(&options.instagram_app_id).expect(digits),
            app_secret: AppSecret::new(options.instagram_app_secret.clone()),
            dialog_url: url.clone(),
            api_url: url.clone(),
        }),
        graph_url: url,
        timeout: GRAPH_TIMEOUT,
    }
}

/// None: the demo.
pub(super) fn meta_app(source: &Source, version: GraphVersion, mistakes: &mut Mistakes) -> Option<MetaApp> {
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
        AppId::parse(&app_id).map_err(|_| mistakes.add("META_APP_ID", "must consist of digits")).ok();
    if secret.is_none() {
        mistakes.add("META_APP_SECRET", "is missing: META_APP_ID is set (App settings, Basic, App secret)");
    }
    let app_secret = AppSecret::new(secret?);
    Some(MetaApp {
        app_id: app_id?,
        app_secret,
        previous_app_secret: source.secret("META_APP_SECRET_PREVIOUS", mistakes).map(AppSecret::new),
        proxy: proxy(source, mistakes),
        version,
        dialog_url,
        graph_url,
        instagram_url,
        instagram,
        timeout: GRAPH_TIMEOUT,
    })
}

/// `METAADS_META_PROXY`. It may hold a password.
fn proxy(source: &Source, mistakes: &mut Mistakes) -> Option<Url> {
    let text = source.secret("METAADS_META_PROXY", mistakes)?;
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if url.is_none() {
        mistakes.add("METAADS_META_PROXY", "must be an http:// or https:// URL");
    }
    url
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
        AppId::parse(&app_id?).map_err(|_| mistakes.add("INSTAGRAM_APP_ID", "must consist of digits"));
    let app_secret = AppSecret::new(secret?);
    Some(InstagramApp { app_id: app_id.ok()?, app_secret, dialog_url, api_url })
}

fn meta_base(source: &Source, name: &'static str, default: &str, mistakes: &mut Mistakes) -> Url {
    let url: Url = source.parsed(name, default, "a URL without a version", mistakes);
    let is_secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if !is_secure {
        mistakes.add(name, "must be https unless its host is loopback");
    }
    if url.query().is_some() || url.fragment().is_some() {
        mistakes.add(name, "must have no query and no fragment");
    }
    url
}
