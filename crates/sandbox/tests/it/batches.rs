//! Batches.

use metaads_sandbox::{Effect, Endpoint, Fault, Persona};
use serde_json::{Value, json};

use crate::world::{Answered, World, proof, refusal, send, world};

async fn batch(world: &World, token: &str, items: &Value) -> Answered {
    let form = [("access_token", token), ("batch", &items.to_string()), ("appsecret_proof", &proof(token))];
    send(world.client.post(format!("{}/", world.base)).form(&form)).await
}

fn body(item: &Value) -> Value {
    serde_json::from_str(item["body"].as_str().expect("a string")).expect("JSON")
}

#[tokio::test]
async fn batch_items_answer_in_order_and_use_the_outer_proof() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    let items = json!([
        {"method": "GET", "relative_url": "v26.0/me?fields=id,name"},
        {"method": "GET", "relative_url": "me/adaccounts?limit=3&summary=total_count"},
        {"method": "GET", "relative_url": "act_1"},
        {"method": "GET", "relative_url": "me/permissions"},
    ]);
    let (status, list) = batch(&world, &token, &items).await;
    assert_eq!(status, 200);
    assert_eq!(body(&list[0])["name"], "Aylin Kaya-Öztürk");
    assert_eq!(body(&list[1])["summary"]["total_count"], 1307);
    assert_eq!(list[2]["code"], 400);
    assert_eq!(body(&list[2])["error"]["error_subcode"], 33);
    assert_eq!(body(&list[3])["data"].as_array().map(Vec::len), Some(7));
    let headers = list[0]["headers"].as_array().expect("a list");
    assert!(headers.iter().any(|header| header["name"] == "x-app-usage"));
    assert_eq!(world.control.count(Endpoint::Batch), 1);
    let inner: Vec<_> = world.control.calls().into_iter().filter(|call| call.in_batch).collect();
    assert_eq!(inner.len(), 4);
    assert_eq!((inner[2].endpoint, inner[2].status), (Endpoint::AdAccount, 400));
}

#[tokio::test]
async fn faults_apply_to_batch_items() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    world.control.inject_fault(Fault::new(Endpoint::Me, 1, Effect::NullInBatch));
    let limited = Effect::Graph {
        status: 400,
        code: 17,
        subcode: Some(2_446_079),
        kind: "OAuthException".to_owned(),
        message: "(#17) User request limit reached".to_owned(),
    };
    world.control.inject_fault(Fault::new(Endpoint::AdAccounts, 1, limited));
    let items =
        json!([{"method": "GET", "relative_url": "me"}, {"method": "GET", "relative_url": "me/adaccounts"}]);
    let (_, list) = batch(&world, &token, &items).await;
    assert!(list[0].is_null());
    assert_eq!(list[1]["code"], 400);
    assert_eq!(body(&list[1])["error"]["code"], 17);
    let (_, list) = batch(&world, &token, &items).await;
    assert_eq!((list[0]["code"].as_i64(), list[1]["code"].as_i64()), (Some(200), Some(200)));
}

#[tokio::test]
async fn an_invalid_batch_is_refused_as_a_whole() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    let many: Value = (0..51).map(|_| json!({"method": "GET", "relative_url": "me"})).collect();
    let (status, body) = batch(&world, &token, &many).await;
    assert_eq!(status, 400);
    assert_eq!(body["error"]["type"], "GraphBatchException");
    assert!(body["error"].get("code").is_none());
    let (_, list) =
        batch(&world, &token, &json!([{"relative_url": "me", "body": "access_token=EAAx"}])).await;
    assert_eq!(list[0]["code"], 400);
    world.control.invalidate_tokens(Persona::Agency.user_id(), 458);
    assert_eq!(refusal(&batch(&world, &token, &json!([])).await), (400, 190, Some(458)));

    let token = world.login_as(Persona::Agency).await;
    let json = json!({"access_token": token, "appsecret_proof": proof(&token), "include_headers": false,
        "batch": [{"method": "GET", "relative_url": "me"}]});
    let (_, list) = send(world.client.post(format!("{}/", world.base)).json(&json)).await;
    assert_eq!(list[0]["code"], 200);
    assert!(list[0].get("headers").is_none());
}

#[tokio::test]
async fn fifty_campaigns_are_created_in_one_batch() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let campaigns = format!("{}/campaigns", world.first_account(&token).await);
    let items = (0..50).map(|number| {
        let body =
            format!("name=C{number}&objective=OUTCOME_SALES&special_ad_categories=%5B%5D&status=PAUSED");
        json!({"method": "POST", "relative_url": format!("v26.0/{campaigns}"), "body": body})
    });
    let (_, list) = batch(&world, &token, &items.collect()).await;
    let list = list.as_array().expect("a list");
    let ids: std::collections::HashSet<String> =
        list.iter().map(|item| body(item)["id"].to_string()).collect();
    assert_eq!(ids.len(), 50);
    let named =
        world.get(&token, body(&list[0])["id"].as_str().expect("an id"), &[("fields", "name")]).await.1;
    assert_eq!(named["name"], "C0");
    let (_, body) = world.get(&token, &campaigns, &[("summary", "total_count")]).await;
    assert_eq!(body["summary"]["total_count"], 62);
}

#[tokio::test]
async fn a_batch_item_refers_to_an_earlier_one() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let account = world.first_account(&token).await;
    let ad_set = "name=DE&billing_event=IMPRESSIONS&optimization_goal=LINK_CLICKS&targeting=%7B%7D\
                  &campaign_id=%7Bresult%3Dnew%3A%24.id%7D";
    let items = json!([
        {"method": "POST", "relative_url": format!("{account}/campaigns"), "name": "new",
         "body": "name=C&objective=OUTCOME_SALES&special_ad_categories=[]"},
        {"method": "POST", "relative_url": format!("{account}/adsets"), "body": ad_set, "name": "set",
         "omit_response_on_success": false},
        {"method": "GET", "relative_url": "{result=set:$.id}?fields=campaign{name}"},
        {"method": "GET", "relative_url": format!("{account}/ads?limit=2"), "name": "ads",
         "omit_response_on_success": false},
        {"method": "POST", "relative_url": format!("{account}/campaigns"),
         "body": "name={result=ads:$.data.*.id}&objective=OUTCOME_SALES&special_ad_categories=[]"},
        {"method": "GET", "relative_url": "{result=none:$.id}/adsets"},
    ]);
    let (_, list) = batch(&world, &token, &items).await;
    assert!(list[0].is_null(), "another item refers to it");
    assert_eq!(body(&list[2])["campaign"]["name"], "C", "{}", list[1]);
    assert_eq!(body(&list[2])["id"], body(&list[1])["id"]);
    let ads: Vec<String> = body(&list[3])["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| row["id"].as_str().expect("an id").to_owned())
        .collect();
    let new = body(&list[4])["id"].as_str().expect("an id").to_owned();
    assert_eq!(world.get(&token, &new, &[("fields", "name")]).await.1["name"], ads.join(","));
    assert_eq!(list[5]["code"], 400);
}
