//! Who is an admin, and the keys of addresses.

use metaads_store::{AdminChange, AdminOutcome, LastAdmin, NewUser};

use crate::rows;
use crate::world::World;

#[tokio::test]
async fn of_eight_users_registered_at_once_one_becomes_admin() {
    let world = World::new().await;
    let users: Vec<NewUser> = (0..8).map(|number| rows::user(&format!("{number}@example.com"))).collect();
    let inserted =
        futures_util::future::join_all(users.iter().map(|user| world.store.insert_user(user))).await;
    assert!(inserted.into_iter().all(|inserted| inserted.unwrap()));
    assert_eq!(world.number("SELECT COUNT(*) FROM users WHERE is_admin").await, 1);
}

#[tokio::test]
async fn the_last_admin_stays_unless_allowed_to_leave() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let change = async |id, change| world.store.change_admin(id, change).await.unwrap();
    let demote = AdminChange::Demote(LastAdmin::Keep);
    assert!(world.store.is_last_admin(&ann.user).await.unwrap());
    assert_eq!(change(&ann.user, demote).await, AdminOutcome::IsLast);
    assert_eq!(change(&ben.user, demote).await, AdminOutcome::Unchanged);
    assert_eq!(change(&ben.user, AdminChange::Promote).await, AdminOutcome::Changed);
    assert_eq!(change(&ben.user, AdminChange::Promote).await, AdminOutcome::Unchanged);
    assert!(!world.store.is_last_admin(&ann.user).await.unwrap());
    assert_eq!(change(&ann.user, demote).await, AdminOutcome::Changed);
    assert!(!world.store.is_last_admin(&ann.user).await.unwrap());
    assert_eq!(change(&ben.user, AdminChange::Demote(LastAdmin::MayLeave)).await, AdminOutcome::Changed);
    assert!(!world.store.is_administered().await.unwrap());
}

#[tokio::test]
async fn of_two_admins_who_leave_at_once_one_stays() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    world.store.change_admin(&ben.user, AdminChange::Promote).await.unwrap();
    let leave = AdminChange::Demote(LastAdmin::Keep);
    let (first, second) =
        tokio::join!(world.store.change_admin(&ann.user, leave), world.store.change_admin(&ben.user, leave));
    let outcomes = [first.unwrap(), second.unwrap()];
    assert!(
        outcomes.contains(&AdminOutcome::Changed) && outcomes.contains(&AdminOutcome::IsLast),
        "{outcomes:?}"
    );
    assert_eq!(world.number("SELECT COUNT(*) FROM users WHERE is_admin").await, 1);
}

#[tokio::test]
async fn users_are_listed_page_by_page() {
    let world = World::new().await;
    for name in ["ann", "ben", "eve"] {
        world.user(&format!("{name}@example.com")).await;
    }
    let first = world.store.list_users("", 2).await.unwrap();
    let rest = world.store.list_users(first[1].id.as_str(), 2).await.unwrap();
    let emails: Vec<_> = first.iter().chain(&rest).map(|user| user.email.as_str()).collect();
    assert_eq!(emails, ["ANN@EXAMPLE.COM", "BEN@EXAMPLE.COM", "EVE@EXAMPLE.COM"]);
}

#[tokio::test]
async fn keys_of_an_older_rule_are_replaced_unless_another_user_has_the_new_one() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    assert!(world.store.list_outdated_email_keys(10).await.unwrap().is_empty());
    world.sql("UPDATE users SET email_key_version = 1").await;
    let outdated = world.store.list_outdated_email_keys(10).await.unwrap();
    assert_eq!(outdated.len(), 2);
    assert!(world.store.update_email_key(&ann.user, "new key").await.unwrap());
    assert!(!world.store.update_email_key(&ben.user, "new key").await.unwrap());
    assert!(world.store.list_outdated_email_keys(10).await.unwrap().is_empty());
    assert_eq!(world.store.find_user_by_email("new key").await.unwrap().unwrap().id, ann.user);
    assert_eq!(world.store.find_user_by_email("ben@example.com").await.unwrap().unwrap().id, ben.user);
}
