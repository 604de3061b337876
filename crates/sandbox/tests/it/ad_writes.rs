//! Creating, changing and deleting campaigns, ad sets, ads and creatives.

use metaads_sandbox::{Endpoint, Options, Persona, TokenKind};
use serde_json::{Value, json};

use crate::ad_objects::{id, rows};
use crate::world::{Answered, World, days, proof, refusal, send, world, world_with};

impl World {
    pub async fn post_form(&self, token: &str, path: &str, form: &[(&str, &str)]) -> Answered {
        let query = [("access_token", token), ("appsecret_proof", &proof(token))];
        send(self.client.post(format!("{}/{path}", self.base)).query(&query).form(form)).await
    }

    pub async fn post_json(&self, token: &str, path: &str, body: &Value) -> Answered {
        let query = [("access_token", token), ("appsecret_proof", &proof(token))];
        send(self.client.post(format!("{}/{path}", self.base)).query(&query).json(body)).await
    }

    /// Creates an object and returns its id.
    pub async fn create(&self, token: &str, path: &str, body: &Value) -> String {
        let (status, answer) = self.post_json(token, path, body).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer.as_object().map(|answer| answer.len()), Some(1), "only the id");
        id(&answer).to_owned()
    }
}

const CAMPAIGN: [(&str, &str); 4] = [
    ("name", "Herbst 🍂"),
    ("objective", "OUTCOME_TRAFFIC"),
    ("special_ad_categories", "[]"),
    ("status", "PAUSED"),
];

pub fn campaign(name: &str) -> Value {
    json!({"name": name, "objective": "OUTCOME_SALES", "special_ad_categories": [], "status": "PAUSED"})
}

#[tokio::test]
async fn a_campaign_is_created_changed_and_deleted() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let campaigns = format!("{}/campaigns", world.first_account(&token).await);
    let (status, answer) = world.post_form(&token, &campaigns, &CAMPAIGN).await;
    assert_eq!(status, 200, "{answer}");
    let new = id(&answer).to_owned();
    let fields = [("fields", "name,objective,status,effective_status,special_ad_categories,created_time")];
    let (_, read) = world.get(&token, &new, &fields).await;
    assert_eq!((&read["name"], &read["effective_status"]), (&json!("Herbst 🍂"), &json!("PAUSED")));
    assert_eq!(read["special_ad_categories"], json!([]));
    assert!(read["created_time"].as_str().is_some_and(|time| time.starts_with("2026-11-22T")));
    assert_eq!(id(&rows(&world.get(&token, &campaigns, &[]).await.1)[0]), new, "the newest is first");

    let change = [("name", "Winter"), ("status", "ACTIVE"), ("daily_budget", "2500")];
    assert_eq!(world.post_form(&token, &new, &change).await.1, json!({"success": true}));
    let (_, read) = world.get(&token, &new, &[("fields", "name,status,daily_budget,objective")]).await;
    let expected = json!({"id": new, "name": "Winter", "status": "ACTIVE", "daily_budget": "2500", "objective": "OUTCOME_TRAFFIC"});
    assert_eq!(read, expected);

    assert_eq!(world.delete(&token, &new).await.1, json!({"success": true}));
    assert_eq!(world.get(&token, &new, &[("fields", "status")]).await.1["status"], "DELETED");
    assert_ne!(id(&rows(&world.get(&token, &campaigns, &[]).await.1)[0]), new);
    let deleted = [("effective_status", "[\"DELETED\"]")];
    assert_eq!(rows(&world.get(&token, &campaigns, &deleted).await.1).len(), 1);
    assert_eq!(world.control.count(Endpoint::AdWrites), 3);
}

#[tokio::test]
async fn a_whole_ad_is_created_from_json_bodies() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let account = world.first_account(&token).await;
    let campaign = world.create(&token, &format!("{account}/campaigns"), &campaign("Shop")).await;
    let ad_set = json!({"name": "DE", "campaign_id": campaign, "billing_event": "IMPRESSIONS", "bid_amount": 250,
        "optimization_goal": "LINK_CLICKS", "daily_budget": 1000,
        "targeting": {"geo_locations": {"countries": ["DE"]}}});
    let ad_set = world.create(&token, &format!("{account}/adsets"), &ad_set).await;
    let story = json!({"page_id": "1", "link_data": {"link": "https://shop.example/"}});
    let creative = json!({"name": "Bike", "object_story_spec": story});
    let creative = world.create(&token, &format!("{account}/adcreatives"), &creative).await;
    let ads = format!("{account}/ads");
    let ad = json!({"name": "Ad", "adset_id": ad_set, "creative": {"creative_id": creative}});
    let ad = world.create(&token, &ads, &ad).await;
    let fields =
        [("fields", "account_id,campaign_id,adset_id,effective_status,creative{name},adset{targeting}")];
    let (_, read) = world.get(&token, &ad, &fields).await;
    assert_eq!((read["campaign_id"].as_str(), read["adset_id"].as_str()), (Some(&*campaign), Some(&*ad_set)));
    assert_eq!(read["effective_status"], "CAMPAIGN_PAUSED");
    assert_eq!(read["creative"], json!({"id": creative, "name": "Bike"}));
    assert_eq!(read["adset"]["targeting"]["geo_locations"]["countries"], json!(["DE"]));
    let (_, body) = world.get(&token, &format!("{campaign}/ads"), &[]).await;
    assert_eq!(rows(&body).iter().map(id).collect::<Vec<_>>(), [ad.as_str()]);

    let inline = json!({"name": "Ad", "adset_id": ad_set, "creative": {"object_story_spec": story}});
    let inline = world.create(&token, &ads, &inline).await;
    let (_, read) = world.get(&token, &inline, &[("fields", "creative{object_story_spec}")]).await;
    assert_eq!(read["creative"]["object_story_spec"], story);
    let unknown =
        json!({"name": "Ad", "adset_id": "120300000000000001", "creative": {"creative_id": creative}});
    let refused = world.post_json(&token, &ads, &unknown).await;
    assert_eq!(refusal(&refused), (400, 100, None));
    assert_eq!(refused.1["error"]["error_user_title"], "Object not available");

    assert_eq!(world.delete(&token, &campaign).await.0, 200);
    assert!(rows(&world.get(&token, &format!("{campaign}/ads"), &[]).await.1).is_empty(), "deleted with it");
    assert_eq!(world.get(&token, &ad, &fields).await.1["effective_status"], "DELETED");
}

#[tokio::test]
async fn an_incomplete_campaign_is_refused() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let campaigns = format!("{}/campaigns", world.first_account(&token).await);
    for missing in ["name", "objective", "special_ad_categories"] {
        let form: Vec<_> = CAMPAIGN.into_iter().filter(|(name, _)| *name != missing).collect();
        let refused = world.post_form(&token, &campaigns, &form).await;
        assert_eq!(refusal(&refused), (400, 100, None), "{missing}");
        assert_eq!(refused.1["error"]["message"], format!("(#100) The parameter {missing} is required."));
    }
    for (name, value) in [("objective", "LINK_CLICKS"), ("status", "RUNNING"), ("daily_budget", "five")] {
        let form: Vec<_> =
            CAMPAIGN.into_iter().filter(|(own, _)| *own != name).chain([(name, value)]).collect();
        assert_eq!(refusal(&world.post_form(&token, &campaigns, &form).await), (400, 100, None), "{name}");
    }
    let too_low =
        world.post_form(&token, &campaigns, &[&CAMPAIGN[..], &[("daily_budget", "1")]].concat()).await;
    assert_eq!(refusal(&too_low), (400, 100, Some(1_885_272)));
    assert_eq!(too_low.1["error"]["message"], "Invalid parameter");
    assert_eq!(too_low.1["error"]["is_transient"], false);
    assert!(too_low.1["error"]["error_user_msg"].is_string());

    let before = rows(&world.get(&token, &campaigns, &[]).await.1).len();
    let only = [&CAMPAIGN[..], &[("execution_options", "[\"validate_only\"]")]].concat();
    assert_eq!(world.post_form(&token, &campaigns, &only).await.1, json!({"success": true}));
    assert_eq!(rows(&world.get(&token, &campaigns, &[]).await.1).len(), before);
}

#[tokio::test]
async fn writing_requires_ads_management_and_a_task_on_the_ad_account() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let account = world.first_account(&token).await;
    let campaigns = format!("{account}/campaigns");
    let own = id(&rows(&world.get(&token, &campaigns, &[]).await.1)[0]).to_owned();
    let aylin = world.login_as(Persona::Agency).await;
    for path in [&campaigns, &own] {
        assert_eq!(refusal(&world.post_form(&aylin, path, &CAMPAIGN).await), (400, 100, Some(33)));
    }
    let (_, body) = world.get(&aylin, "me/adaccounts", &[("fields", "user_tasks"), ("limit", "20")]).await;
    let analyst = rows(&body).iter().find(|row| row["user_tasks"] == json!(["ANALYZE"])).expect("one of 20");
    let refused = world.post_form(&aylin, &format!("{}/campaigns", id(analyst)), &CAMPAIGN).await;
    assert_eq!(refusal(&refused), (403, 273, None));

    let tom = Persona::SoleTrader.user_id();
    world.control.set_permission(tom, "ads_management", metaads_sandbox::PermissionStatus::Declined);
    let reader = world.control.issue(tom, TokenKind::User, &["ads_read"], Some(days(60)));
    assert_eq!(world.get(&reader, &own, &[]).await.0, 200);
    assert_eq!(refusal(&world.post_form(&reader, &campaigns, &CAMPAIGN).await), (403, 200, None));
    assert_eq!(refusal(&world.post_form(&reader, &own, &[("name", "x")]).await), (403, 200, None));
    assert_eq!(refusal(&world.delete(&reader, &own).await), (403, 200, None));
}

#[tokio::test]
async fn generated_objects_can_be_changed_and_the_method_overridden() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let campaigns = format!("{}/campaigns", world.first_account(&token).await);
    let first = id(&rows(&world.get(&token, &campaigns, &[]).await.1)[0]).to_owned();
    assert_eq!(world.post_form(&token, &first, &[("status", "PAUSED")]).await.0, 200);
    let fields = [("fields", "effective_status"), ("limit", "1")];
    let (_, body) = world.get(&token, &format!("{first}/ads"), &fields).await;
    assert_eq!(rows(&body)[0]["effective_status"], "CAMPAIGN_PAUSED");
    assert_eq!(world.post_form(&token, &first, &[("method", "delete")]).await.1, json!({"success": true}));
    let (_, body) = world.post_form(&token, &first, &[("method", "get"), ("fields", "status")]).await;
    assert_eq!(body["status"], "DELETED");
}

#[tokio::test]
async fn created_objects_survive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { state_file: Some(folder.path().join("meta.json")), ..Options::default() };
    let before = world_with(options.clone()).await;
    let token = before.login_as(Persona::SoleTrader).await;
    let campaigns = format!("{}/campaigns", before.first_account(&token).await);
    let first = before.create(&token, &campaigns, &campaign("First")).await;
    before.sandbox.stop().await;

    let after = world_with(options).await;
    assert_eq!(after.get(&token, &first, &[("fields", "name")]).await.1["name"], "First");
    assert_ne!(after.create(&token, &campaigns, &campaign("Second")).await, first);
}
