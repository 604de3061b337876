//! A business removes the app or changes its assets, and the app gets a webhook.

use std::net::Ipv4Addr;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use metaads_sandbox::{Answer, Persona};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::world::{World, proof_of, query, refusal, world};

const FIELDS: [&str; 3] =
    ["business_integration_install", "business_integration_uninstall", "business_integration_update"];

/// A webhook receiver: checks the signature and passes on the body.
async fn receiver() -> (String, UnboundedReceiver<Value>) {
    async fn receive(State(received): State<UnboundedSender<Value>>, headers: HeaderMap, body: String) {
        let signature = headers["x-hub-signature-256"].to_str().expect("text").to_owned();
        assert_eq!(signature, format!("sha256={}", proof_of(&body)));
        received.send(serde_json::from_str(&body).expect("JSON")).expect("the test is still listening");
    }
    async fn challenge(Query(pairs): Query<Vec<(String, String)>>) -> String {
        pairs.into_iter().find(|(name, _)| name == "hub.challenge").expect("a challenge").1
    }
    let (received, events) = unbounded_channel();
    let routes =
        Router::new().route("/events", axum::routing::get(challenge).post(receive)).with_state(received);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let url = format!("http://{}/events", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, events)
}

impl World {
    /// Login for Business for the third business of the agency. Returns the token and the id of the business.
    async fn system_user(&self) -> (String, String) {
        let url =
            self.dialog_url(&[("config_id", "600700800900"), ("override_default_response_type", "true")]);
        let back = self.control.authorize(&url, Answer::for_business(Persona::Agency, 2)).await;
        let (_, body) = self.redeem(&[("code", &query(&back, "code").expect("a code"))]).await;
        let token = body["access_token"].as_str().expect("a token").to_owned();
        let (_, me) = self.get(&token, "me", &[("fields", "client_business_id")]).await;
        (token, me["client_business_id"].as_str().expect("an id").to_owned())
    }

    /// Sends one more event and checks that it is the next one to arrive.
    async fn no_other_event_arrives(&self, events: &mut UnboundedReceiver<Value>) -> bool {
        let change = json!({"field": "business_integration_install", "value": {"tp_config_id": "the last"}});
        self.control.send_event("application", "100200300400500", &change);
        let event = events.recv().await.expect("an event");
        event["entry"][0]["changes"][0] == change
    }

    async fn assigned(&self, token: &str) -> Vec<String> {
        let (_, body) = self.get(token, "me/assigned_ad_accounts", &[]).await;
        let rows = body["data"].as_array().expect("a list");
        rows.iter().filter_map(|row| row["id"].as_str()).map(str::to_owned).collect()
    }
}

fn changed_field<'a>(event: &'a Value, business: &str) -> &'a str {
    assert_eq!(
        (event["object"].as_str(), event["entry"][0]["id"].as_str()),
        (Some("application"), Some("100200300400500"))
    );
    let change = &event["entry"][0]["changes"][0];
    assert_eq!(change["value"]["business_manager_id"], business);
    change["field"].as_str().expect("a field")
}

#[tokio::test]
async fn removing_the_app_invalidates_the_system_users_tokens_and_sends_a_webhook() {
    let world = world().await;
    let (url, mut events) = receiver().await;
    world.control.subscribe("application", &FIELDS, &url);
    let (token, business) = world.system_user().await;
    let aylin = world.login_as(Persona::Agency).await;
    world.control.remove_app_from_business(&business);
    let event = events.recv().await.expect("an event");
    assert_eq!(changed_field(&event, &business), "business_integration_uninstall");
    assert_eq!(refusal(&world.get(&token, "me", &[]).await), (400, 190, Some(458)));
    let inspected = world.inspect(&token).await;
    assert_eq!(
        (inspected["is_valid"].as_bool(), inspected["error"]["subcode"].as_i64()),
        (Some(false), Some(458))
    );
    assert_eq!(world.get(&aylin, "me", &[]).await.0, 200, "user tokens are not affected");

    world.control.remove_app_from_business(&business);
    world.control.remove_app_from_business("1");
    assert!(world.no_other_event_arrives(&mut events).await, "no second webhook is sent");
}

#[tokio::test]
async fn assigning_and_withdrawing_an_asset_sends_a_webhook() {
    let world = world().await;
    let (url, mut events) = receiver().await;
    world.control.subscribe("application", &FIELDS, &url);
    let (token, business) = world.system_user().await;
    let all = world.assigned(&token).await;
    assert_eq!(all.len(), 21);
    world.control.withdraw_asset(&business, &all[0]);
    assert_eq!(
        changed_field(&events.recv().await.expect("an event"), &business),
        "business_integration_update"
    );
    assert_eq!(world.assigned(&token).await, all[1..]);
    assert_eq!(refusal(&world.get(&token, &all[0], &[]).await), (400, 100, Some(33)));
    let scopes = world.inspect(&token).await["granular_scopes"].clone();
    let ads = scopes.as_array().expect("a list").iter().find(|row| row["scope"] == "ads_read").cloned();
    assert_eq!(ads.expect("a row")["target_ids"].as_array().map(Vec::len), Some(20));

    world.control.assign_asset(&business, &all[0]);
    assert_eq!(
        changed_field(&events.recv().await.expect("an event"), &business),
        "business_integration_update"
    );
    assert_eq!(world.assigned(&token).await, all);
    world.control.assign_asset(&business, "act_1");
    assert!(world.no_other_event_arrives(&mut events).await, "the ad account belongs to someone else");
}

#[tokio::test]
async fn the_control_page_performs_business_actions() {
    let world = world().await;
    let (token, business) = world.system_user().await;
    let url = format!("{}/_control", world.sandbox.url());
    let html = world.client.get(&url).send().await.expect("a page").text().await.expect("text");
    assert!(html.contains("The business removes the app") && html.contains(&business));
    let account = world.assigned(&token).await.remove(0);
    let post = |form: [(&'static str, String); 3]| {
        let request = world.client.post(format!("{url}/businesses")).form(&form);
        async move { request.send().await.expect("an answer").status().as_u16() }
    };
    let form = |act: &str, asset: &str| {
        [("business_id", business.clone()), ("act", act.to_owned()), ("asset_id", asset.to_owned())]
    };
    assert_eq!(post(form("withdraw", &account)).await, 303);
    assert_eq!(world.assigned(&token).await.len(), 20);
    assert_eq!(post(form("assign", "17")).await, 422);
    assert_eq!(post(form("remove", "")).await, 303);
    assert_eq!(refusal(&world.get(&token, "me", &[]).await).2, Some(458));
    assert_eq!(post(form("remove", "")).await, 422);
}
