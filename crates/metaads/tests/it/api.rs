//! The read-only JSON API that the signed-in browser uses.

use metaads_sandbox::{Answer, Persona};
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_connection_has_exactly_the_documented_fields() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let response = browser.get(&format!("/api/v1/connections/{id}")).await;
    let connection = response.json();
    let mut fields: Vec<&String> = connection.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(
        fields,
        [
            "ad_accounts",
            "created_at",
            "data_access_expires_at",
            "declined_scopes",
            "expires_at",
            "id",
            "kind",
            "last_checked_at",
            "last_refreshed_at",
            "meta_user_id",
            "missing_scopes",
            "name",
            "picture_url",
            "scopes",
            "status",
            "status_reason",
            "sync",
            "updated_at"
        ]
    );
    assert_eq!(connection["kind"], "facebook_user");
    assert_eq!(connection["created_at"], "2026-11-22T12:00:00Z");
    assert_eq!(connection["expires_at"], "2027-01-21T12:00:00Z");
    assert_eq!(connection["sync"], json!({"state": "idle", "done": 1, "total": 1}));
    assert!(!response.has("access_token"));

    let account = browser.ad_accounts(&id, "").await.remove(0);
    let mut fields: Vec<&String> = account.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(
        fields,
        [
            "account_id",
            "account_name",
            "business",
            "connection_id",
            "currency",
            "is_selectable",
            "is_selected",
            "last_validated_at",
            "relation",
            "status",
            "status_reason",
            "tasks",
            "timezone"
        ]
    );
    assert_eq!((&account["relation"], &account["business"]), (&json!("personal"), &json!(null)));
}

#[tokio::test]
async fn every_account_status_has_its_name_and_reason() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Trouble)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let mut rows: Vec<(String, String, bool)> = browser
        .ad_accounts(&id, "")
        .await
        .iter()
        .map(|account| {
            let reason = account["status_reason"].as_str().unwrap_or("none").to_owned();
            (account["status"].as_str().unwrap().to_owned(), reason, account["is_selectable"] == true)
        })
        .collect();
    rows.sort();
    let expected = [
        ("active", "none", true),
        ("closed", "account_closed", false),
        ("disabled", "account_disabled", false),
        ("in_grace_period", "account_in_grace_period", true),
        ("pending_risk_review", "account_pending_review", true),
        ("unsettled", "account_unsettled", true),
    ];
    assert_eq!(rows, expected.map(|(status, reason, usable)| (status.to_owned(), reason.to_owned(), usable)));
}

#[tokio::test]
async fn lists_are_paged_and_invalid_queries_get_a_problem() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let all = browser.ad_accounts(&id, "").await;
    let mut ids: Vec<&str> = all.iter().map(|account| account["account_id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1307);
    let name = all[700]["account_name"].as_str().unwrap();
    let found = browser.ad_accounts(&id, &format!("q={}", all[700]["account_id"].as_str().unwrap())).await;
    assert_eq!((found.len(), found[0]["account_name"].as_str()), (1, Some(name)));
    assert!(browser.ad_accounts(&id, "q=%25").await.is_empty(), "a percent sign is not a wildcard");
    for bad in ["limit=0", "limit=x", "cursor=zz", "cursor=00", "selected=maybe"] {
        let response = browser.get(&format!("/api/v1/connections/{id}/ad-accounts?{bad}")).await;
        assert_eq!(response.status, 422, "{bad}");
        assert_eq!(response.headers["content-type"], "application/problem+json");
        let problem = response.json();
        assert_eq!(problem["code"], "invalid_request");
        for field in ["type", "title", "status", "detail", "request_id"] {
            assert!(!problem[field].is_null(), "{field}");
        }
    }
}

#[tokio::test]
async fn other_users_and_visitors_learn_nothing() {
    let world = World::new().await;
    let owner = world.user("a@b.example").await;
    owner.connect(Answer::agree(Persona::SoleTrader)).await;
    let id = owner.connection_id().await;
    let stranger = world.user("s@b.example").await;
    let nowhere = "01a2057b-e576-78ff-bc57-5192c8cf852d";
    for tail in ["", "/ad-accounts"] {
        let theirs = stranger.get(&format!("/api/v1/connections/{id}{tail}")).await;
        let none = stranger.get(&format!("/api/v1/connections/{nowhere}{tail}")).await;
        assert_eq!((theirs.status, none.status), (404, 404));
        assert_eq!(
            (theirs.json()["code"].clone(), theirs.json()["detail"].clone()),
            (none.json()["code"].clone(), none.json()["detail"].clone())
        );
    }
    for path in ["/sync", "/disconnect", "/assets", "/remove"] {
        let response = stranger.post(&format!("/connections/{id}{path}"), &[("account_id", "1")]).await;
        assert_eq!(response.status, 404, "{path}");
    }
    let visitor = world.browser().get("/api/v1/connections").await;
    assert_eq!((visitor.status, visitor.json()["code"].as_str()), (401, Some("unauthorized")));
    assert_eq!(owner.connections().await[0]["status"], "active");
}

#[tokio::test]
async fn readiness_depends_on_the_database() {
    let world = World::new().await;
    let browser = world.browser();
    assert_eq!(browser.get("/healthz").await.status, 200);
    assert_eq!(browser.get("/readyz").await.status, 200);
    world.app.store.close().await;
    let response = browser.get("/readyz").await;
    assert_eq!((response.status, response.json()["status"].as_str()), (503, Some("not ready")));
    assert_eq!(browser.get("/healthz").await.status, 200);
    // A page shows the error.
    let page = browser.post("/login", &[("email", "a@b.example"), ("password", "whatever it is")]).await;
    assert_eq!((page.status, page.title().as_str()), (503, "We can’t reach our database right now"));
}
