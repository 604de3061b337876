//! The JSON API under `/_control`, for programs that cannot link against the sandbox.

use metaads_sandbox::{Answer, Persona};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::world::{Answered, World, query, refusal, send, world};

impl World {
    async fn post(&self, path: &str, body: &Value) -> Answered {
        send(self.client.post(format!("{}/_control/{path}", self.sandbox.url())).json(body)).await
    }

    async fn state(&self) -> Value {
        send(self.client.get(format!("{}/_control/state", self.sandbox.url()))).await.1
    }
}

#[tokio::test]
async fn settings_are_changed_atomically() {
    let world = world().await;
    let elsewhere = "https://ads.example/cb";
    let url = world.dialog_url(&[("redirect_uri", elsewhere)]);
    assert!(world.control.authorize(&url, Answer::agree(Persona::Nobody)).await.starts_with("error-page: "));
    let settings =
        json!({"redirect_uri": elsewhere, "token_days": 5, "omits_expires_in": true, "active": "on"});
    assert_eq!(world.post("settings", &settings).await.0, 200);
    let back = world.control.authorize(&url, Answer::agree(Persona::Nobody)).await;
    let code = query(&back, "code").expect("a code");
    let (_, body) = world.redeem(&[("code", &code), ("redirect_uri", elsewhere)]).await;
    assert!(body.get("expires_in").is_none());
    let (_, body) = world.exchange(body["access_token"].as_str().expect("a token")).await;
    let inspected = world.inspect(body["access_token"].as_str().expect("a token")).await;
    assert_eq!(inspected["expires_at"], 1_795_348_800 + 5 * 86_400);

    for wrong in
        [json!({"active": false, "nonsense": 1}), json!({"active": "maybe"}), json!({"redirect_uri": "x"})]
    {
        assert_eq!(world.post("settings", &wrong).await.0, 422);
    }
    let back = world.control.authorize(&world.dialog_url(&[]), Answer::agree(Persona::Nobody)).await;
    assert!(query(&back, "code").is_some(), "still active");
    let off =
        world.client.post(format!("{}/_control/settings", world.sandbox.url())).form(&[("active", "off")]);
    assert_eq!(off.send().await.expect("an answer").status(), 303);
    let back = world.control.authorize(&world.dialog_url(&[]), Answer::agree(Persona::Nobody)).await;
    assert_eq!(query(&back, "error_code").as_deref(), Some("1349126"));
    assert_eq!(world.post("settings", &json!({"active": true, "requires_proof": false})).await.0, 200);
}

#[tokio::test]
async fn state_json_never_contains_an_issued_token() {
    let world = world().await;
    let tom = Persona::SoleTrader.user_id();
    let asked = json!({"user_id": tom, "permissions": "ads_read, business_management", "days": 0});
    let (_, body) = world.post("issue", &asked).await;
    let token = body["access_token"].as_str().expect("a token");
    assert_eq!(world.get(token, "me/adaccounts", &[]).await.0, 200);
    assert_eq!(world.inspect(token).await["expires_at"], 0);
    assert_eq!(world.post("issue", &json!({"user_id": "1"})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.post("issue", &json!({"user_id": tom, "kind": "page"})).await.0, 422);

    world.post("limits", &json!({"limit": "app", "minutes": 5})).await;
    world.post("outages", &json!({"outage": "silent", "minutes": 1})).await;
    let state = world.state().await;
    assert_eq!(state["people"][0]["user_id"], tom);
    assert_eq!(state["limits"][0], json!({"limit": "app", "id": null, "seconds_left": 300, "refused": 0}));
    assert_eq!(state["outage"], json!({"outage": "silent", "seconds_left": 60}));
    assert_eq!(state["calls"], json!({"ad_accounts": 1, "debug_token": 1}));
    assert!(!state.to_string().contains(token));
    world.post("outages", &json!({"outage": "over"})).await;
    world.post("limits/lift", &json!({})).await;
    world.post("calls/clear", &json!({})).await;
    let state = world.state().await;
    assert_eq!((&state["outage"], &state["calls"], &state["limits"]), (&Value::Null, &json!({}), &json!([])));

    world.post("people", &json!({"user_id": tom, "act": "remove"})).await;
    assert_eq!(
        refusal(&world.get(token, "me", &[]).await),
        (400, 190, Some(458)),
        "flat JSON works for every form"
    );
}
