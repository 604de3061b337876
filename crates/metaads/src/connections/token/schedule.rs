//! When a connection is checked again, and when its token is refreshed (token refresh schedule). Pure: no clock, no
//! randomness of its own. Source of the rules: Meta's "Long-lived access tokens" (a token is exchanged while it is
//! still valid), "Securing Facebook Login" (check at least daily), "Refresh access token" of Instagram (24 hours).

use metaads_store::{Connection, ConnectionKind, SyncState};

use crate::clock::{DAY, HOUR, MINUTE};
use crate::connections::token::outcome::CheckOutcome;
use crate::random::hash;

/// A refresh is due this long before the token ends, in the middle of the spread.
const LEAD: i64 = 20 * DAY;
/// Refreshes are spread over this time, so that logins of one hour do not come due in one hour.
const SPREAD: i64 = 5 * DAY;
/// Instagram refreshes no token younger than this.
const INSTAGRAM_AGE: i64 = DAY;
/// First pause after Meta or the network failed; it doubles up to an hour.
const FIRST_PAUSE: i64 = 15_000;
/// First pause after Meta rate limited us or refused our app: asking again soon makes it worse.
const FIRST_LONG_PAUSE: i64 = 5 * MINUTE;
const LONGEST_PAUSE: i64 = HOUR;
/// Assets are synced this often.
const SYNC_EVERY: i64 = 7 * DAY;
/// This long before the end of data access a person is warned, and asked for just that.
pub const DATA_ACCESS_SOON: i64 = 14 * DAY;
/// No check is planned further ahead than this.
pub const FARTHEST: i64 = 8 * DAY;

/// A connection's share of a spread, 0 to 1000: always the same for one connection, even over all of them.
fn share(connection: &Connection) -> i64 {
    let digits = hash(connection.id.as_str());
    i64::from_str_radix(&digits[..8], 16).unwrap_or_default() % 1001
}

/// From when on the token is refreshed (Unix milliseconds); None: it never ends.
pub fn refresh_from(connection: &Connection) -> Option<i64> {
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

/// Whether a check at this moment refreshes the token.
pub fn is_refresh_due(connection: &Connection, now: i64) -> bool {
    refresh_from(connection).is_some_and(|from| from <= now)
        && connection.expires_at.is_some_and(|at| at > now)
}

/// Whether Meta allows a refresh at all now.
pub fn may_refresh(connection: &Connection, now: i64) -> bool {
    let since = connection.last_refreshed_at.unwrap_or(connection.connected_at);
    let is_old_enough = connection.kind != ConnectionKind::InstagramUser || since + INSTAGRAM_AGE <= now;
    is_old_enough && connection.expires_at.is_some_and(|at| at > now)
}

/// When to check again (Unix milliseconds). `attempts`: failed checks in a row before this one; `jitter`: a random
/// byte.
pub fn next_check(
    connection: &Connection,
    outcome: CheckOutcome,
    attempts: i64,
    now: i64,
    jitter: u8,
) -> i64 {
    let jitter = i64::from(jitter);
    let spread = |pause: i64| pause + pause / 8 * jitter / 255;
    let next = match outcome {
        CheckOutcome::Valid | CheckOutcome::Refreshed | CheckOutcome::NotRefreshed => {
            let daily = now + DAY - HOUR + 2 * HOUR * jitter / 255;
            match (refresh_from(connection), connection.expires_at) {
                (Some(from), Some(ends_at)) if from <= now => {
                    daily.min(now + spread(until_next_try(ends_at - now)))
                }
                (Some(from), _) => daily.min(from),
                (None, _) => daily,
            }
        }
        CheckOutcome::Unavailable | CheckOutcome::Gone => now + backoff(FIRST_PAUSE, attempts, jitter),
        CheckOutcome::RateLimited | CheckOutcome::AppRefused => {
            now + backoff(FIRST_LONG_PAUSE, attempts, jitter)
        }
        CheckOutcome::NeedsConfirmation => now + spread(HOUR),
        CheckOutcome::NeedsReauthorization if connection.expires_at.is_some_and(|at| at <= now) => {
            now + spread(7 * DAY)
        }
        CheckOutcome::NeedsReauthorization | CheckOutcome::OtherApp => now + spread(DAY),
        CheckOutcome::Unreadable => now + spread(10 * MINUTE),
    };
    next.min(now + FARTHEST)
}

/// The first check after the one that follows a login: within the next day and a half, so that connections made in one
/// hour are not checked in one hour.
pub fn first_daily_check(connection: &Connection, now: i64) -> i64 {
    let next = now + DAY / 2 + DAY * share(connection) / 1000;
    refresh_from(connection).filter(|from| *from > now).map_or(next, |from| from.min(next))
}

/// Whether the weekly sync is due: it finds new accounts and keeps permissions in use.
pub fn is_sync_due(connection: &Connection, now: i64) -> bool {
    let read_at = connection.last_synced_at.unwrap_or(connection.connected_at);
    match connection.sync_state {
        SyncState::Running => false,
        SyncState::Idle => now - read_at >= SYNC_EVERY,
        SyncState::Failed => true,
    }
}

/// Meta answered without extending the token: try daily at first, then more often.
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
fn backoff(first: i64, attempts: i64, jitter: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(0, 20)).unwrap_or_default();
    let pause = first.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    pause + pause / 4 * jitter / 255
}

/// The pause (milliseconds) after a failed step of any other job.
pub fn job_pause(attempts: i64, jitter: u8) -> i64 {
    backoff(FIRST_PAUSE, attempts, i64::from(jitter))
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
