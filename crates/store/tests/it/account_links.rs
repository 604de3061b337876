//! One-time links.

use metaads_store::{LinkEffect, LinkKind, LinkOutcome, LinkPurpose, NewAccountLink, NewUser, UserId};

use crate::rows;
use crate::world::{DAY, NOW, World, text_id};

fn link(token: &str, purpose: LinkPurpose) -> NewAccountLink {
    NewAccountLink {
        id: text_id(),
        token_hash: token.to_owned(),
        purpose,
        created_at: NOW,
        expires_at: NOW + DAY,
    }
}

fn invitation(email: &str) -> LinkPurpose {
    LinkPurpose::Invitation { email: email.to_uppercase(), email_key: email.to_owned() }
}

fn admin(email: &str) -> LinkEffect {
    LinkEffect::CreateUser(NewUser { is_admin: Some(true), ..rows::user(email) })
}

#[tokio::test]
async fn a_link_is_used_once_and_not_after_its_end() {
    let world = World::new().await;
    world.store.insert_account_link(&link("a", invitation("ann@example.com"))).await.unwrap();
    let effect = LinkEffect::CreateUser(rows::user("ann@example.com"));
    let attempt = async |now| world.store.use_account_link("a", &effect, now).await.unwrap();
    assert_eq!(attempt(NOW + DAY).await, LinkOutcome::Gone);
    assert!(world.store.find_account_link("a", NOW + DAY).await.unwrap().is_none());
    let found = world.store.find_account_link("a", NOW).await.unwrap().unwrap();
    assert_eq!(
        (found.purpose, found.email.as_deref()),
        (invitation("ann@example.com"), Some("ANN@EXAMPLE.COM"))
    );
    assert_eq!(attempt(NOW).await, LinkOutcome::Done);
    assert_eq!(attempt(NOW).await, LinkOutcome::Gone);
    assert_eq!(world.number("SELECT COUNT(*) FROM users").await, 1);
}

#[tokio::test]
async fn of_eight_uses_of_a_setup_link_at_once_one_makes_an_admin() {
    let world = World::new().await;
    world.store.insert_account_link(&link("a", LinkPurpose::Setup)).await.unwrap();
    let effects: Vec<_> = (0..8).map(|number| admin(&format!("{number}@example.com"))).collect();
    let uses = effects.iter().map(|effect| world.store.use_account_link("a", effect, NOW));
    let outcomes: Vec<_> =
        futures_util::future::join_all(uses).await.into_iter().map(|outcome| outcome.unwrap()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == LinkOutcome::Done).count(), 1, "{outcomes:?}");
    assert_eq!(world.number("SELECT COUNT(*) FROM users").await, 1);
}

#[tokio::test]
async fn a_setup_link_is_void_once_there_is_an_admin() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    world.store.insert_account_link(&link("a", LinkPurpose::Setup)).await.unwrap();
    assert_eq!(
        world.store.use_account_link("a", &admin("b@example.com"), NOW).await.unwrap(),
        LinkOutcome::AdminExists
    );
    world.sql("UPDATE users SET is_admin = FALSE").await;
    world.store.insert_account_link(&link("b", LinkPurpose::Setup)).await.unwrap();
    let promote = LinkEffect::Promote(ann.user.clone());
    assert_eq!(world.store.use_account_link("b", &promote, NOW).await.unwrap(), LinkOutcome::Done);
    let ann = world.store.find_user(&ann.user).await.unwrap().unwrap();
    assert_eq!((ann.is_admin, ann.email_proven_at), (true, Some(NOW)));
}

#[tokio::test]
async fn a_taken_address_leaves_the_link_and_a_new_link_replaces_the_one_before() {
    let world = World::new().await;
    world.user("ann@example.com").await;
    world.store.insert_account_link(&link("a", LinkPurpose::Setup)).await.unwrap();
    world.sql("UPDATE users SET is_admin = FALSE").await;
    let taken = world.store.use_account_link("a", &admin("ann@example.com"), NOW).await.unwrap();
    assert_eq!(taken, LinkOutcome::EmailTaken);
    assert!(world.store.find_account_link("a", NOW).await.unwrap().is_some());
    world.store.insert_account_link(&link("b", LinkPurpose::Setup)).await.unwrap();
    assert!(world.store.find_account_link("a", NOW).await.unwrap().is_none());
    world.store.insert_account_link(&link("c", invitation("ben@example.com"))).await.unwrap();
    world.store.insert_account_link(&link("d", invitation("eve@example.com"))).await.unwrap();
    assert_eq!(world.store.list_account_links(LinkKind::Invitation, NOW).await.unwrap().len(), 2);
    assert!(world.store.find_account_link("b", NOW).await.unwrap().is_some());
}

#[tokio::test]
async fn a_password_link_ends_every_session_and_device_of_its_user_only() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    world.session(&ann).await;
    let other = rows::session(&ben.user);
    world.store.insert_session(&other, "device of ben", NOW + DAY).await.unwrap();
    let purpose = LinkPurpose::Password { user_id: ben.user.clone() };
    world.store.insert_account_link(&link("a", purpose)).await.unwrap();
    let set = |user_id: &UserId| LinkEffect::SetPassword {
        user_id: user_id.clone(),
        password_hash: "new".to_owned(),
        is_admin: true,
    };
    assert_eq!(world.store.use_account_link("a", &set(&ben.user), NOW + 1).await.unwrap(), LinkOutcome::Done);
    let ben = world.store.find_user(&ben.user).await.unwrap().unwrap();
    assert_eq!((ben.password_hash.as_str(), ben.email_proven_at, ben.is_admin), ("new", Some(NOW + 1), true));
    assert!(world.store.find_session(other.id.as_str(), NOW, 0).await.unwrap().is_none());
    assert!(!world.store.is_known_device("device of ben", &ben.id, NOW).await.unwrap());
    assert_eq!(world.number("SELECT COUNT(*) FROM sessions").await, 1);
}

#[tokio::test]
async fn invitations_are_withdrawn_by_id_or_address_and_links_go_with_their_user() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let first = link("a", invitation("ben@example.com"));
    world.store.insert_account_link(&first).await.unwrap();
    assert!(world.store.delete_invitation(&first.id).await.unwrap());
    assert!(!world.store.delete_invitation("ben@example.com").await.unwrap());
    world.store.insert_account_link(&link("b", invitation("ben@example.com"))).await.unwrap();
    assert!(world.store.delete_invitation("ben@example.com").await.unwrap());
    world
        .store
        .insert_account_link(&link("c", LinkPurpose::Password { user_id: ann.user.clone() }))
        .await
        .unwrap();
    world.store.delete_user(&ann.user).await.unwrap();
    assert_eq!(world.number("SELECT COUNT(*) FROM account_links").await, 0);
}

#[tokio::test]
async fn a_sweep_deletes_links_that_have_ended() {
    let world = World::new().await;
    world.store.insert_account_link(&link("a", LinkPurpose::Setup)).await.unwrap();
    world.store.sweep(NOW + DAY - 1, 0, 0).await.unwrap();
    assert_eq!(world.number("SELECT COUNT(*) FROM account_links").await, 1);
    world.store.sweep(NOW + DAY, 0, 0).await.unwrap();
    assert_eq!(world.number("SELECT COUNT(*) FROM account_links").await, 0);
}
