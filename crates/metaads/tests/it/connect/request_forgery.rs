//! Requests that others forge, flood or frame.

use metaads_sandbox::{Answer, Persona};

use crate::world::{SECOND, World};

#[tokio::test]
async fn o27_cross_site_posts_are_refused_and_get_starts_nothing() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let before = world.number("SELECT COUNT(*) FROM authorizations").await;
    for headers in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
    ] {
        for path in ["/connect/meta", "/logout", "/login", "/settings/delete"] {
            assert_eq!(browser.post_with(path, &[], &headers).await.status, 403, "{path} {headers:?}");
        }
    }
    assert_eq!(browser.get("/connect/meta").await.status, 405);
    assert_eq!(world.number("SELECT COUNT(*) FROM authorizations").await, before);
    assert_eq!(browser.get("/dashboard").await.status, 200);
}

#[tokio::test]
async fn o28_pending_authorizations_are_bounded_and_the_next_one_works() {
    let world = World::with(&[("METAADS_SIGNIN_LIMITS", "off")]).await;
    let browser = world.user("a@b.example").await;
    for _ in 0..150 {
        browser.start_connect(&[]).await;
    }
    assert!(world.number("SELECT COUNT(*) FROM authorizations").await <= 51);
    assert_eq!(world.number("SELECT COUNT(*) FROM authorizations WHERE status = 'pending'").await, 10);
    for number in 0..100 {
        browser.get(&format!("/connect/meta/callback?state={number}&code=x")).await;
    }
    assert_eq!(browser.connect(Answer::agree(Persona::SoleTrader)).await.title(), "Syncing your ad accounts");
}

#[tokio::test]
async fn o28_starting_is_rate_limited_per_user() {
    let world = World::new().await;
    let busy = world.user("a@b.example").await;
    let calm = world.user("c@b.example").await;
    let mut statuses = Vec::new();
    for _ in 0..61 {
        statuses.push(busy.post("/connect/meta", &[]).await.status);
    }
    assert_eq!((statuses[59], statuses[60]), (303, 429));
    assert_eq!(calm.post("/connect/meta", &[]).await.status, 303);
    world.advance(SECOND * 601);
    assert_eq!(busy.post("/connect/meta", &[]).await.status, 303);
}

#[tokio::test]
async fn o29_no_page_can_be_framed() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    for path in
        ["/", "/login", "/dashboard", "/connect/meta/callback", "/help", "/nowhere", "/api/v1/connections"]
    {
        let response = browser.get(path).await;
        let policy = response.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{path}");
        assert_eq!(response.headers["x-frame-options"], "DENY", "{path}");
    }
}
