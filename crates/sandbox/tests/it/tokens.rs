//! Codes and tokens: a complete login, and every documented error.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use metaads_sandbox::{Answer, Persona};
use sha2::{Digest, Sha256};

use crate::world::{APP_ID, SECRET, query, refusal, send, world};

#[tokio::test]
async fn a_login_ends_with_a_sixty_day_token() {
    let world = world().await;
    let code = world.code(Answer::agree(Persona::Agency)).await;
    let (status, short) = world.redeem(&[("code", &code)]).await;
    assert_eq!((status.as_u16(), short["expires_in"].as_i64()), (200, Some(5_400)));
    let short = short["access_token"].as_str().expect("a token");
    let (_, long) = world.exchange(short).await;
    assert_eq!(long["expires_in"], 5_184_000);
    let long = long["access_token"].as_str().expect("a token");
    assert!(long.starts_with("EAA") && long.len() == 183 && long != short);

    let inspected = world.inspect(long).await;
    assert_eq!(inspected["app_id"], APP_ID);
    assert_eq!(inspected["is_valid"], true);
    assert_eq!(inspected["expires_at"], 1_795_348_800 + 5_184_000);
    assert_eq!(inspected["data_access_expires_at"], 1_795_348_800 + 90 * 86_400);
    assert_eq!(inspected["user_id"], Persona::Agency.user_id());
    assert_eq!(inspected["scopes"].as_array().map(Vec::len), Some(7));
    assert_eq!(world.get(long, "me", &[]).await.1["name"], "Aylin Kaya-Öztürk");
    assert_eq!(world.get(short, "me", &[("fields", "id,name,email,picture{url}")]).await.0, 200);
}

#[tokio::test]
async fn a_code_is_refused_as_documented() {
    let world = world().await;
    let code = world.code(Answer::agree(Persona::Agency)).await;
    let refused = |answered| refusal(&answered);
    let code = code.as_str();
    assert_eq!(refused(world.redeem(&[("code", code), ("client_secret", "x")]).await), (400, 1, None));
    assert_eq!(refused(world.redeem(&[("code", code), ("client_id", "1")]).await), (400, 101, None));
    let elsewhere = world.redeem(&[("code", code), ("redirect_uri", "http://localhost:9/other")]).await;
    assert_eq!(refused(elsewhere), (400, 100, Some(36008)));
    assert_eq!(refused(world.redeem(&[("code", "AQnonsense")]).await), (400, 100, Some(36009)));
    assert_eq!(world.redeem(&[("code", code)]).await.0, 200);
    assert_eq!(refused(world.redeem(&[("code", code)]).await), (400, 100, Some(36009)));

    let late = world.code(Answer::agree(Persona::Agency)).await;
    world.control.advance(Duration::from_secs(600));
    let form = [
        ("client_id", APP_ID),
        ("client_secret", SECRET),
        ("code", &late),
        ("redirect_uri", crate::world::REDIRECT),
    ];
    let answer = world.client.get(format!("{}/oauth/access_token", world.base)).query(&form);
    let answer = answer.send().await.expect("an answer");
    let challenge = answer.headers()["www-authenticate"].to_str().expect("text").to_owned();
    assert_eq!(
        challenge,
        "OAuth \"Facebook Platform\" \"invalid_code\" \"This authorization code has expired.\""
    );
    let body: serde_json::Value = answer.json().await.expect("JSON");
    assert_eq!(body["error"]["error_subcode"], 36007);
}

#[tokio::test]
async fn a_code_verifier_must_match_its_challenge() {
    let world = world().await;
    let verifier = "0123456789012345678901234567890123456789abc";
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let url = world.dialog_url(&[("code_challenge", &challenge), ("code_challenge_method", "S256")]);
    let target = world.control.authorize(&url, Answer::agree(Persona::Agency)).await;
    let code = query(&target, "code").expect("a code");
    assert_eq!(refusal(&world.redeem(&[("code", &code)]).await).1, 100);
    assert_eq!(refusal(&world.redeem(&[("code", &code), ("code_verifier", "wrong")]).await).1, 100);
    assert_eq!(world.redeem(&[("code", &code), ("code_verifier", verifier)]).await.0, 200);

    world.control.set_drop_pkce(true);
    let target = world.control.authorize(&url, Answer::agree(Persona::Agency)).await;
    let code = query(&target, "code").expect("a code");
    let dropped = world.redeem(&[("code", &code), ("code_verifier", verifier)]).await;
    assert_eq!(refusal(&dropped), (400, 1, None));
}

#[tokio::test]
async fn an_invalid_token_cannot_be_exchanged() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    world.control.advance(Duration::from_secs(5_400));
    assert_eq!(refusal(&world.exchange(&token).await), (400, 190, Some(463)));
    assert_eq!(refusal(&world.get(&token, "me", &[]).await), (400, 190, Some(463)));
    let token = world.login_as(Persona::Agency).await;
    world.control.invalidate_tokens(Persona::Agency.user_id(), 460);
    assert_eq!(refusal(&world.get(&token, "me", &[]).await), (400, 190, Some(460)));
    let inspected = world.inspect(&token).await;
    assert_eq!(inspected["is_valid"], false);
    assert_eq!(inspected["error"]["subcode"], 460);
    assert_eq!(world.inspect("garbage").await["error"]["code"], 190);
    assert_eq!(world.inspect("garbage").await["is_valid"], false);
}

#[tokio::test]
async fn an_exchange_may_omit_expires_in_or_never_expire() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    world.control.set_omit_expires_in(true);
    assert!(world.exchange(&token).await.1.get("expires_in").is_none());
    world.control.set_token_lifetime(None);
    let (_, body) = world.exchange(&token).await;
    let eternal = body["access_token"].as_str().expect("a token");
    assert_eq!(world.inspect(eternal).await["expires_at"], 0);
}

#[tokio::test]
async fn all_tokens_of_a_person_share_one_grant() {
    let world = world().await;
    let first = world.login_as(Persona::Agency).await;
    let second = world.login(Answer::declining(Persona::Agency, &["ads_read", "ads_management"])).await;
    assert_eq!(refusal(&world.get(&first, "me/adaccounts", &[]).await), (403, 200, None));
    assert_eq!(world.delete(&second, "me/permissions/pages_show_list").await.1, true);
    assert_eq!(refusal(&world.get(&first, "me/accounts", &[]).await).1, 200);
    assert_eq!(world.delete(&second, "me/permissions").await.1["success"], true);
    assert_eq!(refusal(&world.get(&first, "me", &[]).await), (400, 190, Some(458)));
    assert!(world.control.grant(Persona::Agency.user_id()).is_none());
}

#[tokio::test]
async fn the_app_token_can_read_and_revoke_a_grant() {
    let world = world().await;
    world.login(Answer::declining(Persona::Agency, &["instagram_basic"])).await;
    let app_token = format!("{APP_ID}|{SECRET}");
    let path = format!("{}/permissions", Persona::Agency.user_id());
    let (_, body) = world.get(&app_token, &path, &[]).await;
    let declined = body["data"].as_array().expect("a list").iter().find(|row| row["status"] == "declined");
    assert_eq!(declined.expect("one row")["permission"], "instagram_basic");
    assert_eq!(world.delete(&app_token, &path).await.1["success"], true);
    assert_eq!(refusal(&world.delete(&app_token, &path).await).1, 100);
    assert_eq!(world.inspect(&app_token).await["type"], "APP");
}

#[tokio::test]
async fn calls_require_an_appsecret_proof() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    let me = format!("{}/me", world.base);
    let missing = send(world.client.get(&me).bearer_auth(&token)).await;
    assert_eq!(
        (refusal(&missing).1, missing.1["error"]["type"].as_str()),
        (100, Some("GraphMethodException"))
    );
    let wrong =
        send(world.client.get(&me).query(&[("access_token", token.as_str()), ("appsecret_proof", "00")]))
            .await;
    assert_eq!(wrong.1["error"]["message"], "Invalid appsecret_proof provided in the API argument");
    assert_eq!(refusal(&send(world.client.get(&me)).await), (400, 2500, None));
    assert_eq!(refusal(&send(world.client.get(format!("{}/act_1", world.base))).await), (400, 104, None));
    let time = "1795348700";
    let timed = crate::world::proof_of(&format!("{token}|{time}"));
    let query = [("access_token", token.as_str()), ("appsecret_proof", &timed), ("appsecret_time", time)];
    assert_eq!(send(world.client.get(&me).query(&query)).await.0, 200);
    world.control.advance(Duration::from_secs(301));
    assert_eq!(refusal(&send(world.client.get(&me).query(&query)).await).1, 100);
    world.control.set_require_proof(false);
    assert_eq!(send(world.client.get(&me).bearer_auth(&token)).await.0, 200);
    assert_eq!(refusal(&send(world.client.get(&me).bearer_auth("x")).await).1, 190);
}
