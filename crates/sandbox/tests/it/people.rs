//! Personas whose ad accounts or Pages are hard to find.

use metaads_sandbox::{Answer, Persona, TokenKind};
use serde_json::Value;

use crate::world::{World, query, refusal, world};

fn rows(body: &Value) -> &Vec<Value> {
    body["data"].as_array().expect("a list")
}

impl World {
    async fn only_business(&self, token: &str) -> String {
        let (_, body) = self.get(token, "me/businesses", &[]).await;
        assert_eq!(rows(&body).len(), 1);
        rows(&body)[0]["id"].as_str().expect("an id").to_owned()
    }

    async fn list(&self, token: &str, path: &str) -> Vec<Value> {
        let (status, body) = self.get(token, path, &[]).await;
        assert_eq!(status, 200, "{path}: {body}");
        rows(&body).clone()
    }
}

#[tokio::test]
async fn a_member_without_a_role_sees_the_business_but_none_of_its_assets() {
    let world = world().await;
    let token = world.login_as(Persona::RoleTooLow).await;
    let business = world.only_business(&token).await;
    assert_eq!(
        world.get(&token, &business, &[("fields", "name")]).await.1["name"],
        "Fahrschule Blinklicht GmbH"
    );
    for edge in ["owned_ad_accounts", "client_ad_accounts", "owned_pages", "client_pages"] {
        let answer = world.get(&token, &format!("{business}/{edge}"), &[]).await;
        assert_eq!(refusal(&answer), (403, 200, None), "{edge}");
    }
    let granted = world.control.grant(Persona::RoleTooLow.user_id()).expect("a grant").granted;
    assert!(
        granted.iter().any(|permission| permission == "business_management"),
        "the permission is granted"
    );
    for edge in ["me/adaccounts", "me/assigned_ad_accounts", "me/accounts"] {
        assert!(world.list(&token, edge).await.is_empty(), "{edge}");
    }
    let url = world.dialog_url(&[("config_id", "600700800900"), ("override_default_response_type", "true")]);
    let back = world.control.authorize(&url, Answer::agree(Persona::RoleTooLow)).await;
    assert_eq!(query(&back, "error_code").as_deref(), Some("1349186"), "a system user requires full control");
}

#[tokio::test]
async fn pages_of_a_business_require_business_management() {
    let world = world().await;
    let token = world.login(Answer::declining(Persona::PortfolioPages, &["business_management"])).await;
    assert!(world.list(&token, "me/accounts").await.is_empty());
    assert_eq!(world.list(&token, "me/adaccounts").await.len(), 1);

    world
        .control
        .authorize(&world.dialog_url(&[("auth_type", "rerequest")]), Answer::agree(Persona::PortfolioPages))
        .await;
    let fields = "name,instagram_business_account{id,username},connected_instagram_account{id,username}";
    let (_, body) = world.get(&token, "me/accounts", &[("fields", fields)]).await;
    let has = |row: &Value| {
        (row.get("instagram_business_account").is_some(), row.get("connected_instagram_account").is_some())
    };
    let kinds: Vec<(bool, bool)> = rows(&body).iter().map(has).collect();
    assert_eq!(kinds, [(true, true), (false, true), (false, false)]);

    let professional = rows(&body)[0]["instagram_business_account"]["id"].as_str().expect("an id");
    let personal = rows(&body)[1]["connected_instagram_account"]["id"].as_str().expect("an id");
    assert_eq!(world.get(&token, professional, &[("fields", "username")]).await.0, 200);
    assert_eq!(refusal(&world.get(&token, personal, &[]).await), (400, 10, None));
    let business = world.only_business(&token).await;
    assert_eq!(world.list(&token, &format!("{business}/owned_pages")).await.len(), 3);
    for edge in ["owned_instagram_accounts", "instagram_business_accounts", "instagram_accounts"] {
        let found = world.list(&token, &format!("{business}/{edge}")).await;
        assert_eq!(found.iter().map(|row| &row["id"]).collect::<Vec<_>>(), [professional], "{edge}");
    }
}

#[tokio::test]
async fn client_ad_accounts_are_listed_only_under_the_agency() {
    let world = world().await;
    let token = world.login_as(Persona::ClientsOnly).await;
    for edge in ["me/adaccounts", "me/assigned_ad_accounts", "me/personal_ad_accounts"] {
        assert!(world.list(&token, edge).await.is_empty(), "{edge}");
    }
    let business = world.only_business(&token).await;
    assert!(world.list(&token, &format!("{business}/owned_ad_accounts")).await.is_empty());
    let fields = [("fields", "name,owner,business{id,name},user_tasks")];
    let (_, body) = world.get(&token, &format!("{business}/client_ad_accounts"), &fields).await;
    assert_eq!(rows(&body).len(), 5);
    assert_eq!(rows(&body)[4]["business"]["name"], "Drachenbau Aufwind");
    assert_eq!(rows(&body)[4]["owner"], rows(&body)[4]["business"]["id"]);
    let account = rows(&body)[0]["id"].as_str().expect("an id");
    assert_eq!(world.get(&token, account, &[("fields", "name")]).await.1["name"], "Tau & Ende Segel");
    assert!(world.list(&token, &format!("{business}/owned_pages")).await.is_empty());
    assert_eq!(world.list(&token, &format!("{business}/client_pages")).await.len(), 1);
}

#[tokio::test]
async fn system_users_see_their_assigned_assets() {
    let world = world().await;
    let cleo = world.login_as(Persona::ClientsOnly).await;
    let business = world.only_business(&cleo).await;
    let url = world.dialog_url(&[("config_id", "600700800900"), ("override_default_response_type", "true")]);
    let back = world.control.authorize(&url, Answer::for_business(Persona::ClientsOnly, 0)).await;
    let code = query(&back, "code").expect("a code");
    let token =
        world.redeem(&[("code", &code)]).await.1["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(
        world.get(&token, "me", &[("fields", "client_business_id")]).await.1["client_business_id"],
        *business
    );
    let asked = [("fields", "name,tasks,permitted_tasks"), ("summary", "total_count"), ("limit", "2")];
    let (_, body) = world.get(&token, "me/assigned_ad_accounts", &asked).await;
    assert_eq!((rows(&body).len(), body["summary"]["total_count"].as_i64()), (2, Some(5)));
    assert!(rows(&body)[0]["tasks"].is_array() && rows(&body)[0]["permitted_tasks"].is_array());
    assert_eq!(world.list(&token, "me/assigned_pages").await.len(), 1);
    assert!(world.list(&token, "me/assigned_business_asset_groups").await.is_empty());
    assert!(world.list(&token, "me/accounts").await.is_empty());
    let account = rows(&body)[0]["id"].as_str().expect("an id");
    let wrong = world.get(&token, account, &[("fields", "tasks")]).await;
    assert_eq!(refusal(&wrong), (400, 100, None), "only rows of the edge have this field");
}

#[tokio::test]
async fn ids_are_stable_across_releases() {
    let world = world().await;
    let token = world.control.issue(
        Persona::SecondSoleTrader.user_id(),
        TokenKind::Instagram,
        &["instagram_business_basic"],
        None,
    );
    let (_, body) = world.get(&token, "me", &[("fields", "id,user_id")]).await;
    assert_eq!(
        (body["id"].as_str(), body["user_id"].as_str()),
        (Some("24123606797749978"), Some("17841506797749978"))
    );
    let token = world.login_as(Persona::Trouble).await;
    assert_eq!(world.only_business(&token).await, "930771335214139");
}
