use metaads_store::{ConnectionId, ConnectionStatus, ScopeSet, SyncState, UserId};
use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_795_348_800_000;

/// A connection made now, whose token lasts so long.
fn connection(number: u128, kind: ConnectionKind, life: Option<i64>) -> Connection {
    Connection {
        id: ConnectionId::new(uuid::Uuid::from_u128(number)),
        user_id: UserId::new(uuid::Uuid::nil()),
        kind,
        app_id: "1".to_owned(),
        meta_user_id: "2".to_owned(),
        name: String::new(),
        picture_url: None,
        status: ConnectionStatus::Active,
        status_reason: None,
        status_changed_at: NOW,
        access_token: None,
        token_version: 1,
        scopes: ScopeSet::default(),
        declined_scopes: ScopeSet::default(),
        expired_scopes: ScopeSet::default(),
        granular_scopes: "[]".to_owned(),
        business_id: None,
        business_name: None,
        is_pasted: false,
        login: None,
        last_synced_at: None,
        expires_at: life.map(|life| NOW + life),
        data_access_expires_at: None,
        last_refreshed_at: Some(NOW),
        last_checked_at: None,
        sync_state: SyncState::Idle,
        sync_done: 0,
        sync_total: None,
        sync_generation: 1,
        connected_at: NOW,
        created_at: NOW,
        updated_at: NOW,
        ad_accounts_total: 0,
        ad_accounts_selected: 0,
        ad_accounts_owing: 0,
        ad_accounts_stopped: 0,
        pages_total: 0,
        instagram_total: 0,
        businesses_total: 0,
        first_business: None,
    }
}

fn user(number: u128, life: i64) -> Connection {
    connection(number, ConnectionKind::FacebookUser, Some(life))
}

#[test]
fn a_sixty_day_token_is_renewed_about_twenty_days_before_its_end() {
    for number in 0..200 {
        let connection = user(number, 60 * DAY);
        let lead = NOW + 60 * DAY - renewal_from(&connection).expect("it ends");
        assert!((17 * DAY..=23 * DAY).contains(&lead), "{} days", lead / DAY);
    }
}

#[test]
fn what_was_connected_in_one_hour_comes_due_over_days() {
    let mut hours = std::collections::HashMap::new();
    for number in 0..100_000 {
        let due = renewal_from(&user(number, 60 * DAY)).expect("it ends");
        *hours.entry(due / HOUR).or_insert(0) += 1;
    }
    let busiest = hours.values().max().expect("some hour");
    assert!(hours.len() > 115 && *busiest < 1_500, "{} hours, {busiest} in one", hours.len());
}

#[test]
fn a_token_that_never_ends_is_left_alone() {
    let eternal = connection(1, ConnectionKind::BusinessSystemUser, None);
    assert_eq!(renewal_from(&eternal), None);
    assert!(!is_renewal_due(&eternal, NOW + 1_000 * DAY) && !may_renew(&eternal, NOW));
}

#[test]
fn a_system_users_sixty_days_are_renewed_like_a_persons() {
    let system = connection(7, ConnectionKind::BusinessSystemUser, Some(60 * DAY));
    assert_eq!(renewal_from(&system), renewal_from(&user(7, 60 * DAY)));
}

#[test]
fn instagram_is_asked_for_nothing_younger_than_a_day() {
    let young = connection(1, ConnectionKind::InstagramUser, Some(DAY + HOUR));
    assert_eq!(renewal_from(&young), Some(NOW + DAY));
    assert!(!may_renew(&young, NOW + DAY - 1) && may_renew(&young, NOW + DAY));
    assert!(!may_renew(&young, NOW + DAY + HOUR), "and nothing that has ended");
}

#[test]
fn without_a_gain_it_is_tried_daily_and_then_often() {
    let connection = user(1, 60 * DAY);
    let wait = |left: i64| {
        let now = NOW + 60 * DAY - left;
        next_visit(&connection, Ending::Well, 0, now, 0) - now
    };
    assert_eq!(wait(15 * DAY), DAY - HOUR);
    assert_eq!(wait(6 * DAY), 6 * HOUR);
    assert_eq!(wait(8 * HOUR), HOUR);
    assert_eq!(wait(MINUTE), 15 * MINUTE);
}

#[test]
fn failures_pause_longer_and_longer_up_to_an_hour() {
    let connection = user(1, 60 * DAY);
    let wait = |ending, attempts| next_visit(&connection, ending, attempts, NOW, 0) - NOW;
    assert_eq!([0, 1, 2].map(|attempts| wait(Ending::Away, attempts)), [15_000, 30_000, 60_000]);
    assert_eq!([0, 1, 9].map(|attempts| wait(Ending::HeldOff, attempts)), [5 * MINUTE, 10 * MINUTE, HOUR]);
    assert_eq!(wait(Ending::Away, i64::MAX), HOUR);
}

proptest! {
    /// Whatever happened, the next visit is ahead, not too far, and in time for a renewal.
    #[test]
    fn the_next_visit_is_never_behind_and_never_too_far(
        number: u128,
        life in proptest::option::of(0..400 * DAY),
        passed in 0..400 * DAY,
        attempts in 0i64..50,
        jitter: u8,
        ending in prop::sample::select(vec![
            Ending::Well, Ending::Away, Ending::HeldOff, Ending::MayHeal, Ending::Dead, Ending::Unreadable,
        ]),
    ) {
        let now = NOW + passed;
        let connection = connection(number, ConnectionKind::FacebookUser, life);
        let next = next_visit(&connection, ending, attempts, now, jitter);
        prop_assert!(next > now && next <= now + FARTHEST);
        if ending == Ending::Well {
            prop_assert!(next <= now + DAY + HOUR);
        }
        let first = first_daily_visit(&connection, now);
        prop_assert!(first > now && first <= now + 2 * DAY);
    }
}
