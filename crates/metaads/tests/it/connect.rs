//! The connect flow, as `oauth-client-checklist` numbers what it must withstand.

use std::collections::HashSet;
use std::time::Duration;

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};
use url::Url;

use crate::browser::{Browser, PASSWORD};
use crate::world::{SECOND, World};

fn parameter(address: &str, name: &str) -> String {
    let url = Url::parse(address).unwrap();
    url.query_pairs().find(|(own, _)| own == name).map_or(String::new(), |(_, value)| value.into_owned())
}

async fn token_calls(world: &World) -> usize {
    world.meta.count(Endpoint::Token)
}

/// A callback that is refused: nothing is asked of Meta, nothing stored, and a page says what to do.
async fn refused(world: &World, browser: &Browser, callback: &str, title: &str) {
    let before = token_calls(world).await;
    let seen = browser.get(callback).await;
    assert_eq!(seen.status, 303, "{callback}");
    assert!(!seen.location.contains("code=") && !seen.location.contains("state="), "{}", seen.location);
    let page = browser.get(&seen.location).await;
    assert_eq!(page.title(), title, "{callback}");
    assert!(page.has("Support id"), "{callback}");
    assert_eq!(token_calls(world).await, before, "{callback}");
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_connections").await, 0);
}

#[tokio::test]
async fn o1_the_button_leads_to_the_configured_dialog() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let dialog = browser.start(&[]).await;
    assert!(Url::parse(&dialog).unwrap().path() == "/v26.0/dialog/oauth", "{dialog}");
    assert_eq!(parameter(&dialog, "response_type"), "code");
    assert_eq!(parameter(&dialog, "client_id"), world.app.graph().app().app_id.as_str());
    assert_eq!(parameter(&dialog, "redirect_uri"), format!("{}/connect/meta/callback", world.base));
    assert_eq!(
        parameter(&dialog, "scope"),
        "ads_management,ads_read,business_management,pages_read_engagement,pages_show_list,instagram_basic"
    );
    assert_eq!(parameter(&dialog, "state").len(), 43);
    assert!(!dialog.contains(world.app.graph().app().app_secret.expose()));
    assert!(!dialog.contains("code_challenge") && !dialog.contains("auth_type"));
}

#[tokio::test]
async fn o2_states_never_repeat_and_say_nothing() {
    let world = World::with(&[("METAADS_SIGNIN_LIMITS", "off")]).await;
    let browser = world.user("a@b.example").await;
    let mut states = HashSet::new();
    for _ in 0..200 {
        let state = parameter(&browser.start(&[]).await, "state");
        assert!(state.len() == 43 && !state.contains("a@b"));
        states.insert(state);
    }
    assert_eq!(states.len(), 200);
}

#[tokio::test]
async fn o3_a_callback_without_its_exact_state_is_refused() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let dialog = browser.start(&[]).await;
    let good = browser.answer(&dialog, Answer::agree(Persona::SoleTrader)).await;
    let (state, code) = (parameter(&good, "state"), parameter(&good, "code"));
    let other_case: String =
        state
            .chars()
            .map(|letter| {
                if letter.is_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
            })
            .collect();
    for query in [
        format!("code={code}"),
        format!("code={code}&state="),
        format!("code={code}&state=wrong"),
        format!("code={code}&state={}", &state[..42]),
        format!("code={code}&state={other_case}"),
        format!("code={code}&state={state}&state={state}"),
        format!("code={code}&state={state}&state=other"),
        String::new(),
    ] {
        refused(
            &world,
            &browser,
            &format!("/connect/meta/callback?{query}"),
            "That took longer than 10 minutes",
        )
        .await;
    }
    // And the good one is still good.
    assert_eq!(browser.come_back(&good).await.title(), "Reading your ad accounts");
}

#[tokio::test]
async fn o4_o22_a_state_counts_only_in_the_session_that_began_it() {
    let world = World::new().await;
    let victim = world.user("victim@b.example").await;
    let attacker = world.user("attacker@b.example").await;
    let dialog = attacker.start(&[]).await;
    let callback = attacker.answer(&dialog, Answer::agree(Persona::SoleTrader)).await;
    refused(&world, &victim, &callback, "Sign in to finish connecting").await;
    refused(&world, &world.browser(), &callback, "Sign in to finish connecting").await;
    let second_browser = world.browser();
    second_browser.login("attacker@b.example", PASSWORD).await;
    refused(&world, &second_browser, &callback, "Sign in to finish connecting").await;
}

#[tokio::test]
async fn o5_twenty_copies_of_one_callback_make_one_token_call() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let dialog = browser.start(&[]).await;
    let callback = browser.answer(&dialog, Answer::agree(Persona::SoleTrader)).await;
    let copies = (0..20).map(|_| browser.get(&callback));
    let seen = futures_util::future::join_all(copies).await;
    assert_eq!(token_calls(&world).await, 1);
    let settled = seen.iter().filter(|seen| seen.location.starts_with("/connect/attempts/")).count();
    assert_eq!(settled, 1);
    // Replayed later it changes nothing, and the code is gone from the address at once.
    let replay = browser.come_back(&callback).await;
    assert_eq!(replay.title(), "This step is already done");
    assert_eq!((token_calls(&world).await, browser.connections().await.len()), (1, 1));
}

#[tokio::test]
async fn o6_a_state_lives_ten_minutes_and_no_longer_than_its_session() {
    let mut world = World::new().await;
    let browser = world.user("a@b.example").await;
    let agree = || Answer::agree(Persona::SoleTrader);

    let late = browser.answer(&browser.start(&[]).await, agree()).await;
    world.advance(Duration::from_secs(600));
    refused(&world, &browser, &late, "That took longer than 10 minutes").await;

    let signed_out = browser.answer(&browser.start(&[]).await, agree()).await;
    browser.post("/logout", &[]).await;
    refused(&world, &browser, &signed_out, "Sign in to finish connecting").await;
    browser.login("a@b.example", PASSWORD).await;
    refused(&world, &browser, &signed_out, "Sign in to finish connecting").await;

    let elsewhere = world.browser();
    elsewhere.login("a@b.example", PASSWORD).await;
    let ended = elsewhere.answer(&elsewhere.start(&[]).await, agree()).await;
    let change = [("old", PASSWORD), ("new", "entirely different words")];
    assert_eq!(browser.post("/settings/password", &change).await.status, 303);
    refused(&world, &elsewhere, &ended, "Sign in to finish connecting").await;

    // Just in time, and across a restart, it counts.
    let in_time = browser.answer(&browser.start(&[]).await, agree()).await;
    world.restart().await;
    world.advance(Duration::from_secs(599));
    assert_eq!(browser.come_back(&in_time).await.title(), "Reading your ad accounts");
}

#[tokio::test]
async fn o7_with_pkce_a_fresh_verifier_travels_in_the_token_call_alone() {
    let world = World::with(&[("META_PKCE", "on")]).await;
    let browser = world.user("a@b.example").await;
    let dialog = browser.start(&[]).await;
    assert_eq!(parameter(&dialog, "code_challenge_method"), "S256");
    let challenge = parameter(&dialog, "code_challenge");
    assert_ne!(challenge, parameter(&browser.start(&[]).await, "code_challenge"));
    let callback = browser.answer(&dialog, Answer::agree(Persona::SoleTrader)).await;
    assert_eq!(browser.come_back(&callback).await.title(), "Reading your ad accounts");
    let calls = world.meta.calls();
    let call = calls.iter().find(|call| call.endpoint == Endpoint::Token).unwrap();
    let (_, verifier) = call.params.iter().find(|(name, _)| name == "code_verifier").unwrap();
    assert!((43..=128).contains(&verifier.len()));
    assert!(!world.log().contains(verifier.as_str()));
    // Erased with the attempt.
    assert_eq!(
        world
            .number(
                "SELECT COUNT(*) FROM authorizations WHERE pkce_verifier IS NOT NULL AND status <> 'pending'"
            )
            .await,
        0
    );
}

#[tokio::test]
async fn o7_a_dialog_that_drops_the_challenge_is_told_to_the_operator() {
    let world = World::with(&[("META_PKCE", "on")]).await;
    world.meta.set_drop_pkce(true);
    let browser = world.user("a@b.example").await;
    let page = browser.connect(Answer::agree(Persona::SoleTrader)).await;
    assert_eq!(page.title(), "This site isn’t set up for Meta yet");
}

#[tokio::test]
async fn o8_a_foreign_issuer_never_sees_the_code() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let callback = browser.answer(&browser.start(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let page = browser.come_back(&format!("{callback}&iss=https%3A%2F%2Fevil.example")).await;
    assert_eq!(page.title(), "Facebook’s answer was no longer valid");
    assert_eq!(token_calls(&world).await, 0);
}

#[tokio::test]
async fn o9_o10_whatever_the_callback_brings_nothing_is_reflected() {
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
        let state = parameter(&browser.start(&[]).await, "state");
        let callback = format!("/connect/meta/callback?{extra}&state={state}");
        let page = browser.come_back(&callback).await;
        assert_eq!(page.title(), title, "{extra}");
        assert!(!page.has("alert(1)") && !page.has("xxxx"), "{extra}");
        // The state is spent.
        let again = browser.come_back(&callback).await;
        assert_eq!(again.title(), "This step is already done", "{extra}");
    }
    let state = parameter(&browser.start(&[]).await, "state");
    for query in [
        format!("code=a&error=access_denied&state={state}"),
        format!("code=a&code=b&state={state}"),
        format!("code=&state={state}"),
        format!("code={long}&state={state}"),
    ] {
        refused(
            &world,
            &browser,
            &format!("/connect/meta/callback?{query}"),
            "That took longer than 10 minutes",
        )
        .await;
    }
    // Strange letters travel form-encoded and arrive as they were.
    let page = browser
        .come_back(&format!("/connect/meta/callback?code=a%00%0d%0ab%26client_id%3D9&state={state}"))
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
        let seen = browser.post_with("/connect/meta", &fields, &headers).await;
        assert_eq!(
            parameter(&seen.location, "redirect_uri"),
            format!("{}/connect/meta/callback", world.base)
        );
    }
}

#[tokio::test]
async fn o17_declined_permissions_are_kept_apart_and_asked_for_again() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::declining(Persona::SoleTrader, &["ads_management", "instagram_basic"])).await;
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["missing_scopes"], serde_json::json!(["ads_management"]));
    assert_eq!(connection["declined_scopes"], serde_json::json!(["ads_management", "instagram_basic"]));
    assert_eq!(connection["status_reason"], "permissions_missing");
    let id = connection["id"].as_str().unwrap().to_owned();
    assert!(browser.get("/dashboard").await.has("A permission is missing"));

    let dialog = browser.start(&[("connection", &id), ("ask_again", "1")]).await;
    assert_eq!(parameter(&dialog, "auth_type"), "rerequest");
    let callback = browser.answer(&dialog, Answer::agree(Persona::SoleTrader)).await;
    browser.come_back(&callback).await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (&connection["missing_scopes"], &connection["id"]),
        (&serde_json::json!([]), &serde_json::json!(id))
    );
}

#[tokio::test]
async fn o17_without_any_ads_permission_the_page_says_what_was_kept_back() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let page = browser.connect(Answer::declining(Persona::SoleTrader, &["ads_management", "ads_read"])).await;
    assert_eq!(page.title(), "Facebook kept the ad accounts back");
}

#[tokio::test]
async fn o19_the_callback_hides_its_address_and_is_never_stored() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let callback = browser.answer(&browser.start(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let seen = browser.get(&callback).await;
    assert_eq!(seen.headers["referrer-policy"], "no-referrer");
    assert_eq!(seen.headers["cache-control"], "no-store");
    assert!(seen.location.starts_with("/connect/attempts/"));
    assert!(!world.log().contains(&parameter(&callback, "code")));
    assert!(!world.log().contains(&parameter(&callback, "state")));
}

#[tokio::test]
async fn o21_a_token_that_is_not_ours_or_not_alive_is_refused() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let person = Persona::SoleTrader.user_id();
    let app = world.app.graph().app().app_id.to_string();
    for (what, app_id, is_valid, user_id, expires_at) in [
        ("another app", "999", true, person, 0),
        ("another person", app.as_str(), true, "12345", 0),
        ("invalid", app.as_str(), false, person, 0),
        ("expired", app.as_str(), true, person, 1_600_000_000_i64),
    ] {
        let body = serde_json::json!({"data": {"app_id": app_id, "is_valid": is_valid, "user_id": user_id,
            "expires_at": expires_at, "scopes": ["ads_read"]}});
        let effect =
            Effect::Body { status: 200, content_type: "application/json".to_owned(), body: body.to_string() };
        world.fault(Endpoint::DebugToken, effect);
        let page = browser.connect(Answer::agree(Persona::SoleTrader)).await;
        assert_eq!(page.title(), "What came back was not meant for this site", "{what}");
        assert!(browser.connections().await.is_empty(), "{what}");
    }
}

#[tokio::test]
async fn o22_reconnecting_as_somebody_else_changes_nothing_and_says_who() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let before = browser.connections().await;
    let page = browser.connect_with(Answer::agree(Persona::SecondSoleTrader), &[("connection", &id)]).await;
    assert_eq!(page.title(), "That was Ben, not Tom");
    assert!(page.has("belongs to Tom Okafor. You signed in as Ben Carter."), "{}", page.text);
    assert_eq!(browser.connections().await, before);
}

#[tokio::test]
async fn o23_two_people_and_two_users_each_have_connections_of_their_own() {
    let world = World::new().await;
    let first = world.user("tom@b.example").await;
    let second = world.user("ben@b.example").await;
    first.connect(Answer::agree(Persona::SoleTrader)).await;
    first.connect(Answer::agree(Persona::SecondSoleTrader)).await;
    second.connect(Answer::agree(Persona::SoleTrader)).await;
    assert_eq!((first.connections().await.len(), second.connections().await.len()), (2, 1));
    let theirs = second.connection_id().await;
    for path in ["", "/accounts", "/disconnect"] {
        assert_eq!(first.get(&format!("/connections/{theirs}{path}")).await.status, 404);
    }
}

#[tokio::test]
async fn o27_foreign_forms_are_refused_and_get_starts_nothing() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let before = world.number("SELECT COUNT(*) FROM authorizations").await;
    for headers in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
    ] {
        for path in ["/connect/meta", "/logout", "/login", "/settings/delete"] {
            assert_eq!(browser.post_with(path, &[], &headers).await.status, 403, "{path} {headers:?}");
        }
    }
    assert_eq!(browser.get("/connect/meta").await.status, 405);
    assert_eq!(world.number("SELECT COUNT(*) FROM authorizations").await, before);
    assert_eq!(browser.get("/dashboard").await.status, 200);
}

#[tokio::test]
async fn o28_a_flood_of_starts_stays_bounded_and_the_next_one_works() {
    let world = World::with(&[("METAADS_SIGNIN_LIMITS", "off")]).await;
    let browser = world.user("a@b.example").await;
    for _ in 0..150 {
        browser.start(&[]).await;
    }
    assert!(world.number("SELECT COUNT(*) FROM authorizations").await <= 51);
    assert_eq!(world.number("SELECT COUNT(*) FROM authorizations WHERE status = 'pending'").await, 10);
    for number in 0..100 {
        browser.get(&format!("/connect/meta/callback?state={number}&code=x")).await;
    }
    assert_eq!(browser.connect(Answer::agree(Persona::SoleTrader)).await.title(), "Reading your ad accounts");
}

#[tokio::test]
async fn o28_starting_is_throttled_for_one_user_and_not_for_others() {
    let world = World::new().await;
    let busy = world.user("a@b.example").await;
    let calm = world.user("c@b.example").await;
    let mut statuses = Vec::new();
    for _ in 0..61 {
        statuses.push(busy.post("/connect/meta", &[]).await.status);
    }
    assert_eq!((statuses[59], statuses[60]), (303, 429));
    assert_eq!(calm.post("/connect/meta", &[]).await.status, 303);
    world.advance(SECOND * 601);
    assert_eq!(busy.post("/connect/meta", &[]).await.status, 303);
}

#[tokio::test]
async fn o29_no_page_can_be_framed() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    for path in
        ["/", "/login", "/dashboard", "/connect/meta/callback", "/help", "/nowhere", "/api/v1/connections"]
    {
        let seen = browser.get(path).await;
        let policy = seen.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{path}");
        assert_eq!(seen.headers["x-frame-options"], "DENY", "{path}");
    }
}

#[tokio::test]
async fn a_browser_that_looks_ahead_spends_nothing() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let callback = browser.answer(&browser.start(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let ahead = browser.get_with(&callback, &[("sec-purpose", "prefetch;prerender")]).await;
    assert_eq!((ahead.status, token_calls(&world).await), (405, 0));
    assert_eq!(browser.come_back(&callback).await.title(), "Reading your ad accounts");
}

#[tokio::test]
async fn the_stored_token_is_inspected_too_and_a_foreign_one_is_found_out() {
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
