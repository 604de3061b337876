//! The history of a connection.

use metaads_store::{AuditEvent, ConnectionId};

use crate::rows;
use crate::world::{MINUTE, NOW, World, uuid};

#[tokio::test]
async fn history_is_listed_newest_first_within_a_limit_and_per_connection() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let (first, second) = (world.connect(&ann, "1").await, world.connect(&ann, "2").await);
    world.store.disconnect(&rows::disconnect(&ann, &first)).await.unwrap();
    let history = world.store.list_audit(&first, None, 10).await.unwrap();
    assert_eq!(history.iter().map(|entry| entry.at).collect::<Vec<_>>(), [NOW + MINUTE, NOW]);
    assert!(matches!(history[1].event, AuditEvent::Connected { .. }));
    assert_eq!(world.store.list_audit(&first, None, 1).await.unwrap(), history[..1]);
    assert_eq!(world.store.list_audit(&second, None, 10).await.unwrap().len(), 1);
    assert!(world.store.list_audit(&ConnectionId::new(uuid()), None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_event_of_another_version_is_listed_as_unknown() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    world.sql("UPDATE audit_log SET action = 'teleported', detail = 'to the moon'").await;
    assert_eq!(world.store.list_audit(&id, None, 10).await.unwrap()[0].event, AuditEvent::Unknown);
}

#[tokio::test]
async fn an_event_is_attributed_to_the_user_who_acted() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    world.connect(&ann, "1").await;
    let own = format!("SELECT COUNT(*) FROM audit_log WHERE user_id = '{}'", ann.user);
    assert_eq!(world.number(&own).await, 1);
}
