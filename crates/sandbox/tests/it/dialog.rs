//! The login dialog.

use metaads_sandbox::{Answer, Decision, Persona};

use crate::world::{REDIRECT, query, world};

#[tokio::test]
async fn submitting_the_form_grants_the_checked_permissions() {
    let world = world().await;
    let page = world.client.get(world.dialog_url(&[])).send().await.expect("a page");
    assert_eq!(page.status(), 200);
    let html = page.text().await.expect("text");
    for part in [
        "Pretend Meta",
        "A stand-in for testing. Not Facebook. Do not enter real data.",
        "persona-sole-trader",
        "permission-instagram_basic",
        "id=\"continue\"",
        "id=\"app-not-active\"",
        "s+/=1",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("<script"));

    let form = [
        ("client_id", "100200300400500"),
        ("redirect_uri", REDIRECT),
        ("state", "s+/=1"),
        ("scope", "ads_read,email"),
        ("persona", "sole-trader"),
        ("permission", "ads_read"),
        ("decision", "continue"),
    ];
    let answer = world.client.post(format!("{}/dialog/oauth/answer", world.base)).form(&form);
    let answer = answer.send().await.expect("an answer");
    assert_eq!(answer.status(), 302);
    let target = answer.headers()["location"].to_str().expect("text");
    assert!(target.starts_with(REDIRECT) && target.ends_with("#_=_"), "{target}");
    assert_eq!(query(target, "state").as_deref(), Some("s+/=1"));
    assert!(query(target, "code").is_some());
    let grant = world.control.grant(Persona::SoleTrader.user_id()).expect("a grant");
    assert_eq!(grant.granted, ["ads_read", "public_profile"]);
    assert_eq!(grant.declined, ["email"]);
}

#[tokio::test]
async fn cancel_and_app_not_active_redirect_back_with_an_error() {
    let world = world().await;
    let cancelled = world.control.authorize(&world.dialog_url(&[]), Answer::cancel()).await;
    assert_eq!(query(&cancelled, "error").as_deref(), Some("access_denied"));
    assert_eq!(query(&cancelled, "error_reason").as_deref(), Some("user_denied"));
    assert!(cancelled.contains("error_description=Permissions+error"));
    let inactive = world.control.authorize(&world.dialog_url(&[]), Answer::app_not_active()).await;
    assert_eq!(query(&inactive, "error_code").as_deref(), Some("1349126"));
    assert_eq!(query(&inactive, "state").as_deref(), Some("s+/=1"));
    world.control.set_app_active(false);
    let inactive = world.control.authorize(&world.dialog_url(&[]), Answer::agree(Persona::Agency)).await;
    assert_eq!(query(&inactive, "error_code").as_deref(), Some("1349126"));
}

#[tokio::test]
async fn an_invalid_request_shows_an_error_page() {
    let world = world().await;
    let wrong = [
        ("client_id", "1", "Invalid App ID"),
        ("redirect_uri", "/callback", "must be absolute"),
        ("redirect_uri", "javascript:alert(1)", "must be absolute"),
        ("redirect_uri", "https://example.com/x", "URL Blocked"),
        ("response_type", "token", "Unsupported response type"),
        ("scope", "ads_read,nonsense", "Invalid Scopes: nonsense"),
        ("scope", "instagram_business_basic", "Invalid Scopes: instagram_business_basic"),
    ];
    for (name, value, text) in wrong {
        let response = world.client.get(world.dialog_url(&[(name, value)])).send().await.expect("a page");
        assert_eq!(response.status(), 400, "{name}={value}");
        let html = response.text().await.expect("text");
        assert!(html.contains(text), "{text} in {html}");
        let without_browser = world
            .control
            .authorize(&world.dialog_url(&[(name, value)]), Answer::agree(Persona::Agency))
            .await;
        assert!(without_browser.starts_with("error-page: "), "{without_browser}");
    }
}

#[tokio::test]
async fn a_registered_redirect_uri_keeps_its_query() {
    let world = world().await;
    world.control.register_redirect_uri("https://ads.example/cb?tenant=1");
    let url = world.dialog_url(&[("redirect_uri", "https://ads.example/cb?tenant=1")]);
    let target = world.control.authorize(&url, Answer::agree(Persona::Nobody)).await;
    assert!(target.starts_with("https://ads.example/cb?tenant=1&code="), "{target}");
}

#[tokio::test]
async fn a_declined_permission_is_offered_again_only_with_rerequest() {
    let world = world().await;
    let aylin = Persona::Agency.user_id();
    let decline = Answer::declining(Persona::Agency, &["instagram_basic"]);
    let granted = |permission: &str| {
        let grant = world.control.grant(aylin).expect("a grant");
        grant.granted.iter().any(|name| name == permission)
    };
    world.control.authorize(&world.dialog_url(&[]), decline).await;
    assert!(!granted("instagram_basic") && granted("ads_read"));

    world.control.authorize(&world.dialog_url(&[]), Answer::agree(Persona::Agency)).await;
    assert!(!granted("instagram_basic"), "not offered again");

    let again = world.dialog_url(&[("auth_type", "rerequest"), ("scope", "instagram_basic")]);
    let answer = Answer { decision: Decision::Agree, ..Answer::agree(Persona::Agency) };
    let html = world.client.get(&again).send().await.expect("a page").text().await.expect("text");
    assert!(!html.contains("declined before"));
    world.control.authorize(&again, answer).await;
    assert!(granted("instagram_basic") && granted("ads_read"));
}
