//! The app as a node of the graph.

use metaads_sandbox::Persona;

use crate::world::{APP_ID, SECRET, refusal, world};

#[tokio::test]
async fn the_app_node_requires_the_app_token() {
    let world = world().await;
    let app = format!("{APP_ID}|{SECRET}");
    let (status, body) =
        world.get(&app, APP_ID, &[("fields", "id,name,app_domains,supported_platforms")]).await;
    assert_eq!(status, 200);
    assert_eq!((body["id"].as_str(), body["name"].as_str()), (Some(APP_ID), Some("The app under test")));
    assert_eq!(body["supported_platforms"][0], "WEB");
    assert!(body.get("app_domains").is_none(), "known, but not set");
    let (_, body) = world.get(&app, "app", &[]).await;
    assert_eq!(body.as_object().map(|body| body.len()), Some(4), "{body}");
    let wrong = world.get(&app, APP_ID, &[("fields", "nonsense")]).await;
    assert_eq!(refusal(&wrong), (400, 100, None));
    assert!(wrong.1["error"]["message"].as_str().is_some_and(|text| text.ends_with("(Application)")));

    assert_eq!(world.get(&app, &format!("{APP_ID}/subscriptions"), &[]).await.0, 200);
    let token = world.login_as(Persona::SoleTrader).await;
    assert_eq!(refusal(&world.get(&token, APP_ID, &[]).await).1, 100);
    let answer = world.get(&token, &format!("{APP_ID}/subscriptions"), &[]).await;
    assert_eq!(refusal(&answer).1, 15, "requires the app token");
}
