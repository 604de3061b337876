//! Responses that are not what Meta documents: wrong shapes, redirects, missing parts.

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};

use crate::effects::json_body;
use crate::world::World;

#[tokio::test]
async fn o15_a_malformed_token_response_stores_nothing() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let huge = format!("{{\"access_token\":\"{}\"}}", "E".repeat(5 * 1024 * 1024));
    for (what, effect) in [
        ("no token", json_body(200, "{}")),
        ("null", json_body(200, "null")),
        ("an empty answer", json_body(200, "")),
        ("mac", json_body(200, r#"{"access_token":"EAA1","token_type":"mac","expires_in":60}"#)),
        ("nested", json_body(200, &nested)),
        ("5 MB", json_body(200, &huge)),
        (
            "HTML",
            Effect::Body { status: 200, content_type: "text/html".to_owned(), body: "<html>".to_owned() },
        ),
        ("line breaks in the token", json_body(200, r#"{"access_token":"EAA\r\nX: y"}"#)),
        ("an error with status 200", json_body(200, r#"{"error":{"message":"m","code":2}}"#)),
        ("an empty error", json_body(500, r#"{"error":{}}"#)),
        ("an error as text", json_body(400, r#"{"error":"down"}"#)),
    ] {
        for endpoint in [Endpoint::Token, Endpoint::Exchange] {
            world.fault_times(endpoint, 2, effect.clone());
            let page = browser.connect(Answer::agree(Persona::SoleTrader)).await;
            assert_eq!(page.title(), "Meta isn’t answering right now", "{what} at {endpoint:?}");
            assert!(browser.connections().await.is_empty(), "{what}");
            world.meta.clear_faults();
        }
    }
}

#[tokio::test]
async fn o13_redirects_from_the_token_endpoint_are_never_followed() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let trap = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let location = format!("http://{}/stolen", trap.local_addr().unwrap());
    for status in [301, 302, 303, 307, 308] {
        world.fault(Endpoint::Token, Effect::Redirect { status, location: location.clone() });
        let page = browser.connect(Answer::agree(Persona::SoleTrader)).await;
        assert_eq!(page.title(), "Meta isn’t answering right now", "{status}");
    }
    tokio::select! {
        biased;
        _ = trap.accept() => panic!("the redirect was followed"),
        () = std::future::ready(()) => {}
    }
}

#[tokio::test]
async fn o15_a_missing_lifetime_is_inspected_and_zero_means_never() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.meta.set_omit_expires_in(true);
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    assert_eq!(world.meta.count(Endpoint::DebugToken), 2);
    assert_eq!(browser.connections().await[0]["expires_at"], "2027-01-21T12:00:00Z");
    world.meta.set_token_lifetime(None);
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (&connection["expires_at"], &connection["status"]),
        (&serde_json::json!(null), &serde_json::json!("active"))
    );
    assert!(browser.get("/dashboard").await.has("No end date"));
}

#[tokio::test]
async fn connecting_takes_two_round_trips_and_every_call_is_signed() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    let calls = world.meta.calls();
    let outer: Vec<Endpoint> = calls.iter().filter(|call| !call.in_batch).map(|call| call.endpoint).collect();
    assert_eq!(outer[0], Endpoint::Token);
    assert_eq!(outer.len(), 4, "{outer:?}");
    for endpoint in [Endpoint::Exchange, Endpoint::DebugToken, Endpoint::Batch] {
        assert!(outer.contains(&endpoint), "{endpoint:?}");
    }
    for call in calls.iter().filter(|call| !call.in_batch) {
        assert!(call.params.iter().any(|(name, _)| name == "appsecret_proof"), "{:?}", call.endpoint);
    }
}

#[tokio::test]
async fn parts_missing_from_the_batch_are_synced_later() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    for endpoint in
        [Endpoint::Me, Endpoint::Permissions, Endpoint::AdAccounts, Endpoint::Businesses, Endpoint::Pages]
    {
        world.fault(endpoint, Effect::NullInBatch);
    }
    let page = browser.connect(Answer::agree(Persona::Agency)).await;
    assert_eq!(page.title(), "Syncing your ad accounts");
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["ad_accounts"]["total"], 1307);
    assert_eq!(connection["missing_scopes"], serde_json::json!([]));
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_pages").await, 41);
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_instagram_accounts").await, 27);
}

#[tokio::test]
async fn names_from_meta_are_escaped() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let person = serde_json::json!({
        "id": Persona::SoleTrader.user_id(),
        "name": "<script>alert(1)</script>\" onload=x \u{202e}\u{0000} Evil",
    });
    world.fault(Endpoint::Me, json_body(200, &person.to_string()));
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let page = browser.get("/dashboard").await;
    assert_eq!(page.status, 200);
    assert!(!page.has("<script>alert") && !page.has("\" onload=x"), "{}", page.text);
}
