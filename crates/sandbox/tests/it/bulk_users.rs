//! Thousands of users and their tokens, without thousands of logins.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use metaads_sandbox::{Options, Persona, TokenKind, bulk_user_id};

use crate::world::{APP_ID, SECRET, days, refusal, world, world_with};

const USERS: usize = 10_000;

#[tokio::test]
async fn bulk_users_behave_like_other_people() {
    let world = world_with(Options { bulk_users: 43, ..Options::default() }).await;
    let user_id = bulk_user_id(42);
    let scopes = ["ads_read", "business_management", "pages_show_list", "email"];
    let token = world.control.issue(&user_id, TokenKind::User, &scopes, Some(days(60)));
    let (_, me) = world.get(&token, "me", &[("fields", "id,name,first_name,last_name,email,picture")]).await;
    assert_eq!((me["id"].as_str(), me["name"].as_str()), (Some(user_id.as_str()), Some("Person 00042")));
    assert_eq!((me["first_name"].as_str(), me["last_name"].as_str()), (Some("Person"), Some("00042")));
    assert_eq!(me["email"], "person.00042@example.com");
    let picture = me["picture"]["data"]["url"].as_str().expect("an address");
    assert_eq!(world.client.get(picture).send().await.expect("an answer").status(), 200);
    for edge in ["adaccounts", "businesses", "accounts"] {
        let (status, body) = world.get(&token, &format!("me/{edge}"), &[]).await;
        assert_eq!((status.as_u16(), body["data"].as_array().map(Vec::len)), (200, Some(0)), "{edge}");
    }
    let inspected = world.inspect(&token).await;
    assert_eq!((inspected["type"].as_str(), inspected["user_id"].as_str()), (Some("USER"), Some(&*user_id)));
    let (_, ended) = world.delete(&format!("{APP_ID}|{SECRET}"), &format!("{user_id}/permissions")).await;
    assert_eq!(ended["success"], true);
    assert_eq!(refusal(&world.get(&token, "me", &[]).await), (400, 190, Some(458)));
    assert!(world.control.grant(&user_id).is_none());

    let outside = world.control.issue(&bulk_user_id(43), TokenKind::User, &[], None);
    assert_eq!(refusal(&world.get(&outside, "me", &[]).await), (400, 190, None), "no user has this id");
}

#[tokio::test]
async fn issued_tokens_share_the_persons_grant() {
    let world = world().await;
    let aylin = Persona::Agency.user_id();
    let eternal = world.control.issue(aylin, TokenKind::User, &["ads_read"], None);
    world.control.advance(days(10));
    world.control.issue(aylin, TokenKind::User, &["pages_show_list"], Some(Duration::from_secs(60)));
    let grant = world.control.grant(aylin).expect("a grant");
    assert_eq!(grant.granted, ["ads_read", "pages_show_list", "public_profile"]);
    assert_eq!(grant.live_tokens, 2);
    let inspected = world.inspect(&eternal).await;
    assert_eq!(inspected["expires_at"], 0);
    assert_eq!(inspected["data_access_expires_at"], 1_795_348_800 + 100 * 86_400);
    world.control.advance(Duration::from_secs(60));
    assert_eq!(world.control.grant(aylin).map(|grant| grant.live_tokens), Some(1));
}

#[tokio::test]
async fn issuing_and_finding_tokens_of_ten_thousand_people_is_fast() {
    let world = world_with(Options { bulk_users: USERS, ..Options::default() }).await;
    let people: Vec<String> = (0..USERS).map(bulk_user_id).collect();
    let started = Instant::now();
    let issue =
        |user_id: &String| world.control.issue(user_id, TokenKind::User, &["ads_read"], Some(days(60)));
    let tokens: Vec<String> = people.iter().map(issue).collect();
    let issuing = started.elapsed();
    assert_eq!(tokens.iter().collect::<HashSet<_>>().len(), USERS);

    // Generous, for slow machines. A linear search through all people and tokens would take minutes.
    let started = Instant::now();
    for user_id in &people {
        assert_eq!(world.control.grant(user_id).map(|grant| grant.live_tokens), Some(1));
        world.control.invalidate_tokens(user_id, 459);
        world.control.restore_tokens(user_id);
    }
    let finding = started.elapsed();
    assert!(issuing + finding < Duration::from_secs(10), "{issuing:?} {finding:?}");

    let last = &tokens[USERS - 1];
    assert_eq!(world.get(last, "me", &[]).await.1["id"], people[USERS - 1]);
    assert_eq!(world.exchange(last).await.0, 200);
    assert_eq!(world.control.exchange_count(&people[USERS - 1]), 1);
    assert_eq!(world.control.exchange_count(&people[0]), 0);
}
