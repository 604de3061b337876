//! Users and their personal workspaces.

use metaads_store::{JobKind, NewUser, SessionId, StoreError};

use crate::rows;
use crate::world::{DAY, NOW, World, uuid};

#[tokio::test]
async fn a_user_is_found_by_id_and_by_normalized_email() {
    let world = World::new().await;
    let user = rows::user("ann@example.com");
    assert!(world.store.insert_user(&user).await.unwrap());
    for found in [
        world.store.find_user(&user.id).await.unwrap().unwrap(),
        world.store.find_user_by_email("ann@example.com").await.unwrap().unwrap(),
    ] {
        assert_eq!(found.id, user.id);
        assert_eq!((found.email.as_str(), found.password_hash.as_str()), ("ANN@EXAMPLE.COM", "hash"));
        assert_eq!((found.created_at, found.password_changed_at), (NOW, NOW));
    }
    assert!(world.store.find_user_by_email("ANN@EXAMPLE.COM").await.unwrap().is_none());
    let workspaces = format!("SELECT COUNT(*) FROM workspaces WHERE id = '{}'", user.id);
    assert_eq!(world.number(&workspaces).await, 1);
}

#[tokio::test]
async fn a_taken_email_is_refused_and_leaves_no_workspace() {
    let world = World::new().await;
    world.user("ann@example.com").await;
    assert!(!world.store.insert_user(&rows::user("ann@example.com")).await.unwrap());
    assert_eq!(world.number("SELECT COUNT(*) FROM workspaces").await, 1);
}

#[tokio::test]
async fn a_taken_user_id_is_an_unexpected_error_not_an_outage() {
    let world = World::new().await;
    let owner = world.user("ann@example.com").await;
    let same_id = NewUser { id: owner.user, ..rows::user("ben@example.com") };
    assert!(matches!(world.store.insert_user(&same_id).await, Err(StoreError::Unexpected(_))));
}

#[tokio::test]
async fn only_the_first_user_becomes_admin_unless_requested() {
    let world = World::new().await;
    let first = world.user("ann@example.com").await;
    let second = world.user("ben@example.com").await;
    let third = NewUser { is_admin: Some(true), ..rows::user("eve@example.com") };
    world.store.insert_user(&third).await.unwrap();
    let mut admins = Vec::new();
    for id in [&first.user, &second.user, &third.id] {
        admins.push(world.store.find_user(id).await.unwrap().unwrap().is_admin);
    }
    assert_eq!(admins, [true, false, true]);
}

#[tokio::test]
async fn of_two_users_registered_at_once_one_becomes_admin() {
    let world = World::new().await;
    let (ann, ben) = (rows::user("ann@example.com"), rows::user("ben@example.com"));
    let (first, second) = tokio::join!(world.store.insert_user(&ann), world.store.insert_user(&ben));
    assert!(first.unwrap() && second.unwrap());
    let admins = "SELECT COUNT(*) FROM users WHERE is_admin";
    assert_eq!(world.number(admins).await, 1);
}

#[tokio::test]
async fn of_two_registrations_of_one_email_at_once_one_succeeds() {
    let world = World::new().await;
    let (one, other) = (rows::user("ann@example.com"), rows::user("ann@example.com"));
    let (first, second) = tokio::join!(world.store.insert_user(&one), world.store.insert_user(&other));
    assert_ne!(first.unwrap(), second.unwrap());
    assert_eq!(world.number("SELECT COUNT(*) FROM workspaces").await, 1);
}

#[tokio::test]
async fn a_new_password_ends_other_sessions_and_forgets_other_devices() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let (kept, ended) = (world.session(&ann).await, rows::session(&ann.user));
    world.store.insert_session(&ended, "other device", NOW + DAY).await.unwrap();
    let foreign = rows::session(&ben.user);
    world.store.insert_session(&foreign, "device of ben", NOW + DAY).await.unwrap();
    world.store.update_password(&ann.user, "new", kept.as_str(), "device", NOW + 1).await.unwrap();

    let user = world.store.find_user(&ann.user).await.unwrap().unwrap();
    assert_eq!((user.password_hash.as_str(), user.password_changed_at), ("new", NOW + 1));
    let find = async |id: &SessionId| world.store.find_session(id.as_str(), NOW, 0).await.unwrap();
    assert!(find(&kept).await.is_some());
    assert!(find(&ended.id).await.is_none());
    assert!(find(&foreign.id).await.is_some());
    assert!(world.store.is_known_device("device", &ann.user, NOW).await.unwrap());
    assert!(!world.store.is_known_device("other device", &ann.user, NOW).await.unwrap());
    assert!(world.store.is_known_device("device of ben", &ben.user, NOW).await.unwrap());
}

#[tokio::test]
async fn deleting_a_user_deletes_everything_of_theirs_and_nothing_of_others() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let session = world.session(&ann).await;
    world.authorization(&ann, &session, "state").await;
    let (own, other) = (world.connect(&ann, "1").await, world.connect(&ben, "1").await);
    world.store.delete_user(&ann.user).await.unwrap();

    assert!(world.store.find_user(&ann.user).await.unwrap().is_none());
    assert!(world.store.find_connection_for_job(&own).await.unwrap().is_none());
    assert!(world.store.find_session(session.as_str(), NOW, 0).await.unwrap().is_none());
    assert!(world.store.find_authorization_by_state("state").await.unwrap().is_none());
    for table in ["audit_log WHERE connection_id", "jobs WHERE subject", "workspaces WHERE id"] {
        let id = if table.starts_with("workspaces") { ann.user.as_str() } else { own.as_str() };
        assert_eq!(world.number(&format!("SELECT COUNT(*) FROM {table} = '{id}'")).await, 0, "{table}");
    }
    assert!(world.store.find_connection(&ben.workspace, &other).await.unwrap().is_some());
    assert_eq!(world.store.list_audit(&other, None, 10).await.unwrap().len(), 1);
    world.claim(JobKind::Check, other.as_str()).await;
}

#[tokio::test]
async fn deleting_a_user_while_a_connection_is_written_leaves_nothing_of_it() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let new = world.completion(&ann, "1");
    let (completed, deleted) =
        tokio::join!(world.store.complete_authorization(&new), world.store.delete_user(&ann.user));
    deleted.unwrap();
    assert!(matches!(completed, Ok(_) | Err(StoreError::Unexpected(_))), "{completed:?}");
    for table in ["meta_connections", "audit_log", "jobs", "workspaces"] {
        assert_eq!(world.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_ping_succeeds_repeatedly_and_fails_on_a_closed_database() {
    let world = World::new().await;
    world.store.ping(NOW).await.unwrap();
    world.store.ping(NOW + 1).await.unwrap();
    world.store.close().await;
    assert!(matches!(world.store.ping(NOW).await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn an_unknown_user_is_not_found() {
    let world = World::new().await;
    assert!(world.store.find_user(&metaads_store::UserId::new(uuid())).await.unwrap().is_none());
    assert!(world.store.find_user_by_email("").await.unwrap().is_none());
}
