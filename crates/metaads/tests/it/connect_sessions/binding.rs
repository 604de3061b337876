//! Whose browser a session is bound to.

use metaads_sandbox::{Answer, Endpoint, Persona};
use serde_json::json;

use super::{CHALLENGE, ORIGIN, Session, VERIFIER, finish, product};
use crate::world::World;

#[tokio::test]
async fn the_first_browser_that_confirms_keeps_the_session() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let session = Session::new(&product, &[]).await;
    let (first, second) = (world.browser(), world.browser());
    // Opening alone binds nothing.
    assert_eq!(second.get(&session.url).await.status, 200);
    let dialog = session.confirm(&first).await;
    let page = second.get(&session.url).await;
    assert_eq!((page.status, page.title()), (409, "Opened in another browser".to_owned()));
    let refused = second.post(&format!("{}/start", session.url), &[]).await;
    assert_eq!((refused.status, refused.title()), (409, "Opened in another browser".to_owned()));
    assert!(!refused.headers.contains_key("set-cookie"));
    // The same browser may open it again.
    assert_eq!(first.get(&session.url).await.status, 200);
    let back = finish(&first, &dialog, Answer::agree(Persona::SoleTrader)).await;
    assert!(back.ends_with("status=completed"));
    world.run_due_jobs().await;
}

#[tokio::test]
async fn of_two_browsers_that_confirm_at_once_one_starts() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let session = Session::new(&product, &[]).await;
    let (first, second) = (world.browser(), world.browser());
    let path = format!("{}/start", session.url);
    let (one, other) = tokio::join!(first.post(&path, &[]), second.post(&path, &[]));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
}

#[tokio::test]
async fn a_callback_in_another_browser_is_refused() {
    let world = World::new().await;
    let owner = world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let attackers = Session::new(&product, &[]).await;
    let attacker = world.browser();
    let dialog = attackers.confirm(&attacker).await;
    let callback = attacker.answer_dialog(&dialog, Answer::agree(Persona::SoleTrader)).await;
    // Neither somebody without cookies, nor one in a session of their own, nor the owner of the key.
    let other = world.browser();
    Session::new(&product, &[]).await.confirm(&other).await;
    for victim in [&world.browser(), &other, &owner] {
        let answer = victim.get(&callback).await;
        assert_eq!((answer.status, answer.location.as_str()), (303, "/connect/elsewhere"));
        assert_eq!(victim.get("/connect/elsewhere").await.title(), "Opened in another browser");
        assert_eq!(victim.get(&format!("/connect/result/{}", attackers.id)).await.status, 409);
    }
    assert_eq!(world.meta.count(Endpoint::Token), 0);
    assert!(owner.connections().await.is_empty());
}

#[tokio::test]
async fn a_browser_with_both_cookies_completes_each_for_its_own() {
    let world = World::new().await;
    world.user("owner@b.example").await;
    let product = product(&world, "owner@b.example").await;
    let person = world.user("person@b.example").await;
    let session = Session::new(&product, &[]).await;
    let own_dialog = person.start_connect(&[]).await;
    let dialog = session.confirm(&person).await;
    let back = finish(&person, &dialog, Answer::agree(Persona::SoleTrader)).await;
    assert!(back.ends_with("status=completed"));
    assert!(person.connections().await.is_empty(), "it belongs to the product");
    let callback = person.answer_dialog(&own_dialog, Answer::agree(Persona::SecondSoleTrader)).await;
    assert_eq!(person.follow_callback(&callback).await.title(), "Syncing your ad accounts");
    let own = person.connections().await;
    assert_eq!((own.len(), &own[0]["name"]), (1, &json!("Ben Carter")));
    world.run_due_jobs().await;
}

#[tokio::test]
async fn two_sessions_in_one_browser_do_not_disturb_each_other() {
    let world = World::new().await;
    let owner = world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let (one, two) = (Session::new(&product, &[]).await, Session::new(&product, &[]).await);
    let person = world.browser();
    let (first, second) = (one.confirm(&person).await, two.confirm(&person).await);
    finish(&person, &first, Answer::agree(Persona::SoleTrader)).await;
    finish(&person, &second, Answer::agree(Persona::SecondSoleTrader)).await;
    assert_eq!(
        (one.state(&product).await, two.state(&product).await),
        ("completed".into(), "completed".into())
    );
    assert_eq!(owner.connections().await.len(), 2);
    world.run_due_jobs().await;
}

#[tokio::test]
async fn the_cookie_of_a_session_signs_nobody_in() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let session = Session::new(&product, &[]).await;
    let started = world.browser().post(&format!("{}/start", session.url), &[]).await;
    let cookie = started.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let value = cookie.split(['=', ';']).nth(1).unwrap();
    let stranger = world.browser();
    for name in ["metaads_session", "__Host-metaads_session"] {
        let header = format!("{name}={value}");
        assert_eq!(stranger.get_with("/dashboard", &[("cookie", &header)]).await.status, 303);
        assert_eq!(stranger.get_with("/api/v1/connections", &[("cookie", &header)]).await.status, 401);
    }
    // And no sign-in cookie is good for a session.
    let attempt = world.text("SELECT id FROM authorizations").await;
    assert_eq!(stranger.get(&format!("/connect/attempts/{attempt}")).await.status, 303);
}

#[tokio::test]
async fn only_the_products_page_with_the_right_verifier_starts_a_session_with_a_challenge() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let session = Session::new(&product, &[("code_challenge", json!(CHALLENGE))]).await;
    let person = world.browser();
    // Another site's page that knows the verifier: it would connect its visitor to somebody else's account.
    for origin in
        ["https://evil.example", "https://app.example.com.evil.example", "null", "http://app.example.com"]
    {
        assert_eq!(session.post_from(&person, origin, VERIFIER).await.status, 403, "{origin}");
    }
    assert_eq!(
        person.post(&format!("{}/start", session.url), &[("code_verifier", VERIFIER)]).await.status,
        403
    );
    for _ in 0..4 {
        let refused = session.verify(&person, "wrong").await;
        assert_eq!((refused.status, refused.title()), (403, "The link could not be confirmed".to_owned()));
    }
    assert_eq!(session.verify(&person, VERIFIER).await.status, 303);
    assert_eq!(session.state(&product).await, "connecting");
}

#[tokio::test]
async fn five_wrong_verifiers_end_a_session() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let session = Session::new(&product, &[("code_challenge", json!(CHALLENGE))]).await;
    let person = world.browser();
    for _ in 0..5 {
        assert_eq!(session.verify(&person, "").await.status, 403);
    }
    let refused = session.verify(&person, VERIFIER).await;
    assert_eq!((refused.status, refused.title()), (410, "This link no longer works".to_owned()));
    let shown = session.show(&product).await;
    assert_eq!((&shown["state"], &shown["error"]), (&json!("failed"), &json!("wrong_verifier")));
}

#[tokio::test]
async fn another_sites_page_cannot_confirm_for_the_person() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let session = Session::new(&product, &[]).await;
    let victim = world.browser();
    for origin in ["https://evil.example", ORIGIN, "null"] {
        assert_eq!(session.post_from(&victim, origin, "").await.status, 403, "{origin}");
    }
    let path = format!("{}/start", session.url);
    assert_eq!(victim.post_with(&path, &[], &[("sec-fetch-site", "cross-site")]).await.status, 403);
    assert_eq!(session.state(&product).await, "pending");
}
