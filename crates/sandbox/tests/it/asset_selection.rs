//! Ad accounts, Pages and businesses that were not selected in the dialog.

use metaads_sandbox::{Answer, AssetSelection, Persona};
use serde_json::Value;

use crate::world::{REDIRECT, World, query, refusal, world};

fn ids(body: &Value) -> Vec<String> {
    let rows = body["data"].as_array().expect("a list");
    rows.iter().filter_map(|row| row["id"].as_str()).map(str::to_owned).collect()
}

impl World {
    async fn ids(&self, token: &str, path: &str) -> Vec<String> {
        ids(&self.get(token, path, &[]).await.1)
    }

    /// Submits the form with these assets selected.
    async fn submit(&self, persona: &str, targets: &[&str]) -> reqwest::Response {
        let mut form = vec![
            ("client_id", "100200300400500"),
            ("redirect_uri", REDIRECT),
            ("scope", crate::world::SCOPES),
            ("persona", persona),
            ("decision", "continue"),
            ("targets", "offered"),
        ];
        form.extend(crate::world::SCOPES.split(',').map(|scope| ("permission", scope)));
        form.extend(targets.iter().map(|target| ("target", *target)));
        let request = self.client.post(format!("{}/dialog/oauth/answer", self.base)).form(&form);
        request.send().await.expect("an answer")
    }
}

#[tokio::test]
async fn assets_not_selected_in_the_form_are_invisible() {
    let world = world().await;
    let token = world.login_as(Persona::Trouble).await;
    let accounts = world.ids(&token, "me/adaccounts").await;
    let business = world.ids(&token, "me/businesses").await.remove(0);
    let page = world.ids(&token, "me/accounts").await.remove(0);

    let html =
        world.client.get(world.dialog_url(&[])).send().await.expect("a page").text().await.expect("text");
    for id in accounts.iter().chain([&business, &page]) {
        assert!(html.contains(&format!("id=\"target-{id}\" value=\"{id}\" checked")), "{id}");
    }
    assert!(html.contains("id=\"assets-sole-trader\"") && !html.contains("id=\"assets-agency\""));

    // The form also submits checkboxes of other personas; they are ignored.
    let sent = world.submit("trouble", &[&accounts[0], &accounts[2], &page, "act_1"]).await;
    assert_eq!(sent.status(), 302);
    assert_eq!(world.ids(&token, "me/adaccounts").await, [accounts[0].clone(), accounts[2].clone()]);
    assert!(world.ids(&token, "me/businesses").await.is_empty());
    assert_eq!(refusal(&world.get(&token, &business, &[]).await), (400, 100, Some(33)));
    assert_eq!(refusal(&world.get(&token, &accounts[1], &[]).await), (400, 100, Some(33)));
    let scopes = world.inspect(&token).await["granular_scopes"].clone();
    let targets = |name: &str| {
        let found = scopes.as_array().expect("a list").iter().find(|row| row["scope"] == name);
        found.and_then(|row| row["target_ids"].as_array()).map_or(0, Vec::len)
    };
    assert_eq!((targets("ads_read"), targets("pages_show_list")), (2, 1));

    let html =
        world.client.get(world.dialog_url(&[])).send().await.expect("a page").text().await.expect("text");
    assert!(
        html.contains(&format!("id=\"target-{business}\" value=\"{business}\"><span>")),
        "still unchecked"
    );
    let all: Vec<&str> = accounts.iter().chain([&business, &page]).map(String::as_str).collect();
    world.submit("trouble", &all).await;
    assert_eq!(world.ids(&token, "me/adaccounts").await.len(), 6);
    assert_eq!(world.ids(&token, "me/businesses").await, [business]);
}

#[tokio::test]
async fn selecting_nothing_is_refused_and_agencies_are_not_asked() {
    let world = world().await;
    assert_eq!(world.submit("sole-trader", &[]).await.status(), 400);
    assert!(world.control.grant(Persona::SoleTrader.user_id()).is_none());
    assert_eq!(world.submit("agency", &[]).await.status(), 302);
    assert_eq!(world.submit("nobody", &[]).await.status(), 302);
}

#[tokio::test]
async fn a_later_login_replaces_the_selection_under_older_tokens() {
    let world = world().await;
    let token = world.login_as(Persona::PortfolioPages).await;
    let pages = world.ids(&token, "me/accounts").await;
    let (_, body) = world.get(&token, &pages[0], &[("fields", "instagram_business_account")]).await;
    let instagram = body["instagram_business_account"]["id"].as_str().expect("an id").to_owned();
    world.login(Answer::selecting(Persona::PortfolioPages, &[&pages[1]])).await;
    assert_eq!(world.ids(&token, "me/accounts").await, [pages[1].clone()]);
    assert!(world.ids(&token, "me/adaccounts").await.is_empty());
    assert_eq!(
        refusal(&world.get(&token, &instagram, &[]).await),
        (400, 100, Some(33)),
        "an Instagram account goes with its Page"
    );
    world.login_as(Persona::PortfolioPages).await;
    assert_eq!(world.ids(&token, "me/accounts").await.len(), 1, "the earlier selection stays");
    world.login(Answer { assets: AssetSelection::All, ..Answer::agree(Persona::PortfolioPages) }).await;
    assert_eq!(world.ids(&token, "me/accounts").await, pages);
}

#[tokio::test]
async fn a_system_user_sees_its_business_whatever_is_selected() {
    let world = world().await;
    let pia = world.login_as(Persona::PortfolioPages).await;
    let page = world.ids(&pia, "me/accounts").await.remove(0);
    let url = world.dialog_url(&[("config_id", "600700800900"), ("override_default_response_type", "true")]);
    let back = world.control.authorize(&url, Answer::selecting(Persona::PortfolioPages, &[&page])).await;
    let token = world.redeem(&[("code", &query(&back, "code").expect("a code"))]).await;
    let token = token.1["access_token"].as_str().expect("a token");
    assert_eq!(world.ids(token, "me/assigned_pages").await, [page]);
    assert!(world.ids(token, "me/assigned_ad_accounts").await.is_empty());
    assert_eq!(world.ids(token, "me/businesses").await.len(), 1);
    assert_eq!(world.ids(&pia, "me/accounts").await.len(), 3, "the person's own grant is not affected");
}
