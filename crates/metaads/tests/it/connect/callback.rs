//! What the callback brings back from Meta, and what is refused.

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};

use super::{assert_refused, parameter};
use crate::world::World;

#[tokio::test]
async fn o8_a_code_from_a_foreign_issuer_is_never_sent() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let callback =
        browser.answer_dialog(&browser.start_connect(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let page = browser.follow_callback(&format!("{callback}&iss=https%3A%2F%2Fevil.example")).await;
    assert_eq!(page.title(), "Facebook’s answer was no longer valid");
    assert_eq!(world.meta.count(Endpoint::Token), 0);
}

#[tokio::test]
async fn o9_o10_nothing_from_the_callback_is_reflected() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let long = "x".repeat(10_000);
    for (extra, title) in [
        (
            "error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E%0d%0aSet-Cookie:x",
            "You chose not to connect",
        ),
        ("error=access_denied&error_uri=javascript:alert(1)", "You chose not to connect"),
        (&format!("error=server_error&error_description={long}"), "Meta isn’t answering right now"),
        ("error_code=1349126&error_message=App+nicht+aktiv", "Facebook hasn’t opened this app to you"),
        ("error_code=1349048&error_message=x", "This site isn’t set up for Meta yet"),
    ] {
        let state = parameter(&browser.start_connect(&[]).await, "state");
        let callback = format!("/connect/meta/callback?{extra}&state={state}");
        let page = browser.follow_callback(&callback).await;
        assert_eq!(page.title(), title, "{extra}");
        assert!(!page.has("alert(1)") && !page.has("xxxx"), "{extra}");
        // The state is consumed.
        let again = browser.follow_callback(&callback).await;
        assert_eq!(again.title(), "This step is already done", "{extra}");
    }
    let state = parameter(&browser.start_connect(&[]).await, "state");
    for query in [
        format!("code=a&error=access_denied&state={state}"),
        format!("code=a&code=b&state={state}"),
        format!("code={long}&state={state}"),
    ] {
        assert_refused(
            &world,
            &browser,
            &format!("/connect/meta/callback?{query}"),
            "That took longer than 10 minutes",
        )
        .await;
    }
    // Special characters are form-encoded and arrive unchanged.
    let page = browser
        .follow_callback(&format!("/connect/meta/callback?code=a%00%0d%0ab%26client_id%3D9&state={state}"))
        .await;
    assert_eq!(page.title(), "Facebook’s answer was no longer valid");
    let calls = world.meta.calls();
    let call = calls.iter().rfind(|call| call.endpoint == Endpoint::Token).unwrap();
    assert!(call.params.contains(&("code".to_owned(), "a\0\r\nb&client_id=9".to_owned())));
}

#[tokio::test]
async fn o11_no_header_moves_the_redirect_uri() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    for (name, value) in [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "host=evil.example;proto=https"),
    ] {
        let headers = [("sec-fetch-site", "same-origin"), (name, value)];
        let fields = [("redirect_uri", "https://evil.example/")];
        let response = browser.post_with("/connect/meta", &fields, &headers).await;
        assert_eq!(
            parameter(&response.location, "redirect_uri"),
            format!("{}/connect/meta/callback", world.base)
        );
    }
}

#[tokio::test]
async fn o19_the_callback_sends_no_referrer_and_is_not_cached_or_logged() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let callback =
        browser.answer_dialog(&browser.start_connect(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let response = browser.get(&callback).await;
    assert_eq!(response.headers["referrer-policy"], "no-referrer");
    assert_eq!(response.headers["cache-control"], "no-store");
    assert!(response.location.starts_with("/connect/attempts/"));
    assert!(!world.log().contains(&parameter(&callback, "code")));
    assert!(!world.log().contains(&parameter(&callback, "state")));
}

#[tokio::test]
async fn o21_a_token_of_another_app_or_person_or_an_invalid_one_is_refused() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let person = Persona::SoleTrader.user_id();
    let app = world.app.graph().app().app_id.to_string();
    for (what, app_id, is_valid, user_id, expires_at) in [
        ("another app", "999", true, person, 0),
        ("another person", app.as_str(), true, "12345", 0),
        ("invalid", app.as_str(), false, person, 0),
    ] {
        let body = serde_json::json!({"data": {"app_id": app_id, "is_valid": is_valid, "user_id": user_id,
            "expires_at": expires_at, "scopes": ["ads_read"]}});
        let effect =
            Effect::Body { status: 200, content_type: "application/json".to_owned(), body: body.to_string() };
        world.fault(Endpoint::DebugToken, effect);
        let page = browser.connect(Answer::agree(Persona::SoleTrader)).await;
        assert_eq!(page.title(), "The answer was not meant for this site", "{what}");
        assert!(browser.connections().await.is_empty(), "{what}");
    }
}

#[tokio::test]
async fn a_prefetched_callback_does_not_consume_the_state() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let callback =
        browser.answer_dialog(&browser.start_connect(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let ahead = browser.get_with(&callback, &[("sec-purpose", "prefetch;prerender")]).await;
    assert_eq!((ahead.status, world.meta.count(Endpoint::Token)), (405, 0));
    assert_eq!(browser.follow_callback(&callback).await.title(), "Syncing your ad accounts");
}

#[tokio::test]
async fn the_stored_token_is_inspected_and_a_foreign_one_is_detected() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    let body = serde_json::json!({"data": {"app_id": "999", "is_valid": true, "user_id": "1", "scopes": []}});
    let effect =
        Effect::Body { status: 200, content_type: "application/json".to_owned(), body: body.to_string() };
    world.fault(Endpoint::DebugToken, effect);
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["status"], "needs_reauthorization");
    assert_eq!(connection["status_reason"], "foreign_token");
}
