//! The section with the settings of the app.

use std::fmt::Write;
use std::time::Duration;

use crate::http::html::escape;
use crate::http::params::Params;
use crate::state::settings::Settings;
use crate::state::shared::SharedState;

const DAY: u64 = 86_400;

/// Longer than any client waits for a response.
const MAX_LATENCY_MS: u64 = 600_000;

/// A switch: name, label, and the field in the settings.
type Switch = (&'static str, &'static str, fn(&mut Settings) -> &mut bool);

const SWITCHES: [Switch; 5] = [
    ("active", "The app is active (if off, logins end with error 1349126)", |all| &mut all.is_app_active),
    ("requires_proof", "Calls require appsecret_proof", |all| &mut all.requires_proof),
    ("drops_pkce", "The dialog drops the code challenge", |all| &mut all.drops_pkce),
    ("omits_expires_in", "Token responses lack expires_in", |all| &mut all.omits_expires_in),
    ("ends_old_versions", "Ad endpoints refuse versions that Graph has retired", |all| {
        &mut all.rejects_retired_versions
    }),
];

/// Changes all settings that are named or, if a name or value is invalid, none of them.
pub(crate) fn change(shared: &SharedState, form: &Params) -> Option<()> {
    let mut settings = shared.settings().clone();
    for (name, value) in &form.0 {
        set(&mut settings, name, value)?;
    }
    *shared.settings() = settings;
    let mut outbox = shared.outbox();
    let url = |name: &str| form.get(name).map(|url| Some(url.to_owned()).filter(|url| !url.is_empty()));
    if let Some(url) = url("deauthorize_url") {
        outbox.deauthorize_url = url;
    }
    if let Some(url) = url("deletion_url") {
        outbox.deletion_url = url;
    }
    Some(())
}

fn set(settings: &mut Settings, name: &str, value: &str) -> Option<()> {
    if let Some((_, _, place)) = SWITCHES.iter().find(|(known, _, _)| *known == name) {
        *place(settings) = match value {
            "on" | "true" => true,
            "off" | "false" => false,
            _ => return None,
        };
        return Some(());
    }
    match name {
        "latency_ms" => {
            let latency = value.parse().ok().filter(|latency| *latency <= MAX_LATENCY_MS)?;
            settings.latency = Duration::from_millis(latency);
        }
        "token_days" => settings.token_lifetime = lifetime_from_days(value).ok()?,
        "redirect_uri" => settings.redirect_uris.push(url::Url::parse(value).ok().map(|_| value.to_owned())?),
        "deauthorize_url" | "deletion_url" if !value.is_empty() => drop(url::Url::parse(value).ok()?),
        "deauthorize_url" | "deletion_url" => {}
        _ => return None,
    }
    Some(())
}

/// Not a number of days, or too many of them.
#[derive(Debug)]
pub(crate) struct InvalidDays;

/// 0 days mean that the token never expires: `None`.
pub(crate) fn lifetime_from_days(days: &str) -> Result<Option<Duration>, InvalidDays> {
    let days = days.parse::<u64>().ok().filter(|days| *days <= 36_500).ok_or(InvalidDays)?;
    Ok((days > 0).then(|| Duration::from_secs(days * DAY)))
}

pub(crate) fn html(shared: &SharedState, main: &mut String) {
    main.push_str("<h2>The app</h2>\n");
    let mut settings = shared.settings().clone();
    for (name, label, place) in SWITCHES {
        let (now, other) = if *place(&mut settings) { ("on", "off") } else { ("off", "on") };
        let _ = writeln!(
            main,
            "<form method=\"post\" action=\"/_control/settings\" class=\"row\"><span>{label}: <b>{now}</b></span> \
             <button name=\"{name}\" value=\"{other}\">Turn {other}</button></form>"
        );
    }
    let (deauthorize, deletion) = {
        let outbox = shared.outbox();
        (outbox.deauthorize_url.clone().unwrap_or_default(), outbox.deletion_url.clone().unwrap_or_default())
    };
    let fields = [
        ("redirect_uri", "Add a redirect URI", ""),
        ("deauthorize_url", "Deauthorize callback", deauthorize.as_str()),
        ("deletion_url", "Data deletion callback", deletion.as_str()),
    ];
    for (name, label, value) in fields {
        let _ = writeln!(
            main,
            "<form method=\"post\" action=\"/_control/settings\" class=\"row\"><label>{label} \
             <input name=\"{name}\" size=\"36\" value=\"{}\"></label> <button>Set</button></form>",
            escape(value)
        );
    }
    for uri in settings.redirect_uris {
        let _ = writeln!(main, "<p><small>{}</small></p>", escape(&uri));
    }
}
