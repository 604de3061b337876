//! A connection as the dashboard, its own page and the connect journey show it: one view model with its badge, its note
//! and its lifeline.

use metaads_store::{ConnectionKind, ConnectionSummary, SyncState};

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::permissions;
use crate::connections::status::{self, Health};
use crate::connections::token::schedule;
use crate::messages::connection_errors::{self, ConnectionErrorText};
use crate::messages::connection_label::ConnectionLabel;
use crate::messages::connection_status as text;
use crate::messages::connection_warnings::{self, WarningText};
use crate::messages::format;
use crate::web::lifeline::Lifeline;
use crate::web::tone::Tone;

pub struct ConnectionCard {
    pub id: String,
    pub name: String,
    pub first_name: String,
    pub initials: String,
    pub avatar_class: &'static str,
    pub subtitle: String,
    pub badge: StatusBadge,
    pub error: Option<ErrorNote>,
    pub warning: Option<WarningNote>,
    /// Whether the token can be refreshed now.
    pub is_renewable: bool,
    pub missing: usize,
    pub missing_required: usize,
    /// Neither disconnected nor removed at Meta.
    pub is_connected: bool,
    pub is_syncing: bool,
    pub has_sync_failed: bool,
    pub done: i64,
    /// None while the total is not known.
    pub total: Option<i64>,
    pub selected: String,
    pub ad_accounts: String,
    pub has_ad_accounts: bool,
    pub pages: String,
    pub instagram: String,
    pub permissions: String,
    pub permissions_granted: String,
    /// Selected ad accounts with a payment due.
    pub owing: i64,
    /// Selected ad accounts that cannot be used any more.
    pub stopped: i64,
    /// Whether others are selected beside those.
    pub has_working_selected: bool,
    /// Whether its kind of login brings ad accounts and Pages; Instagram Login does not.
    pub is_ads_login: bool,
    pub lifeline: String,
    pub lifeline_start: String,
    pub lifeline_end: String,
    pub health: Health,
}

pub struct StatusBadge {
    pub class: &'static str,
    pub glyph: &'static str,
    pub word: String,
    /// What the script fills in while a sync runs; empty otherwise.
    pub sync_pattern: String,
}

/// The note on a connection that stopped working.
pub struct ErrorNote {
    pub text: ConnectionErrorText,
    /// The person must act on facebook.com first. Then checking again is enough, and reconnecting would not help.
    pub is_facebook_first: bool,
}

/// The note on a connection that works.
pub struct WarningNote {
    pub text: WarningText,
    pub tone: Tone,
    /// Whether Facebook asks again for what was granted or declined before.
    pub is_asking_again: bool,
}

impl ConnectionCard {
    pub fn new(app: &App, connection: &ConnectionSummary, now: i64) -> ConnectionCard {
        let is_connected = status::is_connected(connection);
        let is_syncing = is_connected && connection.sync_state == SyncState::Running;
        let asked = permissions::asked(app, connection.kind, &connection.scopes);
        let not_offered = permissions::not_offered(app, connection);
        let lacking = asked.iter().filter(|scope| !connection.scopes.has(scope));
        let number_granted = asked.len() - lacking.clone().count();
        // What the person can change.
        let missing: Vec<&String> = lacking.filter(|scope| !not_offered.has(scope)).collect();
        let is_required = |scope: &&&String| permissions::is_required(app, connection.kind, scope);
        let health = status::health(connection, now);
        let (lifeline, lifeline_start, lifeline_end) = lifeline(connection, now);
        let first_business = connection.assets.first_business.as_deref();
        ConnectionCard {
            id: connection.id.to_string(),
            first_name: ConnectionLabel::of(connection).name.to_owned(),
            initials: format::initials(&connection.name),
            avatar_class: if status::is_working(connection) { "avatar-pine" } else { "" },
            subtitle: text::subtitle(connection.kind, first_business, connection.assets.businesses),
            badge: badge(connection, health, now),
            error: error(connection, now),
            warning: warning(connection, now),
            is_renewable: is_connected && schedule::may_refresh(connection, now),
            missing: missing.len(),
            missing_required: missing.iter().filter(is_required).count(),
            is_connected,
            is_syncing,
            has_sync_failed: is_connected && connection.sync_state == SyncState::Failed,
            done: connection.sync_done,
            total: connection.sync_total.filter(|total| *total >= connection.sync_done),
            selected: format::count(connection.assets.selected),
            ad_accounts: format::count(connection.assets.ad_accounts),
            has_ad_accounts: connection.assets.ad_accounts > 0,
            pages: format::count(connection.assets.pages),
            instagram: format::count(connection.assets.instagram_accounts),
            permissions: text::permissions(number_granted, asked.len()),
            permissions_granted: text::permissions_granted(number_granted, asked.len()),
            owing: connection.assets.owing,
            stopped: connection.assets.stopped,
            has_working_selected: connection.assets.selected > connection.assets.stopped,
            is_ads_login: connection.kind != ConnectionKind::InstagramUser,
            lifeline,
            lifeline_start,
            lifeline_end,
            health,
            name: connection.name.clone(),
        }
    }

    pub fn done_text(&self) -> String {
        format::count(self.done)
    }

    pub fn total_text(&self) -> String {
        format::count(self.total.unwrap_or_default())
    }

    /// Who needs somebody comes first.
    pub fn order(&self) -> u8 {
        match self.health {
            Health::ActionNeeded => 0,
            Health::Expiring { .. } => 1,
            Health::Active if self.is_syncing => 2,
            Health::Active => 3,
            Health::Disconnected => 4,
        }
    }
}

fn badge(connection: &ConnectionSummary, health: Health, now: i64) -> StatusBadge {
    let (class, glyph, word) = match health {
        Health::ActionNeeded => ("pill-needs", "status-needs", text::ACTION_NEEDED.to_owned()),
        Health::Expiring { ends_at } => {
            let days = (ends_at - now) / crate::clock::DAY;
            ("pill-expiring", "status-expiring", text::days_left(days))
        }
        Health::Active if connection.sync_state == SyncState::Running => return sync_badge(connection),
        Health::Active => ("pill-active", "status-active", text::ACTIVE.to_owned()),
        Health::Disconnected => ("pill-gone", "status-gone", text::DISCONNECTED.to_owned()),
    };
    StatusBadge { class, glyph, word, sync_pattern: String::new() }
}

fn sync_badge(connection: &ConnectionSummary) -> StatusBadge {
    let done = format::count(connection.sync_done);
    let total = connection.sync_total.filter(|total| *total >= connection.sync_done).map(format::count);
    StatusBadge {
        class: "pill-syncing",
        glyph: "status-syncing",
        word: text::syncing(&done, total.as_deref()),
        sync_pattern: text::syncing("{done}", total.as_ref().map(|_| "{total}")),
    }
}

fn error(connection: &ConnectionSummary, now: i64) -> Option<ErrorNote> {
    let reason = status::broken_by(connection)?;
    let label = ConnectionLabel::of(connection);
    let day = format::day(connection.state.since(), now);
    Some(ErrorNote {
        text: connection_errors::connection_error(reason, label, &day, connection.assets.selected),
        is_facebook_first: matches!(reason, Code::Checkpoint | Code::UserUnconfirmed),
    })
}

fn warning(connection: &ConnectionSummary, now: i64) -> Option<WarningNote> {
    if !status::is_working(connection) {
        return None;
    }
    let label = ConnectionLabel::of(connection);
    let reason = status::reason(connection);
    if reason == Some(Code::PermissionExpired) {
        let text = connection_warnings::permission_expired(label);
        return Some(WarningNote { text, tone: Tone::Bad, is_asking_again: true });
    }
    if reason == Some(Code::PermissionsNotOffered) {
        let text = connection_warnings::permissions_not_offered();
        return Some(WarningNote { text, tone: Tone::Warning, is_asking_again: false });
    }
    // The template has a note of its own for missing permissions.
    if reason == Some(Code::PermissionsMissing) {
        return None;
    }
    if let Some(ends_at) = connection.expires_at.filter(|_| status::is_expiring(connection, now)) {
        let text = connection_warnings::expiring(label, ends_at, now);
        return Some(WarningNote { text, tone: Tone::Warning, is_asking_again: false });
    }
    let ends_at = permissions::data_access_end(connection)?;
    (ends_at - now < schedule::DATA_ACCESS_SOON).then(|| WarningNote {
        text: connection_warnings::data_access(label, ends_at, now),
        tone: if ends_at <= now { Tone::Bad } else { Tone::Warning },
        is_asking_again: true,
    })
}

/// The drawing, and the text at its start and its end.
fn lifeline(connection: &ConnectionSummary, now: i64) -> (String, String, String) {
    let connected = connection.connected_at;
    let renewed = connection.last_refreshed_at.unwrap_or(connected);
    let start = match renewed > connected {
        true => text::renewed(&format::day(renewed, now)),
        false => text::connected(&format::day(connected, now)),
    };
    let changed_at = connection.state.since();
    let changed_on = format::day(changed_at, now);
    let (line, end) = if status::is_removed_at_meta(connection) {
        (Lifeline::Disconnected, text::removed(&changed_on))
    } else if !status::is_connected(connection) {
        (Lifeline::Disconnected, text::disconnected(&changed_on))
    } else if !status::is_working(connection) {
        let at = connection.expires_at.map_or(45.0, |end| Lifeline::share(connected, changed_at, end));
        (Lifeline::Broken(at.min(90.0)), text::stopped(&changed_on))
    } else {
        working_lifeline(connection, renewed, now)
    };
    (line.svg(), start, end)
}

fn working_lifeline(connection: &ConnectionSummary, renewed: i64, now: i64) -> (Lifeline, String) {
    let Some(end) = connection.expires_at else { return (Lifeline::Endless, text::NO_END_DATE.to_owned()) };
    let today = Lifeline::share(renewed, now, end);
    let ends_on = format::day(end, now);
    if status::is_expiring(connection, now) {
        return (Lifeline::Expiring(today), text::ends(&ends_on));
    }
    let renews_at = schedule::refresh_from(connection).unwrap_or(end);
    if renews_at <= now {
        return (Lifeline::Running(today, 0.0), text::being_renewed(&ends_on));
    }
    let tick = Lifeline::share(renewed, renews_at, end);
    (Lifeline::Running(today, tick), text::renews_from(&format::day(renews_at, now)))
}
