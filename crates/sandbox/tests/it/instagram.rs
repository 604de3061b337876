//! Tokens of Instagram Login.

use std::time::Duration;

use metaads_sandbox::{Effect, Endpoint, Fault, Options, Persona, TokenKind, bulk_user_id};

use crate::world::{Answered, World, days, refusal, send, token_of, world, world_with};

const PERMISSIONS: [&str; 2] = ["instagram_business_basic", "instagram_business_manage_insights"];

impl World {
    fn instagram_token(&self, user_id: &str) -> String {
        self.control.issue(user_id, TokenKind::Instagram, &PERMISSIONS, Some(days(60)))
    }

    /// Without proof and app secret, which Instagram does not require.
    async fn read(&self, path: &str, query: &[(&str, &str)]) -> Answered {
        send(self.client.get(format!("{}/{path}", self.sandbox.url())).query(query)).await
    }

    async fn refresh(&self, token: &str) -> Answered {
        self.read("refresh_access_token", &[("grant_type", "ig_refresh_token"), ("access_token", token)])
            .await
    }

    async fn profile(&self, token: &str) -> Answered {
        self.read("v26.0/me", &[("fields", "user_id,username,id,name"), ("access_token", token)]).await
    }
}

#[tokio::test]
async fn a_token_can_be_refreshed_after_one_day() {
    let world = world().await;
    let tom = Persona::SoleTrader.user_id();
    let old = world.instagram_token(tom);
    assert!(old.starts_with("IGAA"));
    world.control.advance(days(1) - Duration::from_secs(1));
    let young = world.refresh(&old).await;
    assert_eq!(refusal(&young), (400, 100, None));
    assert_eq!(young.1["error"]["type"], "IGApiException");
    assert_eq!(world.control.exchange_count(tom), 0);

    world.control.advance(Duration::from_secs(1));
    let answered = world.refresh(&old).await;
    assert_eq!((answered.0.as_u16(), answered.1["expires_in"].as_i64()), (200, Some(5_184_000)));
    assert_eq!(answered.1["token_type"], "bearer");
    assert_eq!(answered.1["permissions"], PERMISSIONS.join(","));
    let new = token_of(&answered);
    assert!(new != old && new.starts_with("IGAA"));
    let query = [("grant_type", "ig_refresh_token"), ("access_token", old.as_str())];
    assert_eq!(world.read("v26.0/refresh_access_token", &query).await.0, 200, "the old token stays valid");
    assert_eq!(world.control.exchange_count(tom), 2);
    assert_eq!(world.control.count(Endpoint::InstagramRefresh), 3);

    world.control.advance(days(59));
    assert_eq!(refusal(&world.refresh(&old).await), (400, 190, Some(463)));
    assert_eq!(world.refresh(&new).await.0, 200);
}

#[tokio::test]
async fn only_instagram_tokens_can_be_refreshed() {
    let world = world().await;
    let facebook = world.login_as(Persona::SoleTrader).await;
    let refused = world.refresh(&facebook).await;
    assert_eq!(
        (refusal(&refused), &refused.1["error"]["type"]),
        ((400, 190, None), &"OAuthException".into())
    );
    assert_eq!(refusal(&world.refresh("IGAAnonsense").await), (400, 190, None));
    assert_eq!(refusal(&world.refresh("").await), (400, 104, None));
    let token = world.instagram_token(Persona::SoleTrader.user_id());
    let query = [("grant_type", "fb_exchange_token"), ("access_token", token.as_str())];
    assert_eq!(refusal(&world.read("refresh_access_token", &query).await), (400, 100, None));
}

#[tokio::test]
async fn the_profile_belongs_to_the_owner_of_the_token() {
    let world = world_with(Options { bulk_users: 2, ..Options::default() }).await;
    let tom = world.instagram_token(Persona::SoleTrader.user_id());
    let (status, me) = world.profile(&tom).await;
    assert_eq!((status.as_u16(), me["name"].as_str()), (200, Some("Okafor Fahrradwerkstatt")));
    let facebook = world.control.issue(
        Persona::SoleTrader.user_id(),
        TokenKind::User,
        &["pages_show_list", "instagram_basic"],
        None,
    );
    let fields = [("fields", "instagram_business_account{id,username}")];
    let (_, pages) = world.get(&facebook, "me/accounts", &fields).await;
    let linked = &pages["data"][0]["instagram_business_account"];
    assert_eq!((&me["user_id"], &me["username"]), (&linked["id"], &linked["username"]));
    assert_ne!(me["id"], me["user_id"]);

    let (_, one) = world.profile(&world.instagram_token(&bulk_user_id(1))).await;
    assert_eq!(
        (one["username"].as_str(), one["name"].as_str()),
        (Some("person.00001"), Some("Person 00001"))
    );
    let (_, other) = world.profile(&world.instagram_token(&bulk_user_id(0))).await;
    assert!(one["user_id"] != other["user_id"] && one["id"] != other["id"]);
    assert!(one["user_id"].as_str().is_some_and(|id| id.starts_with("1784") && id.len() == 17));
    let (_, bare) = world.read("me", &[("access_token", &tom)]).await;
    assert_eq!(bare.as_object().map(|object| object.len()), Some(1));
    let unknown = world.read("me", &[("fields", "shoe_size"), ("access_token", &tom)]).await;
    assert_eq!(
        (refusal(&unknown), &unknown.1["error"]["type"]),
        ((400, 100, None), &"IGApiException".into())
    );
    assert_eq!((world.control.count(Endpoint::InstagramMe), world.control.count(Endpoint::Me)), (5, 0));
}

#[tokio::test]
async fn an_invalid_instagram_token_is_refused() {
    let world = world().await;
    let mei = Persona::Trouble.user_id();
    let token = world.instagram_token(mei);
    world.control.invalidate_tokens(mei, 460);
    assert_eq!(refusal(&world.profile(&token).await), (400, 190, Some(460)));
    assert_eq!(refusal(&world.refresh(&token).await), (400, 190, Some(460)));
    let token = world.instagram_token(mei);
    world.control.advance(days(60));
    assert_eq!(refusal(&world.profile(&token).await), (400, 190, Some(463)));
    assert_eq!(refusal(&world.profile("IGAAnonsense").await), (400, 190, None));
}

#[tokio::test]
async fn the_facebook_graph_api_refuses_instagram_tokens() {
    let world = world().await;
    let token = world.instagram_token(Persona::SoleTrader.user_id());
    assert_eq!(world.inspect(&token).await, world.inspect("EAAnonsense").await);
    assert_eq!(refusal(&world.exchange(&token).await), (400, 190, None));
    assert_eq!(refusal(&world.get(&token, "me/permissions", &[]).await), (400, 190, None));
    assert_eq!(refusal(&world.delete(&token, "me/permissions").await), (400, 190, None));
}

#[tokio::test]
async fn an_injected_fault_makes_a_refresh_return_the_same_token() {
    let world = world().await;
    let token = world.instagram_token(Persona::SoleTrader.user_id());
    world.control.advance(days(20));
    let fault = Fault::new(Endpoint::InstagramRefresh, 1, Effect::Unchanged);
    world.control.inject_fault(fault);
    let answered = world.refresh(&token).await;
    assert_eq!((token_of(&answered), answered.1["expires_in"].as_i64()), (token.clone(), Some(40 * 86_400)));
    assert_eq!(world.control.exchange_count(Persona::SoleTrader.user_id()), 0);
    assert_ne!(token_of(&world.refresh(&token).await), token);
    let response = world.client.get(format!("{}/me", world.base)).bearer_auth(&token).send().await;
    let headers = response.expect("an answer").headers().clone();
    assert!(headers["x-app-usage"].to_str().is_ok_and(|usage| usage.contains("call_volume")));
}
