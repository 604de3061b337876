//! Notices for the operator, and the heartbeat.

use metaads_store::{NoticeKind, OperatorNotice};

use crate::world::{MINUTE, NOW, World};

fn blocked(error: &str) -> OperatorNotice {
    OperatorNotice::MetaPolicyBlock { error: error.to_owned() }
}

#[tokio::test]
async fn a_repeated_notice_is_updated_and_counted() {
    let world = World::new().await;
    let alert = OperatorNotice::MetaNotice { header: "Review".to_owned() };
    world.store.record_notice(&blocked("368/1"), NOW + 1).await.unwrap();
    world.store.record_notice(&alert, NOW).await.unwrap();
    world.store.record_notice(&blocked("368/2"), NOW + MINUTE).await.unwrap();
    let listed = world.store.list_notices().await.unwrap();
    assert_eq!(listed.iter().map(|entry| &entry.notice).collect::<Vec<_>>(), [&alert, &blocked("368/2")]);
    assert_eq!((listed[1].since, listed[1].last_at, listed[1].times), (NOW + 1, NOW + MINUTE, 2));
}

#[tokio::test]
async fn one_notice_recorded_twice_at_once_is_stored_once_and_counted_twice() {
    let world = World::new().await;
    let notice = blocked("368");
    let record = || world.store.record_notice(&notice, NOW);
    let (first, second) = tokio::join!(record(), record());
    first.unwrap();
    second.unwrap();
    let listed = world.store.list_notices().await.unwrap();
    assert_eq!((listed.len(), listed[0].times), (1, 2));
}

#[tokio::test]
async fn a_notice_is_cleared_once() {
    let world = World::new().await;
    world.store.record_notice(&blocked("368"), NOW).await.unwrap();
    assert!(!world.store.clear_notice(NoticeKind::MetaNotice).await.unwrap());
    assert!(world.store.clear_notice(NoticeKind::MetaPolicyBlock).await.unwrap());
    assert!(!world.store.clear_notice(NoticeKind::MetaPolicyBlock).await.unwrap());
    assert!(world.store.list_notices().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_notice_of_another_version_is_left_out() {
    let world = World::new().await;
    world.store.record_notice(&blocked("368"), NOW).await.unwrap();
    world.sql("UPDATE operator_notices SET code = 'meta_strike'").await;
    assert!(world.store.list_notices().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_heartbeat_returns_the_previous_one() {
    let world = World::new().await;
    assert_eq!(world.store.record_heartbeat(NOW).await.unwrap(), None);
    assert_eq!(world.store.record_heartbeat(NOW + 5).await.unwrap(), Some(NOW));
    let (first, second) =
        tokio::join!(world.store.record_heartbeat(NOW + 9), world.store.record_heartbeat(NOW + 9));
    assert!(first.unwrap().is_some() && second.unwrap().is_some());
    assert_eq!(world.store.record_heartbeat(NOW + 10).await.unwrap(), Some(NOW + 9));
}
