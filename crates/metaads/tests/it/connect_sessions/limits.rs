//! What a session, a key and a caller may not do.

use metaads_sandbox::{Answer, Persona};
use metaads_store::ApiKeyLimits;
use serde_json::{Value, json};

use super::{CHALLENGE, ORIGIN, Session, body, completed, create, finish, product};
use crate::programs::Program;
use crate::world::{World, minutes};

#[tokio::test]
async fn a_session_expires_after_an_hour_and_works_once() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let (person, used) = completed(&world, &product, Persona::SoleTrader).await;
    let page = person.get(&used.url).await;
    assert_eq!((page.status, page.title()), (200, "You are connected already".to_owned()));
    assert!(page.has(&format!("connect_session={}", used.id)), "the way back");
    assert_eq!(person.post(&format!("{}/start", used.url), &[]).await.title(), "You are connected already");
    let stranger = world.browser().get(&used.url).await;
    assert_eq!((stranger.status, stranger.title()), (410, "This link no longer works".to_owned()));
    assert!(!stranger.has("app.example.com"));

    let late = Session::new(&product, &[]).await;
    let in_time = Session::new(&product, &[]).await;
    let dialog = in_time.confirm(&person).await;
    world.advance(minutes(10));
    let back = finish(&person, &dialog, Answer::agree(Persona::SoleTrader)).await;
    assert!(back.ends_with("status=failed&error=state_expired"), "{back}");
    in_time.confirm(&person).await;
    world.advance(minutes(50));
    assert_eq!(person.get(&late.url).await.status, 410);
    assert_eq!(person.post(&format!("{}/start", late.url), &[]).await.status, 410);
    assert_eq!(late.state(&product).await, "expired");
    assert_eq!(person.get("/connect-sessions/nothing").await.status, 410);
}

#[tokio::test]
async fn of_two_attempts_of_one_session_one_connects() {
    let world = World::new().await;
    let owner = world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let session = Session::new(&product, &[]).await;
    let person = world.browser();
    let (first, second) = (session.confirm(&person).await, session.confirm(&person).await);
    finish(&person, &first, Answer::agree(Persona::SoleTrader)).await;
    let connection = session.show(&product).await["connection_id"].clone();
    let back = finish(&person, &second, Answer::agree(Persona::SecondSoleTrader)).await;
    assert!(back.ends_with("status=completed"), "{back}");
    assert_eq!(owner.connections().await.len(), 1);
    assert_eq!(session.show(&product).await["connection_id"], connection);
    world.run_due_jobs().await;
}

#[tokio::test]
async fn a_session_is_refused_unless_everything_in_it_is_right() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    for (name, value) in [
        ("return_url", json!("https://other.example.com/connected")),
        ("return_url", json!("https://app.example.com:8443/connected")),
        ("return_url", json!("http://app.example.com/connected")),
        ("return_url", json!("https://user@app.example.com/connected")),
        ("return_url", json!("https://app.example.com.evil.example/")),
        ("return_url", json!("//app.example.com/")),
        ("return_url", json!("javascript:alert(1)")),
        ("return_url", json!(format!("{ORIGIN}/{}", "x".repeat(2_000)))),
        ("external_user_id", json!("")),
        ("external_user_id", json!("a\nb")),
        ("external_user_id", json!("x".repeat(201))),
        ("kind", json!("twitter")),
        ("kind", json!("business")),
        ("code_challenge", json!("short")),
        ("code_challenge", json!(format!("{}=", &CHALLENGE[1..]))),
        ("unknown", json!(1)),
    ] {
        let answer = create(&product, &[(name, value.clone())]).await;
        assert_eq!(answer.status, 422, "{name} {value}: {}", answer.text);
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM connect_sessions").await, 0);
    let longest = create(&product, &[("external_user_id", json!("ä".repeat(200)))]).await;
    assert_eq!(longest.status, 201, "{}", longest.text);
}

#[tokio::test]
async fn a_session_belongs_to_the_key_that_made_it() {
    let world = World::new().await;
    let owner = world.user("a@b.example").await;
    world.user("c@d.example").await;
    let first = product(&world, "a@b.example").await;
    let session = Session::new(&first, &[]).await;
    let path = format!("/api/v1/connect-sessions/{}", session.id);
    for other in [product(&world, "a@b.example").await, product(&world, "c@d.example").await] {
        assert_eq!(other.get(&path).await.status, 404);
    }
    assert_eq!(first.get("/api/v1/connect-sessions/nothing").await.status, 404);
    let reader = Program::new(&world, "a@b.example", &["connections:read"]).await;
    assert_eq!(reader.get(&path).await.status, 403);
    assert_eq!(create(&reader, &[]).await.status, 403);
    // Nor are they for signed-in people, nor for anybody.
    assert_eq!(owner.get(&path).await.status, 403);
    assert_eq!(world.browser().get(&path).await.status, 401);
    let without_origins = Program::new(&world, "a@b.example", &["connect:sessions"]).await;
    assert_eq!(create(&without_origins, &[]).await.status, 422);
}

#[tokio::test]
async fn a_key_that_is_limited_or_has_ended_connects_nothing_new() {
    let world = World::new().await;
    let (owner, id) = world.connected().await;
    let limits = ApiKeyLimits {
        connections: vec![id.clone()],
        return_origins: vec![ORIGIN.to_owned()],
        ..ApiKeyLimits::default()
    };
    let limited = Program::limited(&world, "a@b.example", &["connect:sessions"], limits).await;
    assert_eq!(create(&limited, &[]).await.status, 403);
    assert_eq!(create(&limited, &[("connection_id", json!(id))]).await.status, 201);

    let product = product(&world, "a@b.example").await;
    let session = Session::new(&product, &[]).await;
    world.sql(&format!("UPDATE api_keys SET ended_at = 1 WHERE id = '{}'", product.id)).await;
    assert_eq!(world.browser().get(&session.url).await.status, 410);
    assert_eq!(world.browser().post(&format!("{}/start", session.url), &[]).await.status, 410);
    assert_eq!(owner.connections().await.len(), 1);
}

#[tokio::test]
async fn many_people_connect_at_once_and_one_person_cannot_flood() {
    let world = World::new().await;
    let owner = world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    // More than a signed-in user may have pending.
    let mut waiting = Vec::new();
    for _ in 0..15 {
        let (session, person) = (Session::new(&product, &[]).await, world.browser());
        let dialog = session.confirm(&person).await;
        waiting.push((session, person, dialog));
    }
    let (session, person, dialog) = &waiting[0];
    let back = finish(person, dialog, Answer::agree(Persona::SoleTrader)).await;
    assert!(back.ends_with("status=completed"), "{back}");
    assert_eq!(session.state(&product).await, "completed");
    assert_eq!(owner.post("/connect/meta", &[]).await.status, 303);

    let (session, person, _) = &waiting[1];
    let path = format!("{}/start", session.url);
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(person.post(&path, &[]).await.status);
    }
    assert_eq!((statuses[18], statuses[19]), (303, 429));
    let pending = format!(
        "SELECT COUNT(*) FROM authorizations WHERE status = 'pending' AND connect_session_id = '{}'",
        session.id
    );
    assert_eq!(world.number(&pending).await, 10);
    world.run_due_jobs().await;
}

#[tokio::test]
async fn old_sessions_are_deleted_with_their_secrets() {
    let mut world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    Session::new(&product, &[]).await;
    world.advance(minutes(31 * 24 * 60));
    world.restart().await;
    metaads::worker::sweep(&world.app).await.unwrap();
    assert_eq!(world.number("SELECT COUNT(*) FROM connect_sessions").await, 0);
    assert_eq!(world.number("SELECT COUNT(*) FROM secrets").await, 0);
}

#[tokio::test]
async fn the_return_url_keeps_its_query_and_loses_an_earlier_result() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let forged = format!("{ORIGIN}/x?a=1&status=completed&connect_session=y&b=2#part");
    let session = Session::new(&product, &[("return_url", json!(forged))]).await;
    let person = world.browser();
    let dialog = session.confirm(&person).await;
    let back = finish(&person, &dialog, Answer::cancel()).await;
    let id = &session.id;
    assert_eq!(back, format!("{ORIGIN}/x?a=1&b=2&connect_session={id}&status=failed&error=cancelled#part"));
    assert_eq!(session.show(&product).await["return_url"], json!(forged));
    assert_eq!(body(&[])["kind"], Value::Null);
}
