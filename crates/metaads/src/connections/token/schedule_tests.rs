use metaads_store::{ConnectionId, ConnectionState, ScopeSet, SyncState, UserId, WorkspaceId};
use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_795_348_800_000;

/// A connection made now, whose token lasts this long.
fn connection(number: u128, kind: ConnectionKind, life: Option<i64>) -> Connection {
    Connection {
        id: ConnectionId::new(uuid::Uuid::from_u128(number)),
        workspace_id: WorkspaceId::new(uuid::Uuid::nil()),
        user_id: UserId::new(uuid::Uuid::nil()),
        kind,
        app_id: "1".to_owned(),
        meta_user_id: "2".to_owned(),
        name: String::new(),
        picture_url: None,
        state: ConnectionState::Active { limited_by: None, since: NOW },
        access_token: None,
        token_version: 1,
        scopes: ScopeSet::default(),
        declined_scopes: ScopeSet::default(),
        expired_scopes: ScopeSet::default(),
        granular_scopes: "[]".to_owned(),
        business_id: None,
        business_name: None,
        is_imported: false,
        login: None,
        last_synced_at: None,
        expires_at: life.map(|life| NOW + life),
        data_access_expires_at: None,
        last_refreshed_at: Some(NOW),
        last_checked_at: None,
        sync_state: SyncState::Idle,
        sync_done: 0,
        sync_total: None,
        sync_limits: "{}".to_owned(),
        sync_generation: 1,
        connected_at: NOW,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn user(number: u128, life: i64) -> Connection {
    connection(number, ConnectionKind::FacebookUser, Some(life))
}

#[test]
fn a_sixty_day_token_is_refreshed_about_twenty_days_before_its_end() {
    for number in 0..200 {
        let connection = user(number, 60 * DAY);
        let lead = NOW + 60 * DAY - refresh_from(&connection).expect("it ends");
        assert!((17 * DAY..=23 * DAY).contains(&lead), "{} days", lead / DAY);
    }
}

#[test]
fn connections_made_in_one_hour_come_due_over_days() {
    let mut hours = std::collections::HashMap::new();
    for number in 0..100_000 {
        let due = refresh_from(&user(number, 60 * DAY)).expect("it ends");
        *hours.entry(due / HOUR).or_insert(0) += 1;
    }
    let busiest = hours.values().max().expect("some hour");
    assert!(hours.len() > 115 && *busiest < 1_500, "{} hours, {busiest} in one", hours.len());
}

#[test]
fn a_token_without_an_end_is_never_refreshed() {
    let eternal = connection(1, ConnectionKind::BusinessSystemUser, None);
    assert_eq!(refresh_from(&eternal), None);
    assert!(!is_refresh_due(&eternal, NOW + 1_000 * DAY) && !may_refresh(&eternal, NOW));
}

#[test]
fn a_system_user_token_is_refreshed_like_a_persons() {
    let system = connection(7, ConnectionKind::BusinessSystemUser, Some(60 * DAY));
    assert_eq!(refresh_from(&system), refresh_from(&user(7, 60 * DAY)));
}

#[test]
fn an_instagram_token_is_not_refreshed_within_its_first_day() {
    let young = connection(1, ConnectionKind::InstagramUser, Some(DAY + HOUR));
    assert_eq!(refresh_from(&young), Some(NOW + DAY));
    assert!(!may_refresh(&young, NOW + DAY - 1) && may_refresh(&young, NOW + DAY));
    assert!(!may_refresh(&young, NOW + DAY + HOUR), "and nothing that has ended");
}

#[test]
fn a_refresh_without_gain_is_retried_daily_and_then_more_often() {
    let connection = user(1, 60 * DAY);
    let wait = |left: i64| {
        let now = NOW + 60 * DAY - left;
        next_check(&connection, CheckOutcome::Valid, 0, now, 0) - now
    };
    assert_eq!(wait(15 * DAY), DAY - HOUR);
    assert_eq!(wait(6 * DAY), 6 * HOUR);
    assert_eq!(wait(8 * HOUR), HOUR);
    assert_eq!(wait(MINUTE), 15 * MINUTE);
}

#[test]
fn pauses_after_failures_double_up_to_an_hour() {
    let connection = user(1, 60 * DAY);
    let wait = |outcome, attempts| next_check(&connection, outcome, attempts, NOW, 0) - NOW;
    assert_eq!([0, 1, 2].map(|attempts| wait(CheckOutcome::Unavailable, attempts)), [15_000, 30_000, 60_000]);
    assert_eq!(
        [0, 1, 9].map(|attempts| wait(CheckOutcome::RateLimited, attempts)),
        [5 * MINUTE, 10 * MINUTE, HOUR]
    );
    assert_eq!(wait(CheckOutcome::Unavailable, i64::MAX), HOUR);
}

proptest! {
    /// Whatever happened, the next check is in the future, not too far, and in time for a refresh.
    #[test]
    fn the_next_check_is_in_the_future_and_never_too_far(
        number: u128,
        life in proptest::option::of(0..400 * DAY),
        passed in 0..400 * DAY,
        attempts in 0i64..50,
        jitter: u8,
        outcome in prop::sample::select(vec![
            CheckOutcome::Valid, CheckOutcome::Refreshed, CheckOutcome::NotRefreshed, CheckOutcome::Unavailable,
            CheckOutcome::RateLimited, CheckOutcome::AppRefused, CheckOutcome::NeedsConfirmation,
            CheckOutcome::NeedsReauthorization, CheckOutcome::Unreadable, CheckOutcome::Gone,
        ]),
    ) {
        let now = NOW + passed;
        let connection = connection(number, ConnectionKind::FacebookUser, life);
        let next = next_check(&connection, outcome, attempts, now, jitter);
        prop_assert!(next > now && next <= now + FARTHEST);
        if outcome.is_valid() {
            prop_assert!(next <= now + DAY + HOUR);
        }
        let first = first_daily_check(&connection, now);
        prop_assert!(first > now && first <= now + 2 * DAY);
    }
}
