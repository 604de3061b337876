//! Importing a system user's token that somebody created in Business Settings.

use metaads_sandbox::{TokenKind, bulk_user_id};
use serde_json::Value;

use crate::world::{World, days, minutes};

#[tokio::test]
async fn an_imported_system_user_token_is_inspected_and_its_expiry_known() {
    let world = World::with_bulk_users(&[], 2).await;
    let browser = world.user("a@b.example").await;
    let issue =
        |kind, lifetime| world.meta.issue(&bulk_user_id(0), kind, &["ads_read", "ads_management"], lifetime);
    let sixty = issue(TokenKind::SystemUser, Some(days(60)));
    let response = browser.submit("/connect/token", &[("token", &format!("  {sixty}\n"))]).await;
    assert_eq!(response.status, 200, "{}", response.text);
    assert!(!response.has(&sixty), "the token is not shown again");
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["kind"], "business_system_user");
    assert_ne!(connection["expires_at"], Value::Null, "it does not count as never expiring");
    world.run_for(days(50)).await;
    assert_eq!(world.meta.exchange_count(&bulk_user_id(0)), 1);
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    let id = browser.connection_id().await;
    // Reconnecting means importing another token.
    let response = browser.post("/connect/meta", &[("connection", &id)]).await;
    assert_eq!((response.status, response.location.as_str()), (303, "/connect/token"));
    let never_expires = issue(TokenKind::SystemUser, None);
    browser.submit("/connect/token", &[("token", &never_expires)]).await;
    let connection = browser.connections().await.remove(0);
    assert_eq!((connection["id"].as_str(), &connection["expires_at"]), (Some(id.as_str()), &Value::Null));
}

#[tokio::test]
async fn anything_but_a_system_user_token_is_refused_with_a_reason() {
    let world = World::with_bulk_users(&[], 2).await;
    let browser = world.user("a@b.example").await;
    let user_token = world.meta.issue(&bulk_user_id(0), TokenKind::User, &["ads_read"], Some(days(60)));
    let expired = world.meta.issue(&bulk_user_id(1), TokenKind::SystemUser, &["ads_read"], Some(minutes(1)));
    world.advance(days(1));
    let long = "x".repeat(5_000);
    let cases = [
        (user_token.as_str(), "acts for a person"),
        (expired.as_str(), "no longer accepts"),
        ("123456|abcdefabcdefabcdefabcdef", "not an access token"),
        ("", "not an access token"),
        (long.as_str(), "not an access token"),
        ("EAAnobodyhaseverseenthistokenanywhere", "no longer accepts"),
    ];
    for (token, words) in cases {
        let response = browser.post("/connect/token", &[("token", token)]).await;
        assert_eq!(response.status, 422, "{token}");
        assert!(response.has(words), "{words}: {}", response.text);
        assert!(token.is_empty() || !response.has(token), "the token is not shown again");
    }
    assert!(browser.connections().await.is_empty());
    assert!(!world.log().contains(&user_token));
}
