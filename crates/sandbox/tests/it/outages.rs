//! Outages that last longer than one call.

use std::time::Duration;

use metaads_sandbox::{Answer, Endpoint, Outage, Persona};
use serde_json::json;

use crate::world::{refusal, send, world};

const AN_HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn all_calls_get_503_until_the_outage_ends() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    world.control.start_outage(Outage::Unavailable, AN_HOUR);
    world.control.clear_calls();
    let down = world.get(&token, "me", &[]).await;
    assert_eq!(refusal(&down), (503, 2, None));
    assert_eq!(refusal(&world.exchange(&token).await), (503, 2, None));
    let dialog = world.client.get(world.dialog_url(&[])).send().await.expect("a page");
    assert_eq!(dialog.status(), 503);
    assert!(dialog.headers()["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/html")));
    let without_browser =
        world.control.authorize(&world.dialog_url(&[]), Answer::agree(Persona::Agency)).await;
    assert!(without_browser.starts_with("error-page: "), "{without_browser}");
    let counts = [Endpoint::Me, Endpoint::Exchange, Endpoint::Dialog].map(|one| world.control.count(one));
    assert_eq!(counts, [1, 1, 1], "calls are counted");

    world.control.advance(AN_HOUR - Duration::from_secs(1));
    assert_eq!(world.control.outage(), Some((Outage::Unavailable, Duration::from_secs(1))));
    assert_eq!(world.get(&token, "me", &[]).await.0, 503);
    world.control.advance(Duration::from_secs(1));
    assert_eq!(world.control.outage(), None);
    assert_eq!(world.get(&token, "me", &[]).await.0, 200);
}

#[tokio::test]
async fn a_silent_outage_sends_no_response() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    world.control.start_outage(Outage::Silent, AN_HOUR);
    let hung = world.request(&token, "me", &[]).timeout(Duration::from_millis(50)).send().await;
    assert!(hung.expect_err("no answer").is_timeout());
    assert_eq!(world.control.calls().last().map(|call| call.status), Some(0));
    world.control.end_outage();
    assert_eq!(world.get(&token, "me", &[]).await.0, 200);
}

#[tokio::test]
async fn the_control_page_works_during_an_outage_and_ends_it() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let url = format!("{}/_control", world.sandbox.url());
    let body = json!({"outage": "unavailable", "minutes": 15});
    assert_eq!(send(world.client.post(format!("{url}/outages")).json(&body)).await.0, 200);
    assert_eq!(world.get(&token, "me", &[]).await.0, 503);
    let html = world.client.get(&url).send().await.expect("a page").text().await.expect("text");
    assert!(html.contains("Meta is down and answers 503 to everything, for 15 min 00 s more."), "{html}");
    let over = world.client.post(format!("{url}/outages")).form(&[("outage", "over")]);
    assert_eq!(over.send().await.expect("an answer").status(), 303);
    assert_eq!(world.get(&token, "me", &[]).await.0, 200);
}
