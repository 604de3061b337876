//! The other ways in: a business, an Instagram account, a system user's token that somebody pastes.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use metaads_sandbox::{Answer, Endpoint, Persona, TokenKind, bulk_user_id};
use serde_json::{Value, json};

use super::calls::{answered, entered};
use crate::browser::{Browser, ObservedStatus};
use crate::keeping::renewal::live;
use crate::keeping::seed::days;
use crate::world::World;

const FOR_EVER: &str = "600700800900";
const SIXTY_DAYS: &str = "600700800901";
const A_PERSONS: &str = "600700800902";
pub const INSTAGRAM: [(&str, &str); 2] =
    [("INSTAGRAM_APP_ID", "500400300200100"), ("INSTAGRAM_APP_SECRET", "pretend-instagram-app-secret")];
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148";

async fn with_configuration(id: &str) -> World {
    World::with(&[("META_LOGIN_CONFIG_ID", id)]).await
}

/// The agency's first business, connected by Login for Business.
async fn business(world: &World) -> (Browser, Value) {
    let browser = world.user("a@b.example").await;
    let answer = Answer::for_business(Persona::Agency, 0);
    let seen = browser.connect_with(answer, &[("kind", "business")]).await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    (browser, connection)
}

async fn connect_instagram(browser: &Browser, answer: Answer) -> ObservedStatus {
    let seen = browser.post("/connect/instagram", &[]).await;
    assert_eq!(seen.status, 303, "{}", seen.text);
    let callback = browser.answer(&seen.location, answer).await;
    browser.come_back(&callback).await
}

#[tokio::test]
async fn a_business_connects_and_stays_connected_for_ever() {
    let world = with_configuration(FOR_EVER).await;
    let browser = world.user("a@b.example").await;
    let dialog = browser.start(&[("kind", "business")]).await;
    assert!(
        dialog.contains("config_id=600700800900") && dialog.contains("override_default_response_type=true")
    );
    assert!(!dialog.contains("scope="), "the configuration says what is asked: {dialog}");
    let callback = browser.answer(&dialog, Answer::for_business(Persona::Agency, 0)).await;
    browser.come_back(&callback).await;
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["kind"], "business_system_user");
    assert_eq!((&connection["status"], &connection["status_reason"]), (&json!("active"), &Value::Null));
    assert_eq!(
        (&connection["expires_at"], &connection["name"]),
        (&Value::Null, &json!("Studio Nordlicht GmbH"))
    );
    assert_eq!(connection["ad_accounts"], json!({"total": 412, "selected": 0}));
    let id = connection["id"].as_str().unwrap().to_owned();
    let owned = browser.ad_accounts(&id, "").await;
    assert!(
        owned.iter().all(|account| account["relation"] == "owned"),
        "the business's own list places them"
    );
    let page = browser.get(&format!("/connections/{id}")).await;
    assert!(page.has("Business system user") && page.has("No end date"), "{}", page.text);
    let before = world.meta.count(Endpoint::Exchange);
    live(&world, days(90)).await;
    assert_eq!(world.meta.count(Endpoint::Exchange), before, "what never ends is left alone");
}

#[tokio::test]
async fn a_business_with_a_token_for_sixty_days_is_renewed_in_the_way_of_its_kind() {
    let world = with_configuration(SIXTY_DAYS).await;
    let (browser, before) = business(&world).await;
    assert_ne!(before["expires_at"], Value::Null);
    world.meta.clear_calls();
    live(&world, days(65)).await;
    let renewals: Vec<_> =
        world.meta.calls().into_iter().filter(|call| call.endpoint == Endpoint::Exchange).collect();
    assert_eq!(renewals.len(), 1);
    let in_sixty_days = ("set_token_expires_in_60_days".to_owned(), "true".to_owned());
    assert!(renewals[0].params.contains(&in_sixty_days));
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    let after = browser.connections().await.remove(0);
    assert_eq!(after["status"], "active");
    assert!(after["expires_at"].as_str() > before["expires_at"].as_str());
}

#[tokio::test]
async fn a_configuration_for_persons_makes_a_persons_connection() {
    let world = with_configuration(A_PERSONS).await;
    let browser = world.user("a@b.example").await;
    browser.connect_with(Answer::agree(Persona::SoleTrader), &[("kind", "business")]).await;
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["kind"].as_str(), connection["name"].as_str()),
        (Some("facebook_user"), Some("Tom Okafor"))
    );
    assert_ne!(connection["expires_at"], Value::Null);
    let id = connection["id"].as_str().unwrap();
    let again = browser.start(&[("connection", id)]).await;
    assert!(again.contains("config_id=600700800902"), "the dialog that made it comes again: {again}");
}

#[tokio::test]
async fn a_phone_is_told_to_use_a_computer_and_given_the_address() {
    let world = with_configuration(FOR_EVER).await;
    let browser = world.user("a@b.example").await;
    let at_phone = [("user-agent", PHONE), ("sec-fetch-site", "same-origin")];
    let seen = browser.post_with("/connect/meta", &[("kind", "business")], &at_phone).await;
    assert_eq!((seen.status, seen.location.as_str()), (303, "/connect/business"));
    let page = browser.get_with("/connect/business", &at_phone).await;
    assert!(page.has("This needs a computer") && page.has(&format!("{}/connect/business", world.base)));
    assert!(!page.has("name=\"kind\""), "no button that cannot work");
    let at_desk = browser.get("/connect/business").await;
    assert!(at_desk.has("name=\"kind\" value=\"business\"") && !at_desk.has("This needs a computer"));
    assert_eq!(world.number("SELECT COUNT(*) FROM authorizations").await, 0);
}

#[tokio::test]
async fn a_business_that_is_not_set_up_is_not_offered() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    assert!(!browser.get("/dashboard").await.has("Connect a business"));
    assert_eq!(browser.get("/connect/business").await.status, 404);
    assert_eq!(browser.post("/connect/meta", &[("kind", "business")]).await.status, 422);
    assert_eq!(browser.post("/connect/meta", &[("kind", "planet")]).await.status, 422);
    assert_eq!(browser.post("/connect/instagram", &[]).await.status, 422);
}

#[tokio::test]
async fn only_what_was_ticked_comes_and_what_was_ticked_later_is_read() {
    let world = with_configuration(FOR_EVER).await;
    let (browser, connection) = business(&world).await;
    let id = connection["id"].as_str().unwrap();
    let all = browser.ad_accounts(id, "").await;
    let some: Vec<&str> = all[..3].iter().map(|account| account["account_id"].as_str().unwrap()).collect();
    let user = connection["meta_user_id"].as_str().unwrap();
    world.meta.set_targets(user, Some(&some[..2]));
    browser.press(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let usable = |accounts: Vec<Value>| accounts.iter().filter(|one| one["is_selectable"] == true).count();
    let usable_before = usable(browser.ad_accounts(id, "").await);
    assert!(usable_before <= 2, "{usable_before}");
    world.meta.set_targets(user, Some(&some));
    world.advance(days(2));
    world.run_due_jobs().await;
    let page = browser.get(&format!("/connections/{id}")).await;
    assert!(page.has("For 3 of them, as ticked on Facebook"), "{}", page.text);
}

#[tokio::test]
async fn a_business_that_removes_the_app_is_shown_so_at_once() {
    let world = with_configuration(FOR_EVER).await;
    entered(&world);
    let (browser, _) = business(&world).await;
    let business_id = world.text("SELECT business_id FROM meta_connections").await;
    world.meta.remove_app_from_business(&business_id);
    answered(&world, 1).await;
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["status"].as_str(), connection["status_reason"].as_str()),
        (Some("needs_reauthorization"), Some("app_removed"))
    );
}

#[tokio::test]
async fn disconnecting_a_business_ends_its_token_at_meta() {
    let world = with_configuration(FOR_EVER).await;
    let (browser, connection) = business(&world).await;
    let id = connection["id"].as_str().unwrap();
    world.meta.clear_calls();
    browser.press(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
    world.run_due_jobs().await;
    let calls = world.meta.calls();
    let told: Vec<u16> =
        calls.iter().filter(|call| call.path.ends_with("oauth/revoke")).map(|call| call.status).collect();
    assert_eq!(told, [200]);
    assert_eq!(world.meta.count(Endpoint::RevokePermissions), 0, "there is no person whose grant could end");
    assert_eq!(browser.connections().await.remove(0)["status"], "revoked");
}

#[tokio::test]
async fn what_a_business_gives_and_takes_is_read_without_waiting() {
    let world = with_configuration(FOR_EVER).await;
    entered(&world);
    let (browser, connection) = business(&world).await;
    let id = connection["id"].as_str().unwrap();
    let business_id = world.text("SELECT business_id FROM meta_connections").await;
    let account = browser.ad_accounts(id, "").await[0]["account_id"].as_str().unwrap().to_owned();
    let status = async || {
        let found = browser.ad_accounts(id, &format!("q={account}")).await;
        found[0]["status"].as_str().unwrap().to_owned()
    };
    world.meta.withdraw_asset(&business_id, &account);
    answered(&world, 1).await;
    world.run_due_jobs().await;
    assert_eq!(status().await, "unreachable");
    world.advance(crate::world::SECOND);
    world.meta.assign_asset(&business_id, &account);
    answered(&world, 2).await;
    world.run_due_jobs().await;
    assert_ne!(status().await, "unreachable");
}

#[tokio::test]
async fn an_instagram_account_connects_without_facebook() {
    let world = World::with(&INSTAGRAM).await;
    let browser = world.user("a@b.example").await;
    assert!(browser.get("/dashboard").await.has("Connect an Instagram account"));
    let seen = connect_instagram(&browser, Answer::agree(Persona::SoleTrader)).await;
    assert!(seen.title().contains("is connected"), "{}", seen.text);
    assert!(!seen.has("Choose ad accounts") && !seen.has("Facebook was unticked"), "{}", seen.text);
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["kind"].as_str(), connection["status"].as_str()),
        (Some("instagram_user"), Some("active"))
    );
    assert_eq!(connection["scopes"], json!(["instagram_business_basic"]));
    assert_eq!(connection["missing_scopes"], json!([]));
    let before = connection["expires_at"].as_str().unwrap().to_owned();
    let calls = world.meta.calls();
    assert!(
        calls.iter().all(|call| !call.path.contains("debug_token")),
        "Facebook does not know these tokens"
    );
    live(&world, days(45)).await;
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    let after = browser.connections().await.remove(0);
    assert!(after["expires_at"].as_str().unwrap() > before.as_str(), "renewed by its own call");
    let id = after["id"].as_str().unwrap();
    let page = browser.get(&format!("/connections/{id}/disconnect")).await;
    assert!(page.has("signs in on Instagram again") && !page.has("name=\"how\""), "{}", page.text);
    browser.press(&format!("/connections/{id}/disconnect"), &[]).await;
    assert_eq!(browser.connections().await.remove(0)["status"], "revoked");
}

#[tokio::test]
async fn a_callback_signed_with_instagrams_own_secret_is_taken() {
    let world = World::with(&INSTAGRAM).await;
    let browser = world.user("a@b.example").await;
    connect_instagram(&browser, Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    // Instagram's calls may name the account by the id that is for this app alone.
    let user = world.text("SELECT scoped_user_id FROM meta_connections").await;
    assert_ne!(user, browser.connections().await[0]["meta_user_id"]);
    let issued_at = world.app.now() / 1000;
    let payload = json!({"user_id": user, "algorithm": "HMAC-SHA256", "issued_at": issued_at}).to_string();
    let payload = URL_SAFE_NO_PAD.encode(payload);
    for (secret, status, left) in [("another-secret", 400, "active"), (INSTAGRAM[1].1, 200, "revoked")] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, payload.as_bytes()));
        let form = [("signed_request", format!("{signature}.{payload}"))];
        let url = format!("{}/hooks/meta/deauthorize", world.base);
        let answer = reqwest::Client::new().post(url).form(&form).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        world.run_due_jobs().await;
        assert_eq!(browser.connections().await.remove(0)["status"], left);
    }
}

#[tokio::test]
async fn saying_no_on_instagram_leads_back_to_instagram() {
    let world = World::with(&INSTAGRAM).await;
    let browser = world.user("a@b.example").await;
    let seen = connect_instagram(&browser, Answer::cancel()).await;
    assert!(seen.title().contains("You chose not to connect"), "{}", seen.text);
    assert!(
        seen.has("action=\"/connect/instagram\"") && seen.has("Continue with Instagram"),
        "{}",
        seen.text
    );
    assert!(browser.connections().await.is_empty());
}

#[tokio::test]
async fn an_answer_for_one_dialog_is_refused_by_the_other_ones_callback() {
    let world = World::with(&INSTAGRAM).await;
    let browser = world.user("a@b.example").await;
    let facebook = browser.answer(&browser.start(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let swapped = facebook.replace("/connect/meta/callback", "/connect/instagram/callback");
    let seen = browser.come_back(&swapped).await;
    assert!(seen.has("10 minutes") || seen.status >= 400, "{}", seen.text);
    let dialog = browser.post("/connect/instagram", &[]).await.location;
    let instagram = browser.answer(&dialog, Answer::agree(Persona::SoleTrader)).await;
    browser.come_back(&instagram.replace("/connect/instagram/callback", "/connect/meta/callback")).await;
    assert!(browser.connections().await.is_empty());
    // Neither answer is used up by the wrong door.
    browser.come_back(&facebook).await;
    browser.come_back(&instagram).await;
    assert_eq!(browser.connections().await.len(), 2);
}

#[tokio::test]
async fn a_pasted_system_users_token_is_inspected_and_its_end_is_known() {
    let world = World::of(&[], 2).await;
    let browser = world.user("a@b.example").await;
    let issue =
        |kind, lifetime| world.meta.issue(&bulk_user_id(0), kind, &["ads_read", "ads_management"], lifetime);
    let sixty = issue(TokenKind::SystemUser, Some(days(60)));
    let seen = browser.press("/connect/token", &[("token", &format!("  {sixty}\n"))]).await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    assert!(!seen.has(&sixty), "never shown again");
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["kind"], "business_system_user");
    assert_ne!(connection["expires_at"], Value::Null, "not taken for eternal");
    live(&world, days(50)).await;
    assert_eq!(world.meta.exchange_count(&bulk_user_id(0)), 1);
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    let id = browser.connection_id().await;
    // Reconnecting means pasting another one.
    let seen = browser.post("/connect/meta", &[("connection", &id)]).await;
    assert_eq!((seen.status, seen.location.as_str()), (303, "/connect/token"));
    let eternal = issue(TokenKind::SystemUser, None);
    browser.press("/connect/token", &[("token", &eternal)]).await;
    let connection = browser.connections().await.remove(0);
    assert_eq!((connection["id"].as_str(), &connection["expires_at"]), (Some(id.as_str()), &Value::Null));
}

#[tokio::test]
async fn what_is_no_system_users_token_is_refused_and_told_why() {
    let world = World::of(&[], 2).await;
    let browser = world.user("a@b.example").await;
    let persons = world.meta.issue(&bulk_user_id(0), TokenKind::User, &["ads_read"], Some(days(60)));
    let ended = world.meta.issue(
        &bulk_user_id(1),
        TokenKind::SystemUser,
        &["ads_read"],
        Some(Duration::from_secs(60)),
    );
    world.advance(days(1));
    let long = "x".repeat(5_000);
    let cases = [
        (persons.as_str(), "acts for a person"),
        (ended.as_str(), "no longer accepts"),
        ("123456|abcdefabcdefabcdefabcdef", "no access token"),
        ("", "no access token"),
        (long.as_str(), "no access token"),
        ("EAAnobodyhaseverseenthistokenanywhere", "no longer accepts"),
    ];
    for (token, words) in cases {
        let seen = browser.post("/connect/token", &[("token", token)]).await;
        assert_eq!(seen.status, 422, "{token}");
        assert!(seen.has(words), "{words}: {}", seen.text);
        assert!(token.is_empty() || !seen.has(token), "what was pasted is not shown again");
    }
    assert!(browser.connections().await.is_empty());
    assert!(!world.log().contains(&persons));
}
