//! When a connection is looked at again, and when its token is renewed. Pure: no clock, no randomness of
//! its own. Source of the rules: Meta's "Long-lived access tokens" (a token is exchanged while it is still
//! valid), "Securing Facebook Login" (check at least daily), "Refresh access token" of Instagram (24 hours).

use metaads_store::{Connection, ConnectionKind, SyncState};

use crate::random::hash;

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// RefreshOutcome begins so long before the end, in the middle of the spread.
const LEAD: i64 = 20 * DAY;
/// What is due is spread over so long: logins of one hour do not come due in one hour.
const SPREAD: i64 = 5 * DAY;
/// Instagram renews no token younger than this.
const INSTAGRAM_AGE: i64 = DAY;
/// First pause after a failure of Meta's or the network's; it doubles up to an hour.
const FIRST_PAUSE: i64 = 15_000;
/// Where Meta limits us, or our own app is refused, asking soon makes it worse.
const FIRST_LONG_PAUSE: i64 = 5 * MINUTE;
const LONGEST_PAUSE: i64 = HOUR;
/// The lists of assets are read anew so often.
const READ_EVERY: i64 = 7 * DAY;
/// So long before the end of data access a person is told, and asked for just that.
pub const DATA_ACCESS_SOON: i64 = 14 * DAY;
/// No visit is planned further ahead than this.
pub const FARTHEST: i64 = 8 * DAY;

/// How a visit ended, as far as the next one depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The token lives.
    Well,
    /// Meta or the network was not there.
    Away,
    /// Meta limits us, or refuses our app.
    HeldOff,
    /// The person has to do something on facebook.com; then the same token lives again.
    MayHeal,
    /// The person has to connect again.
    Dead,
    /// The stored value does not open.
    Unreadable,
}

/// Where a moment stands in a spread: the same for a connection every time, evenly over all of them.
/// Between 0 and 1000.
fn share(connection: &Connection) -> i64 {
    let digits = hash(connection.id.as_str());
    i64::from_str_radix(&digits[..8], 16).unwrap_or_default() % 1001
}

/// From when on the token is renewed; None: it never ends.
pub fn renewal_from(connection: &Connection) -> Option<i64> {
    let ends_at = connection.expires_at?;
    let since = connection.last_refreshed_at.unwrap_or(connection.connected_at);
    let life = (ends_at - since).max(0);
    let lead = (LEAD - SPREAD / 2 + SPREAD * share(connection) / 1000).min(life * 2 / 5);
    let from = ends_at - lead;
    Some(match connection.kind {
        ConnectionKind::InstagramUser => from.max(since + INSTAGRAM_AGE),
        ConnectionKind::FacebookUser | ConnectionKind::BusinessSystemUser => from,
    })
}

/// Whether the token is renewed at this moment's visit.
pub fn is_renewal_due(connection: &Connection, now: i64) -> bool {
    renewal_from(connection).is_some_and(|from| from <= now)
        && connection.expires_at.is_some_and(|at| at > now)
}

/// Whether Meta would take a renewal at all now: for a person who presses the button.
pub fn may_renew(connection: &Connection, now: i64) -> bool {
    let since = connection.last_refreshed_at.unwrap_or(connection.connected_at);
    let is_old_enough = connection.kind != ConnectionKind::InstagramUser || since + INSTAGRAM_AGE <= now;
    is_old_enough && connection.expires_at.is_some_and(|at| at > now)
}

/// When to look again. `attempts` counts the failures in a row before this visit; `jitter` is a random
/// byte.
pub fn next_visit(connection: &Connection, ending: Ending, attempts: i64, now: i64, jitter: u8) -> i64 {
    let jitter = i64::from(jitter);
    let spread = |pause: i64| pause + pause / 8 * jitter / 255;
    let next = match ending {
        Ending::Well => {
            let daily = now + DAY - HOUR + 2 * HOUR * jitter / 255;
            match (renewal_from(connection), connection.expires_at) {
                (Some(from), Some(ends_at)) if from <= now => {
                    daily.min(now + spread(until_next_try(ends_at - now)))
                }
                (Some(from), _) => daily.min(from),
                (None, _) => daily,
            }
        }
        Ending::Away => now + pause(FIRST_PAUSE, attempts, jitter),
        Ending::HeldOff => now + pause(FIRST_LONG_PAUSE, attempts, jitter),
        Ending::MayHeal => now + spread(HOUR),
        Ending::Dead if connection.expires_at.is_some_and(|at| at <= now) => now + spread(7 * DAY),
        Ending::Dead => now + spread(DAY),
        Ending::Unreadable => now + spread(10 * MINUTE),
    };
    next.min(now + FARTHEST)
}

/// The first look after the one that follows a login: somewhere in the next day and a half, so that many
/// connections made in one hour are not looked at in one hour.
pub fn first_daily_visit(connection: &Connection, now: i64) -> i64 {
    let next = now + DAY / 2 + DAY * share(connection) / 1000;
    renewal_from(connection).filter(|from| *from > now).map_or(next, |from| from.min(next))
}

/// Whether everything is read anew in the background: new accounts are found, and permissions stay in use.
pub fn is_reading_due(connection: &Connection, now: i64) -> bool {
    let read_at = connection.last_synced_at.unwrap_or(connection.connected_at);
    match connection.sync_state {
        SyncState::Running => false,
        SyncState::Idle => now - read_at >= READ_EVERY,
        SyncState::Failed => true,
    }
}

/// Meta said yes and gave nothing: daily at first, then often.
fn until_next_try(left: i64) -> i64 {
    if left > 7 * DAY {
        DAY
    } else if left > DAY {
        6 * HOUR
    } else {
        (left / 8).max(15 * MINUTE)
    }
}

/// Doubles with each attempt, with up to a quarter of jitter.
fn pause(first: i64, attempts: i64, jitter: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(0, 20)).unwrap_or_default();
    let pause = first.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    pause + pause / 4 * jitter / 255
}

/// The pause of a job that is not a visit.
pub fn job_pause(attempts: i64, jitter: u8) -> i64 {
    pause(FIRST_PAUSE, attempts, i64::from(jitter))
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
