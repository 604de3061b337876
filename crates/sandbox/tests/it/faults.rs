//! Injected faults, through `Control` and through the control page.

use std::time::Duration;

use metaads_sandbox::{Answer, Effect, Endpoint, Fault, Persona};
use serde_json::json;

use crate::world::{refusal, send, world};

fn once(endpoint: Endpoint, effect: Effect) -> Fault {
    Fault::new(endpoint, 1, effect)
}

#[tokio::test]
async fn cut_refuse_and_lose_answer_break_the_connection() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    world.control.inject_fault(once(Endpoint::Me, Effect::Cut));
    let response = world.request(&token, "me", &[]).send().await.expect("the head");
    assert_eq!(response.status(), 200);
    assert!(response.bytes().await.is_err(), "the body is truncated");

    world.control.inject_fault(once(Endpoint::Me, Effect::Refuse));
    assert!(world.request(&token, "me", &[]).send().await.is_err());

    let code = world.code(Answer::agree(Persona::Agency)).await;
    world.control.inject_fault(once(Endpoint::Token, Effect::LoseAnswer));
    let form = [
        ("client_id", crate::world::APP_ID),
        ("client_secret", crate::world::SECRET),
        ("redirect_uri", crate::world::REDIRECT),
        ("code", &code),
    ];
    assert!(
        world.client.post(format!("{}/oauth/access_token", world.base)).form(&form).send().await.is_err()
    );
    assert_eq!(refusal(&world.redeem(&[("code", &code)]).await).2, Some(36009), "the code was consumed");
    assert_eq!(world.get(&token, "me", &[]).await.0, 200);
}

#[tokio::test]
async fn a_hanging_call_is_logged_without_a_status() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    world.control.inject_fault(once(Endpoint::Me, Effect::Hang));
    let hung = world.request(&token, "me", &[]).timeout(Duration::from_millis(50)).send().await;
    assert!(hung.expect_err("no answer").is_timeout());
    let calls = world.control.calls();
    assert_eq!(calls.last().map(|call| call.status), Some(0));
    assert!(!format!("{calls:?}").contains(&token), "Debug redacts the token");
}

#[tokio::test]
async fn a_held_call_continues_when_released() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    world.control.inject_fault(once(Endpoint::Me, Effect::Hold("gate".to_owned())));
    let call = tokio::spawn(world.request(&token, "me", &[]).send());
    world.control.wait_until_held("gate").await;
    world.control.invalidate_tokens(Persona::Agency.user_id(), 458);
    world.control.release("gate");
    let response = call.await.expect("the task does not panic").expect("an answer");
    assert_eq!(response.status(), 400);
}

#[tokio::test]
async fn responses_are_replaced_repeated_and_extended() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    let html =
        Effect::Body { status: 502, content_type: "text/html".to_owned(), body: "<h1>Sorry".to_owned() };
    world.control.inject_fault(Fault::new(Endpoint::Me, 2, html));
    for _ in 0..2 {
        let response = world.request(&token, "me", &[]).send().await.expect("an answer");
        assert_eq!(response.status(), 502);
        assert_eq!(response.text().await.expect("text"), "<h1>Sorry");
    }
    world.control.inject_fault(once(
        Endpoint::Me,
        Effect::Redirect { status: 302, location: "http://10.0.0.1/".to_owned() },
    ));
    let response = world.request(&token, "me", &[]).send().await.expect("an answer");
    assert_eq!(response.headers()["location"], "http://10.0.0.1/");
    world
        .control
        .inject_fault(once(Endpoint::Me, Effect::Headers(vec![("x-more".to_owned(), "1".to_owned())])));
    let response = world.request(&token, "me", &[]).send().await.expect("an answer");
    assert_eq!((response.status().as_u16(), response.headers()["x-more"].to_str().ok()), (200, Some("1")));

    let code = world.code(Answer::agree(Persona::Agency)).await;
    world.control.inject_fault(once(Endpoint::Token, Effect::AnswerTwice));
    assert_eq!(refusal(&world.redeem(&[("code", &code)]).await).2, Some(36009));
}

#[tokio::test]
async fn the_control_page_rejects_forms_from_other_sites() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    let url = format!("{}/_control", world.sandbox.url());
    let form = [("endpoint", "me"), ("times", "1"), ("effect", "outage")];
    let foreign =
        world.client.post(format!("{url}/faults")).header("sec-fetch-site", "cross-site").form(&form);
    assert_eq!(foreign.send().await.expect("an answer").status(), 403);
    let foreign =
        world.client.post(format!("{url}/faults")).header("origin", "https://evil.example").form(&form);
    assert_eq!(foreign.send().await.expect("an answer").status(), 403);
    let own = world.client.post(format!("{url}/faults")).header("sec-fetch-site", "same-origin").form(&form);
    assert_eq!(own.send().await.expect("an answer").status(), 303);
    assert_eq!(refusal(&world.get(&token, "me", &[]).await), (503, 2, None));

    let fault = Fault::new(Endpoint::AdAccounts, 3, Effect::Delay(Duration::from_secs(9)));
    let sent =
        world.client.post(format!("{url}/faults")).json(&json!(fault)).send().await.expect("an answer");
    assert_eq!(sent.status(), 200);
    let html = world.client.get(&url).send().await.expect("a page").text().await.expect("text");
    assert!(html.contains("3 × ad_accounts: delayed by 9 s") && html.contains("Aylin Kaya-Öztürk"));
    assert!(!html.contains(&token) && !html.contains("<script"));
    let clear = world.client.post(format!("{url}/clear")).send().await.expect("an answer");
    assert_eq!(clear.status(), 303);
    let kill = [("user_id", Persona::Agency.user_id()), ("subcode", "459")];
    world.client.post(format!("{url}/tokens")).form(&kill).send().await.expect("an answer");
    assert_eq!(refusal(&world.get(&token, "me/adaccounts", &[]).await), (400, 190, Some(459)));
}

#[tokio::test]
async fn the_control_api_switches_requires_proof() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    let url = format!("{}/_control/settings", world.sandbox.url());
    let without_proof =
        || send(world.client.get(format!("{}/me", world.base)).query(&[("access_token", &token)]));
    assert_eq!(refusal(&without_proof().await), (400, 100, None));
    for (value, status) in [("off", 303), ("perhaps", 422)] {
        let turned =
            world.client.post(&url).form(&[("requires_proof", value)]).send().await.expect("an answer");
        assert_eq!(turned.status(), status);
        assert_eq!(without_proof().await.0, 200);
    }
    world.client.post(&url).form(&[("requires_proof", "on")]).send().await.expect("an answer");
    assert_eq!(refusal(&without_proof().await), (400, 100, None));
}
