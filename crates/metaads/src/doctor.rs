//! `metaads doctor`: looks at everything that can be looked at from here, and says what to do about it.

use std::fmt::Write as _;

use anyhow::bail;
use metaads_graph::{AuthorizationCode, GraphError, Misconfiguration, Recovery, Subscription};
use secrecy::ExposeSecret as _;

use crate::app::App;
use crate::config::Config;
use crate::config::loopback::is_loopback;
use crate::config::source::Source;
use crate::keys::status::Status;
use crate::webhooks::inbox::SUBSCRIPTIONS;
use crate::{api_version, assemble};

const BASIC: &str = "compare META_APP_ID and META_APP_SECRET with App settings, Basic";

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Well,
    /// Cannot be known from here, or is as somebody wants it.
    Note,
    /// Works now, and somebody has to do something.
    Soon,
    Bad,
}

#[derive(Debug)]
struct Diagnostic {
    verdict: Verdict,
    what: &'static str,
    text: String,
    /// What to do; empty: nothing.
    remedy: String,
}

/// What was found so far.
#[derive(Debug, Default)]
struct Findings(Vec<Diagnostic>);

impl Findings {
    fn well(&mut self, what: &'static str, text: impl Into<String>) {
        self.add(Verdict::Well, what, text, "");
    }

    fn note(&mut self, what: &'static str, text: impl Into<String>) {
        self.add(Verdict::Note, what, text, "");
    }

    fn soon(&mut self, what: &'static str, text: impl Into<String>, remedy: impl Into<String>) {
        self.add(Verdict::Soon, what, text, remedy);
    }

    fn bad(&mut self, what: &'static str, text: impl Into<String>, remedy: impl Into<String>) {
        self.add(Verdict::Bad, what, text, remedy);
    }

    fn add(
        &mut self,
        verdict: Verdict,
        what: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.0.push(Diagnostic { verdict, what, text: text.into(), remedy: remedy.into() });
    }

    fn wrong(&self) -> usize {
        self.0.iter().filter(|one| matches!(one.verdict, Verdict::Soon | Verdict::Bad)).count()
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        for Diagnostic { verdict, what, text: found, remedy } in &self.0 {
            let mark = match verdict {
                Verdict::Well => "ok  ",
                Verdict::Note => "note",
                Verdict::Soon => "soon",
                Verdict::Bad => "BAD ",
            };
            let _ = writeln!(text, "{mark}  {what}: {found}");
            if !remedy.is_empty() {
                let _ = writeln!(text, "      do: {remedy}");
            }
        }
        text
    }
}

/// Examines everything and prints it; an error where something has to be done.
pub async fn run(source: &Source, is_subscribing: bool) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    match Config::read(source) {
        Ok(config) => examine(config, is_subscribing, &mut findings).await,
        Err(mistakes) => {
            findings.bad(
                "configuration",
                mistakes.to_string().trim_end(),
                "mend these variables, then run this again",
            );
        }
    }
    print!("{}", findings.to_text());
    match findings.wrong() {
        0 => {
            println!("All is well.");
            Ok(())
        }
        1 => bail!("1 thing has to be done"),
        more => bail!("{more} things have to be done"),
    }
}

async fn examine(config: Config, is_subscribing: bool, findings: &mut Findings) {
    findings.well("configuration", "every variable was understood");
    if !config.without_effect.is_empty() {
        findings.note(
            "configuration",
            format!("this version does nothing with {}", config.without_effect.join(", ")),
        );
    }
    public_url(&config, findings);
    let is_demo = config.meta.is_none();
    let app = match assemble::app_for_command(config).await {
        Ok(app) => app,
        Err(error) => {
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            findings.bad(
                "database and keys",
                causes.join(": "),
                "mend DATABASE_URL, ENCRYPTION_KEY or KEY_ENCRYPTION_KEY",
            );
            return;
        }
    };
    database(&app, findings).await;
    if is_demo {
        findings.note("Meta app", "META_APP_ID is not set: this is the demo, with a pretend Meta");
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
        (false, _) => findings.well("PUBLIC_URL", format!("{} is what browsers and Meta see", config.base())),
        (true, false) => findings.note("PUBLIC_URL", format!("{} reaches this machine only", config.base())),
        (true, true) => findings.soon(
            "PUBLIC_URL",
            format!("{} reaches this machine only: Meta takes it while the app is in development, and cannot call it", config.base()),
            "set PUBLIC_URL to the https address under which others reach this service",
        ),
    }
}

async fn database(app: &App, findings: &mut Findings) {
    match app.store.ping(app.now()).await {
        Ok(()) => findings.well("database", "takes reads and writes, and has this version's schema"),
        Err(error) => findings.bad("database", error.to_string(), "look at its disk, its rights and its log"),
    }
    match Status::read(&app.store, &app.keys).await {
        Ok(status) if status.lost() > 0 => findings.bad(
            "keys",
            format!("{} stored values cannot be opened with the configured keys", status.lost()),
            "put the missing key back into ENCRYPTION_KEY (`metaads keys status` names it)",
        ),
        Ok(_) => findings.well("keys", "open everything that is stored"),
        Err(error) => findings.bad("keys", error.to_string(), "see `metaads keys status`"),
    }
    for notice in app.store.list_notices().await.unwrap_or_default() {
        let since = crate::messages::format::day_and_time(notice.since);
        findings.soon(
            "the running service",
            format!("{} (since {since}, {} times)", notice.notice.detail(), notice.times),
            "see /admin; it is cleared once Meta answers well again",
        );
    }
}

/// Whether id and secret are the app's. Without them there is no use in asking more.
async fn meta_app(app: &App, findings: &mut Findings) -> bool {
    let id = &app.graph().app().app_id;
    match app.graph().read_app_name().await {
        Ok(name) => {
            findings.well("Meta app", format!("{id} is “{name}”, and the secret fits"));
            true
        }
        Err(error) => {
            // Id and secret go together in the app's token: which of them is wrong, Meta does not say.
            let remedy = match error.recovery() {
                Recovery::Operator(Misconfiguration::Secret | Misconfiguration::AppId) => BASIC.to_owned(),
                _ => remedy(&error),
            };
            findings.bad("Meta app", format!("Meta refuses {id}: {error}"), remedy);
            false
        }
    }
}

/// What to do about an error of Meta's.
fn remedy(error: &GraphError) -> String {
    match error.recovery() {
        Recovery::Operator(fault) => fault.remedy().to_owned(),
        Recovery::RetryLater | Recovery::ReduceLimit => {
            "Meta could not be reached from here: try again, and look at the network and META_GRAPH_URL"
                .to_owned()
        }
        Recovery::Wait(_) => "Meta's limits are used up: try again in an hour".to_owned(),
        _ => BASIC.to_owned(),
    }
}

/// A code that nobody was given is refused for being one; a redirect URI that is not listed is refused before.
async fn redirect_uri(app: &App, findings: &mut Findings) {
    let (what, uri) = ("redirect URI", app.config.redirect_uri());
    let made_up = AuthorizationCode::new("doctor".to_owned());
    match app.graph().exchange_code(&made_up, &uri, None).await {
        Err(error) if error.recovery() == Recovery::LoginAgain => {
            findings.well(what, format!("Meta raises no objection to {uri}"));
            findings.note(what, "only a login shows whether it is listed exactly: Facebook Login, Settings, Valid OAuth Redirect URIs");
        }
        Err(error) => findings.bad(what, format!("Meta refuses {uri}: {error}"), remedy(&error)),
        Ok(_) => findings.bad(
            what,
            "Meta gave a token for a code that was made up",
            "META_GRAPH_URL does not lead to Meta",
        ),
    }
}

async fn instagram(app: &App, findings: &mut Findings) {
    let Some(instagram) = &app.graph().app().instagram else { return };
    let made_up = AuthorizationCode::new("doctor".to_owned());
    let uri = app.config.instagram_redirect_uri();
    match app.graph().exchange_instagram_code(instagram, &made_up, &uri).await {
        Err(error) if error.recovery() == Recovery::LoginAgain => {
            findings.well("Instagram app", format!("{} is known, and the secret fits", instagram.app_id));
        }
        Err(error) => findings.bad(
            "Instagram app",
            format!("Instagram refuses {}: {error}", instagram.app_id),
            remedy(&error),
        ),
        Ok(_) => findings.bad(
            "Instagram app",
            "Instagram gave a token for a code that was made up",
            "INSTAGRAM_API_URL does not lead to Instagram",
        ),
    }
}

async fn webhooks(app: &App, is_subscribing: bool, findings: &mut Findings) {
    let what = "webhooks";
    let Some(verify_token) = &app.config.meta_login.webhook_verify_token else {
        findings.soon(
            what,
            "META_WEBHOOK_VERIFY_TOKEN is not set, so Meta's handshake is refused",
            "set it to any long text, restart, and run `metaads doctor --subscribe`",
        );
        return;
    };
    let address = format!("{}/hooks/meta/events", app.config.base());
    if is_subscribing {
        for (object, fields) in SUBSCRIPTIONS {
            if let Err(error) =
                app.graph().subscribe(object, fields, &address, verify_token.expose_secret()).await
            {
                findings.bad(
                    what,
                    format!("Meta could not subscribe to {object}: {error}"),
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
            findings.bad(what, format!("the subscriptions could not be read: {error}"), remedy(&error));
        }
    }
    let callbacks = format!("{0}/hooks/meta/deauthorize and {0}/hooks/meta/data-deletion", app.config.base());
    findings.note(
        "callbacks",
        format!("Meta does not tell them to programs; enter {callbacks} in the App Dashboard"),
    );
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
        findings.soon(what, format!("the app has not subscribed to {object}"), remedy);
        return;
    };
    let missing: Vec<&str> =
        fields.split(',').filter(|field| !known.fields.iter().any(|own| own == field)).collect();
    if known.callback_url != address {
        findings.soon(what, format!("{object} goes to {}, not to {address}", known.callback_url), remedy);
    } else if !known.is_active {
        findings.soon(what, format!("the subscription to {object} is not active"), remedy);
    } else if !missing.is_empty() {
        findings.soon(what, format!("{object} lacks {}", missing.join(", ")), remedy);
    } else {
        findings.well(what, format!("{object} comes to {address}"));
    }
}

fn login(app: &App, findings: &mut Findings) {
    let config = &app.config;
    findings.note(
        "permissions",
        format!(
            "asked for: {}; whether they are approved, App Review in the App Dashboard says",
            config.meta_login.scopes.join(", ")
        ),
    );
    let lacks = |scope: &str| !config.meta_login.scopes.iter().any(|own| own == scope);
    if !lacks("ads_management") && (lacks("pages_show_list") || lacks("pages_read_engagement")) {
        findings.soon(
            "permissions",
            "ads_management depends on pages_show_list and pages_read_engagement, which META_SCOPES leaves out",
            "add both to META_SCOPES",
        );
    }
    match &config.meta_login.config_id {
        Some(id) => findings.note(
            "Login for Business",
            format!("configuration {id} is used; a login shows whether it is right"),
        ),
        None => {
            findings
                .note("Login for Business", "META_LOGIN_CONFIG_ID is not set: businesses are not offered");
        }
    }
    if config.meta_login.is_pkce {
        findings.note("PKCE", "META_PKCE is on: connect once; where it ends with “This site isn’t set up for Meta yet”, the dialog drops the challenge and it has to be off");
    }
}

fn version(app: &App, findings: &mut Findings) {
    let pinned = app.graph().app().version;
    let what = "API version";
    let set = "set META_API_VERSION to a newer version and restart";
    match api_version::standing(&pinned, app.now()) {
        api_version::Standing::Served => {
            findings.well(what, format!("{pinned}: {}", api_version::words(&pinned, app.now())));
        }
        api_version::Standing::EndsSoon { .. } => {
            findings.soon(what, api_version::words(&pinned, app.now()), set)
        }
        api_version::Standing::GrantRevocation { .. } => {
            findings.bad(what, api_version::words(&pinned, app.now()), set)
        }
    }
    let report = app.graph().drain_usage();
    if let Some(served) = report.served_version {
        findings.bad(what, format!("Meta answered {pinned} calls as {served}"), set);
    }
    if let Some(warning) = report.version_warning {
        findings.soon(what, format!("Meta warns: {warning}"), set);
    }
}
