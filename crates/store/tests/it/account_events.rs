//! Events of accounts, and how long they are kept.

use metaads_store::{AccountEvent, Actor, NewAccountEvent, UserId};

use crate::world::{DAY, MINUTE, NOW, World, text_id};

fn event(user: Option<&UserId>, event: AccountEvent) -> NewAccountEvent {
    NewAccountEvent {
        id: text_id(),
        at: NOW,
        user_id: user.cloned(),
        actor: user.map_or(Actor::Anonymous, |user| Actor::User(user.clone())),
        event,
        address: "198.51.100.7".to_owned(),
        user_agent: "Browser".to_owned(),
    }
}

#[tokio::test]
async fn events_say_who_and_from_where_and_each_user_sees_their_own() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    world.store.insert_account_event(&event(Some(&ann.user), AccountEvent::SignedIn)).await.unwrap();
    let promoted =
        NewAccountEvent { actor: Actor::Operator, ..event(Some(&ben.user), AccountEvent::Promoted) };
    world.store.insert_account_event(&promoted).await.unwrap();
    let own = world.store.list_account_events(Some(&ann.user), 10).await.unwrap();
    assert_eq!(own.len(), 1);
    assert_eq!((&own[0].event, own[0].address.as_str()), (&AccountEvent::SignedIn, "198.51.100.7"));
    assert_eq!(own[0].actor_email.as_deref(), Some("ANN@EXAMPLE.COM"));
    let all = world.store.list_account_events(None, 10).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].email.as_deref(), &all[0].actor), (Some("BEN@EXAMPLE.COM"), &Actor::Operator));
    assert_eq!(world.store.list_account_events(None, 1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn refused_attempts_of_a_window_are_counted_in_one_row() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    for at in [NOW, NOW + MINUTE] {
        let failed = NewAccountEvent { at, ..event(Some(&ann.user), AccountEvent::SignInFailed) };
        world.store.tally_account_event(&failed, NOW).await.unwrap();
    }
    let other =
        NewAccountEvent { address: "other".to_owned(), ..event(Some(&ann.user), AccountEvent::SignInFailed) };
    world.store.tally_account_event(&other, NOW).await.unwrap();
    world
        .store
        .tally_account_event(&event(Some(&ann.user), AccountEvent::SignInFailed), NOW + DAY)
        .await
        .unwrap();
    let entries = world.store.list_account_events(Some(&ann.user), 10).await.unwrap();
    let mut times: Vec<_> = entries.iter().map(|entry| (entry.times, entry.last_at - entry.at)).collect();
    times.sort_unstable();
    assert_eq!(times, [(1, 0), (1, 0), (2, MINUTE)]);
}

#[tokio::test]
async fn strangers_cannot_make_the_events_grow_without_bound() {
    let world = World::new().await;
    for number in 0..520 {
        let failed = NewAccountEvent {
            address: format!("address {number}"),
            ..event(None, AccountEvent::SignInFailed)
        };
        world.store.tally_account_event(&failed, NOW).await.unwrap();
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM account_events").await, 501);
    assert_eq!(world.number("SELECT CAST(SUM(times) AS BIGINT) FROM account_events").await, 520);
    assert_eq!(world.number("SELECT times FROM account_events WHERE address = ''").await, 20);
}

#[tokio::test]
async fn events_are_deleted_with_their_user_and_the_acts_of_a_deleted_admin_lose_their_address() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    world.store.insert_account_event(&event(Some(&ann.user), AccountEvent::SignedIn)).await.unwrap();
    let by_ann = NewAccountEvent {
        actor: Actor::User(ann.user.clone()),
        ..event(Some(&ben.user), AccountEvent::Promoted)
    };
    world.store.insert_account_event(&by_ann).await.unwrap();
    world.store.delete_user(&ann.user).await.unwrap();
    let left = world.store.list_account_events(None, 10).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].address.as_str(), left[0].user_agent.as_str()), ("", ""));
    assert_eq!((&left[0].actor, &left[0].actor_email), (&Actor::User(ann.user), &None));
}

#[tokio::test]
async fn old_events_and_audit_lines_are_deleted_in_batches() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let connection = world.connect(&ann, "1").await;
    for at in [NOW - DAY, NOW - DAY, NOW - DAY, NOW] {
        let old = NewAccountEvent { at, ..event(Some(&ann.user), AccountEvent::SignedIn) };
        world.store.insert_account_event(&old).await.unwrap();
    }
    world.sql("UPDATE audit_log SET at = 1").await;
    assert_eq!(world.store.sweep_audit(NOW - 1, 2).await.unwrap(), 3);
    assert_eq!(world.store.sweep_audit(NOW - 1, 2).await.unwrap(), 1);
    assert_eq!(world.store.sweep_audit(NOW - 1, 2).await.unwrap(), 0);
    assert_eq!(world.store.list_account_events(None, 10).await.unwrap().len(), 1);
    assert!(world.store.list_audit(&connection, None, 10).await.unwrap().is_empty());
}
