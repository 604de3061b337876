//! The dialog's address, `state` and PKCE.

use std::collections::HashSet;
use std::time::Duration;

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};
use url::Url;

use super::{assert_refused, parameter};
use crate::browser::PASSWORD;
use crate::world::World;

#[tokio::test]
async fn o1_connecting_redirects_to_the_configured_dialog() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let dialog = browser.start_connect(&[]).await;
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
async fn o2_states_are_unique_and_opaque() {
    let world = World::with(&[("METAADS_SIGNIN_LIMITS", "off")]).await;
    let browser = world.user("a@b.example").await;
    let mut states = HashSet::new();
    for _ in 0..200 {
        let state = parameter(&browser.start_connect(&[]).await, "state");
        assert!(state.len() == 43 && !state.contains("a@b"));
        states.insert(state);
    }
    assert_eq!(states.len(), 200);
}

#[tokio::test]
async fn o3_a_callback_without_its_exact_state_is_refused() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let dialog = browser.start_connect(&[]).await;
    let good = browser.answer_dialog(&dialog, Answer::agree(Persona::SoleTrader)).await;
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
        assert_refused(
            &world,
            &browser,
            &format!("/connect/meta/callback?{query}"),
            "That took longer than 10 minutes",
        )
        .await;
    }
    // None of these consumed the state.
    assert_eq!(browser.follow_callback(&good).await.title(), "Syncing your ad accounts");
}

#[tokio::test]
async fn o4_o22_a_state_is_valid_only_in_the_session_that_created_it() {
    let world = World::new().await;
    let victim = world.user("victim@b.example").await;
    let attacker = world.user("attacker@b.example").await;
    let dialog = attacker.start_connect(&[]).await;
    let callback = attacker.answer_dialog(&dialog, Answer::agree(Persona::SoleTrader)).await;
    assert_refused(&world, &victim, &callback, "Sign in to finish connecting").await;
    assert_refused(&world, &world.browser(), &callback, "Sign in to finish connecting").await;
    let second_browser = world.browser();
    second_browser.login("attacker@b.example", PASSWORD).await;
    assert_refused(&world, &second_browser, &callback, "Sign in to finish connecting").await;
}

#[tokio::test]
async fn o5_a_repeated_callback_exchanges_the_code_once() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let dialog = browser.start_connect(&[]).await;
    let callback = browser.answer_dialog(&dialog, Answer::agree(Persona::SoleTrader)).await;
    let copies = (0..20).map(|_| browser.get(&callback));
    let responses = futures_util::future::join_all(copies).await;
    assert_eq!(world.meta.count(Endpoint::Token), 1);
    let accepted =
        responses.iter().filter(|response| response.location.starts_with("/connect/attempts/")).count();
    assert_eq!(accepted, 20, "all of them lead to the one attempt");
    let replay = browser.follow_callback(&callback).await;
    assert_eq!(replay.title(), "Syncing your ad accounts");
    assert_eq!((world.meta.count(Endpoint::Token), browser.connections().await.len()), (1, 1));
}

#[tokio::test]
async fn o6_a_state_expires_after_ten_minutes_or_with_its_session() {
    let mut world = World::new().await;
    let browser = world.user("a@b.example").await;
    let agree = || Answer::agree(Persona::SoleTrader);

    let late = browser.answer_dialog(&browser.start_connect(&[]).await, agree()).await;
    world.advance(Duration::from_secs(600));
    assert_refused(&world, &browser, &late, "That took longer than 10 minutes").await;

    let signed_out = browser.answer_dialog(&browser.start_connect(&[]).await, agree()).await;
    browser.post("/logout", &[]).await;
    assert_refused(&world, &browser, &signed_out, "Sign in to finish connecting").await;
    browser.login("a@b.example", PASSWORD).await;
    assert_refused(&world, &browser, &signed_out, "Sign in to finish connecting").await;

    let elsewhere = world.browser();
    elsewhere.login("a@b.example", PASSWORD).await;
    let ended = elsewhere.answer_dialog(&elsewhere.start_connect(&[]).await, agree()).await;
    let change = [("old", PASSWORD), ("new", "entirely different words")];
    assert_eq!(browser.post("/settings/password", &change).await.status, 303);
    assert_refused(&world, &elsewhere, &ended, "Sign in to finish connecting").await;

    // Just before the limit, and after a restart, it is valid.
    let in_time = browser.answer_dialog(&browser.start_connect(&[]).await, agree()).await;
    world.restart().await;
    world.advance(Duration::from_secs(599));
    assert_eq!(browser.follow_callback(&in_time).await.title(), "Syncing your ad accounts");
}

#[tokio::test]
async fn o7_the_pkce_verifier_is_sent_only_in_the_token_call() {
    let world = World::with(&[("META_PKCE", "on")]).await;
    let browser = world.user("a@b.example").await;
    let dialog = browser.start_connect(&[]).await;
    assert_eq!(parameter(&dialog, "code_challenge_method"), "S256");
    let challenge = parameter(&dialog, "code_challenge");
    assert_ne!(challenge, parameter(&browser.start_connect(&[]).await, "code_challenge"));
    let callback = browser.answer_dialog(&dialog, Answer::agree(Persona::SoleTrader)).await;
    assert_eq!(browser.follow_callback(&callback).await.title(), "Syncing your ad accounts");
    let calls = world.meta.calls();
    let call = calls.iter().find(|call| call.endpoint == Endpoint::Token).unwrap();
    let (_, verifier) = call.params.iter().find(|(name, _)| name == "code_verifier").unwrap();
    assert!((43..=128).contains(&verifier.len()));
    assert!(!world.log().contains(verifier.as_str()));
    // Erased with the authorization.
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
async fn o7_a_dialog_that_drops_the_challenge_is_reported_as_misconfiguration() {
    let world = World::with(&[("META_PKCE", "on")]).await;
    world.meta.set_drop_pkce(true);
    let browser = world.user("a@b.example").await;
    let page = browser.connect(Answer::agree(Persona::SoleTrader)).await;
    assert_eq!(page.title(), "This site isn’t set up for Meta yet");
}

#[tokio::test]
async fn who_goes_back_and_agrees_to_more_has_the_grant_read_again() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let dialog = browser.start_connect(&[]).await;
    let first = browser.answer_dialog(&dialog, Answer::agree(Persona::Trouble)).await;
    assert_eq!(browser.follow_callback(&first).await.title(), "Syncing your ad accounts");
    world.run_due_jobs().await;
    world.meta.clear_calls();
    let second = browser.answer_dialog(&dialog, Answer::agree(Persona::Trouble)).await;
    assert_ne!(first, second, "another code for the same state");
    let page = browser.follow_callback(&second).await;
    assert!(page.title().contains("is connected"), "{}", page.title());
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::Token), 0, "no second code is exchanged");
    assert!(world.meta.count(Endpoint::DebugToken) > 0 && world.meta.count(Endpoint::AdAccounts) > 0);
    assert_eq!(browser.connections().await.len(), 1);
}

#[tokio::test]
async fn a_second_callback_shows_the_attempt_that_is_under_way() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let dialog = browser.start_connect(&[]).await;
    let callback = browser.answer_dialog(&dialog, Answer::agree(Persona::SoleTrader)).await;
    world.fault(Endpoint::Token, Effect::Hold("exchange".to_owned()));
    let (first, second) = tokio::join!(browser.follow_callback(&callback), async {
        while world.meta.count(Endpoint::Token) == 0 {
            tokio::task::yield_now().await;
        }
        let second = browser.follow_callback(&callback).await;
        world.meta.release("exchange");
        second
    });
    assert_eq!(second.title(), "Connecting to Meta");
    assert_eq!(first.title(), "Syncing your ad accounts");
}

#[tokio::test]
async fn a_callback_fetched_ahead_uses_nothing_up() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let dialog = browser.start_connect(&[]).await;
    let callback = browser.answer_dialog(&dialog, Answer::agree(Persona::SoleTrader)).await;
    for header in [
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-moz", "prefetch"),
        ("x-purpose", "preview"),
    ] {
        assert_eq!(browser.get_with(&callback, &[header]).await.status, 405, "{header:?}");
    }
    assert_eq!(world.meta.count(Endpoint::Token), 0);
    assert_eq!(browser.follow_callback(&callback).await.title(), "Syncing your ad accounts");
}

#[tokio::test]
async fn a_callback_without_an_answer_says_so() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    for answer in ["", "&code=", "&code=&granted_scopes=ads_read"] {
        let dialog = browser.start_connect(&[]).await;
        let state = parameter(&dialog, "state");
        let page = browser.follow_callback(&format!("/connect/meta/callback?state={state}{answer}")).await;
        assert_eq!(page.title(), "Facebook sent no answer", "{answer}");
        assert!(browser.connections().await.is_empty());
    }
}
