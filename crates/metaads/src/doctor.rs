//! `metaads doctor`: checks everything that can be checked from here, and says how to fix what it finds. Its texts are
//! for the terminal only, so each is next to its check.

mod findings;

use anyhow::bail;
use metaads_graph::{AuthorizationCode, GraphError, Misconfiguration, Recovery, Subscription};
use secrecy::ExposeSecret as _;

use crate::api_version::VersionStatus;
use crate::app::App;
use crate::config::loopback::is_loopback;
use crate::config::source::Source;
use crate::config::{Config, DemoChoice};
use crate::doctor::findings::Findings;
use crate::keys::status::Status;
use crate::messages::operator_notices;
use crate::operator_notices::is_shown;
use crate::webhooks::inbox::SUBSCRIPTIONS;
use crate::{api_version, assemble};

const BASIC: &str = "compare META_APP_ID and META_APP_SECRET with App settings, Basic";

/// Runs all checks and prints the findings; an error if there is something to fix.
pub async fn run(source: &Source, is_subscribing: bool) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    match Config::read(source) {
        Ok(config) => check(config, is_subscribing, &mut findings).await,
        Err(mistakes) => {
            findings.fail(
                "configuration",
                mistakes.to_string().trim_end(),
                "fix these variables, then run this again",
            );
        }
    }
    print!("{}", findings.to_text());
    match findings.to_fix() {
        0 => {
            println!("Everything is fine.");
            Ok(())
        }
        1 => bail!("1 thing to fix"),
        more => bail!("{more} things to fix"),
    }
}

async fn check(config: Config, is_subscribing: bool, findings: &mut Findings) {
    findings.ok("configuration", "all variables are valid");
    if !config.without_effect.is_empty() {
        findings
            .note("configuration", format!("this version does not use {}", config.without_effect.join(", ")));
    }
    public_url(&config, findings);
    let is_demo = config.meta.is_none();
    let app = match assemble::app_for_command(config).await {
        Ok(app) => app,
        Err(error) => {
            findings.fail(
                "database and keys",
                format!("{error:#}"),
                "fix DATABASE_URL, ENCRYPTION_KEY or KEY_ENCRYPTION_KEY",
            );
            return;
        }
    };
    database(&app, findings).await;
    if is_demo {
        demo(&app, findings);
        return;
    }
    if meta_app(&app, findings).await {
        redirect_uri(&app, findings).await;
        instagram(&app, findings).await;
        webhooks(&app, is_subscribing, findings).await;
    }
    login(&app, findings);
    version(&app, findings);
}

fn public_url(config: &Config, findings: &mut Findings) {
    match (is_loopback(&config.server.public_url), config.meta.is_some()) {
        (false, _) => findings.ok("PUBLIC_URL", format!("browsers and Meta reach this service at {}", config.base())),
        (true, false) => findings.note("PUBLIC_URL", format!("{} is reachable from this machine only", config.base())),
        (true, true) => findings.warn(
            "PUBLIC_URL",
            format!("{} is reachable from this machine only: Meta accepts it while the app is in development, but cannot call it", config.base()),
            "set PUBLIC_URL to the https address at which others reach this service",
        ),
    }
}

fn demo(app: &App, findings: &mut Findings) {
    match app.config.demo {
        DemoChoice::Allowed => {
            findings.note("Meta app", "META_APP_ID is not set: this is the demo, with a pretend Meta");
        }
        DemoChoice::RefusedBecauseOf(name) => {
            let found = format!("META_APP_ID is not set, although {name} shows that this is no demo");
            findings.fail("Meta app", found, "set META_APP_ID and META_APP_SECRET");
        }
    }
}

async fn database(app: &App, findings: &mut Findings) {
    match app.check_database().await {
        Ok(()) => findings.ok("database", "accepts reads and writes, and has this version's schema"),
        Err(error) => findings.fail("database", error.to_string(), "check its disk, permissions and log"),
    }
    match Status::read(&app.store, &app.keys).await {
        Ok(status) if status.lost() > 0 => findings.fail(
            "keys",
            format!("{} stored values cannot be opened with the configured keys", status.lost()),
            "add the missing key to ENCRYPTION_KEY again (`metaads keys status` names it)",
        ),
        Ok(_) => findings.ok("keys", "the configured keys open every stored value"),
        Err(error) => findings.fail("keys", error.to_string(), "see `metaads keys status`"),
    }
    match app.store.is_administered().await {
        Ok(false) if app.config.meta.is_some() => findings.warn(
            "admins",
            "nobody is an admin",
            "run `metaads admin users create EMAIL --admin`, or open the setup link that `metaads serve` prints at its start",
        ),
        // The demo's first user becomes admin; an outage is reported above.
        Ok(_) | Err(_) => {}
    }
    let notices = app.store.list_notices().await.unwrap_or_default();
    for notice in notices.iter().filter(|notice| is_shown(notice)) {
        let since = crate::messages::format::day_and_time(notice.since);
        findings.warn(
            "the running service",
            format!("{} (since {since}, {} times)", operator_notices::detail(&notice.notice), notice.times),
            "see /admin; the notice disappears once Meta accepts calls again",
        );
    }
}

/// Whether id and secret are correct. Without them, further checks cannot work.
async fn meta_app(app: &App, findings: &mut Findings) -> bool {
    let id = &app.graph().app().app_id;
    match app.graph().read_app_name().await {
        Ok(name) => {
            findings.ok("Meta app", format!("{id} is “{name}”, and the secret is correct"));
            true
        }
        Err(error) => {
            // The app's token combines id and secret, so Meta does not say which of them is wrong.
            let remedy = match error.recovery() {
                Recovery::Operator(Misconfiguration::Secret | Misconfiguration::AppId) => BASIC.to_owned(),
                _ => remedy(&error),
            };
            findings.fail("Meta app", format!("Meta refuses {id}: {error}"), remedy);
            false
        }
    }
}

/// How to fix an error of Meta.
fn remedy(error: &GraphError) -> String {
    match error.recovery() {
        Recovery::Operator(misconfiguration) => misconfiguration.remedy().to_owned(),
        Recovery::RetryLater | Recovery::ReduceLimit => {
            "Meta could not be reached from here: try again, and check the network and META_GRAPH_URL"
                .to_owned()
        }
        Recovery::Wait(_) => "Meta's quotas are used up: try again in an hour".to_owned(),
        _ => BASIC.to_owned(),
    }
}

/// Exchanges a made-up code. Meta checks the redirect URI before the code, so an error about the code means that the URI
/// passed.
async fn redirect_uri(app: &App, findings: &mut Findings) {
    let (what, uri) = ("redirect URI", app.config.redirect_uri());
    let made_up = AuthorizationCode::new("doctor".to_owned());
    match app.graph().exchange_code(&made_up, &uri, None).await {
        Err(error) if error.recovery() == Recovery::LoginAgain => {
            findings.ok(what, format!("Meta accepts {uri}"));
            findings.note(what, "only a login shows whether it is listed exactly: see Facebook Login, Settings, Valid OAuth Redirect URIs");
        }
        Err(error) => findings.fail(what, format!("Meta refuses {uri}: {error}"), remedy(&error)),
        Ok(_) => findings.fail(
            what,
            "Meta issued a token for a made-up code",
            "META_GRAPH_URL does not point to Meta",
        ),
    }
}

async fn instagram(app: &App, findings: &mut Findings) {
    let Some(instagram) = &app.graph().app().instagram else { return };
    let made_up = AuthorizationCode::new("doctor".to_owned());
    let uri = app.config.instagram_redirect_uri();
    match app.graph().exchange_instagram_code(instagram, &made_up, &uri).await {
        Err(error) if error.recovery() == Recovery::LoginAgain => {
            findings.ok("Instagram app", format!("{} exists, and the secret is correct", instagram.app_id));
        }
        Err(error) => findings.fail(
            "Instagram app",
            format!("Instagram refuses {}: {error}", instagram.app_id),
            remedy(&error),
        ),
        Ok(_) => findings.fail(
            "Instagram app",
            "Instagram issued a token for a made-up code",
            "INSTAGRAM_API_URL does not point to Instagram",
        ),
    }
}

async fn webhooks(app: &App, is_subscribing: bool, findings: &mut Findings) {
    let what = "webhooks";
    let Some(verify_token) = &app.config.meta_login.webhook_verify_token else {
        findings.warn(
            what,
            "META_WEBHOOK_VERIFY_TOKEN is not set, so Meta's handshake is refused",
            "set it to any long random text, restart, and run `metaads doctor --subscribe`",
        );
        return;
    };
    let address = format!("{}/hooks/meta/events", app.config.base());
    if is_subscribing {
        for (object, fields) in SUBSCRIPTIONS {
            if let Err(error) =
                app.graph().subscribe(object, fields, &address, verify_token.expose_secret()).await
            {
                findings.fail(
                    what,
                    format!("the subscription to {object} failed: {error}"),
                    format!(
                        "is {address} reachable from outside, with this verify token? {}",
                        remedy(&error)
                    ),
                );
            }
        }
    }
    match app.graph().list_subscriptions().await {
        Ok(known) => {
            for (object, fields) in SUBSCRIPTIONS {
                subscription(
                    known.iter().find(|one| one.object == object),
                    object,
                    fields,
                    &address,
                    findings,
                );
            }
        }
        Err(error) => {
            findings.fail(what, format!("the subscriptions could not be read: {error}"), remedy(&error));
        }
    }
    let callbacks = format!("{0}/hooks/meta/deauthorize and {0}/hooks/meta/data-deletion", app.config.base());
    findings.note("callbacks", format!("Meta has no API for them; enter {callbacks} in the App Dashboard"));
}

fn subscription(
    known: Option<&Subscription>,
    object: &str,
    fields: &str,
    address: &str,
    findings: &mut Findings,
) {
    let (what, remedy) = ("webhooks", "run `metaads doctor --subscribe` while the service is running");
    let Some(known) = known else {
        findings.warn(what, format!("the app has not subscribed to {object}"), remedy);
        return;
    };
    let missing: Vec<&str> =
        fields.split(',').filter(|field| !known.fields.iter().any(|own| own == field)).collect();
    if known.callback_url != address {
        findings.warn(what, format!("{object} is sent to {}, not to {address}", known.callback_url), remedy);
    } else if !known.is_active {
        findings.warn(what, format!("the subscription to {object} is not active"), remedy);
    } else if !missing.is_empty() {
        findings.warn(what, format!("{object} lacks {}", missing.join(", ")), remedy);
    } else {
        findings.ok(what, format!("{object} is sent to {address}"));
    }
}

fn login(app: &App, findings: &mut Findings) {
    let config = &app.config;
    findings.note(
        "permissions",
        format!(
            "asked for: {}; App Review in the App Dashboard shows whether they are approved",
            config.meta_login.scopes.join(", ")
        ),
    );
    let lacks = |scope: &str| !config.meta_login.scopes.iter().any(|own| own == scope);
    if !lacks("ads_management") && (lacks("pages_show_list") || lacks("pages_read_engagement")) {
        findings.warn(
            "permissions",
            "ads_management depends on pages_show_list and pages_read_engagement, which are not in META_SCOPES",
            "add both to META_SCOPES",
        );
    }
    match &config.meta_login.config_id {
        Some(id) => findings.note(
            "Login for Business",
            format!("configuration {id} is used; only a login shows whether it is correct"),
        ),
        None => {
            findings.note(
                "Login for Business",
                "META_LOGIN_CONFIG_ID is not set, so connecting a business is not offered",
            );
        }
    }
    if config.meta_login.is_pkce {
        findings.note("PKCE", "META_PKCE is on: connect once to test it; if that ends with “This site isn’t set up for Meta yet”, the dialog drops the challenge, so turn it off");
    }
}

fn version(app: &App, findings: &mut Findings) {
    let pinned = app.graph().app().version;
    let what = "API version";
    let set = "set META_API_VERSION to a newer version and restart";
    match api_version::version_status(&pinned, app.now()) {
        VersionStatus::Served => {
            findings.ok(what, format!("{pinned}: {}", api_version::summary(&pinned, app.now())));
        }
        VersionStatus::EndsSoon { .. } => findings.warn(what, api_version::summary(&pinned, app.now()), set),
        VersionStatus::Ended { .. } => findings.fail(what, api_version::summary(&pinned, app.now()), set),
    }
    let report = app.graph().drain_usage();
    if let Some(served) = report.served_version {
        findings.fail(what, format!("Meta answered {pinned} calls as {served}"), set);
    }
    if let Some(warning) = report.version_warning {
        findings.warn(what, format!("Meta warns: {warning}"), set);
    }
}
