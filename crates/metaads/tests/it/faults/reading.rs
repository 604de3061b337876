//! Reading the accounts in the background goes wrong.

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};

use crate::world::{SECOND, World};

fn graph(status: u16, code: i64, subcode: Option<i64>, message: &str) -> Effect {
    Effect::Graph { status, code, subcode, kind: "OAuthException".to_owned(), message: message.to_owned() }
}

#[tokio::test]
async fn an_outage_pauses_the_reading_and_the_connection_stays_green() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    world.fault_times(Endpoint::OwnedAdAccounts, 3, graph(503, 2, None, "down"));
    for _ in 0..3 {
        world.run_due_jobs().await;
        world.advance(SECOND * 300);
    }
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["status"].as_str(), connection["sync"]["state"].as_str()),
        (Some("active"), Some("failed"))
    );
    assert!(browser.get("/dashboard").await.has("We keep trying"));
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["ad_accounts"]["total"].as_i64(), connection["sync"]["state"].as_str()),
        (Some(1307), Some("idle"))
    );
}

#[tokio::test]
async fn where_meta_asks_for_less_less_is_asked() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    let less =
        graph(500, 1, None, "Please reduce the amount of data you're asking for, then retry your request");
    world.fault_times(Endpoint::OwnedAdAccounts, 2, less);
    world.run_due_jobs().await;
    let limits: Vec<String> = world
        .meta
        .calls()
        .iter()
        .filter(|call| call.endpoint == Endpoint::OwnedAdAccounts)
        .flat_map(|call| call.params.iter().find(|(name, _)| name == "limit").map(|(_, limit)| limit.clone()))
        .take(3)
        .collect();
    assert_eq!(limits, ["100", "50", "25"]);
    assert_eq!(browser.connections().await[0]["ad_accounts"]["total"], 1307);
}

#[tokio::test]
async fn a_list_that_may_not_be_read_does_not_end_the_others() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    world.fault_times(
        Endpoint::ClientAdAccounts,
        3,
        graph(400, 100, None, "Tried accessing nonexisting field"),
    );
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    // They are all in /me/adaccounts as well; only how they are reached is not known.
    assert_eq!(
        (connection["ad_accounts"]["total"].as_i64(), connection["sync"]["state"].as_str()),
        (Some(1307), Some("idle"))
    );
}

#[tokio::test]
async fn a_dead_grant_is_confirmed_and_told_with_its_reason() {
    let world = World::new().await;
    for (subcode, reason, said) in [
        (458, "app_removed", "removed this app on Facebook"),
        (459, "checkpoint", "Facebook wants to be sure that it is Tom"),
        (460, "password_changed", "Facebook password changed"),
        (463, "token_expired", "permission ran out"),
        (467, "session_invalid", "no longer accepts this connection"),
    ] {
        let browser = world.user(&format!("{reason}@b.example")).await;
        browser.connect(Answer::agree(Persona::SoleTrader)).await;
        world.run_due_jobs().await;
        let id = browser.connection_id().await;
        world.meta.invalidate_tokens(Persona::SoleTrader.user_id(), subcode);
        browser.press(&format!("/connections/{id}/sync"), &[]).await;
        world.run_due_jobs().await;
        let connection = browser.connections().await.remove(0);
        assert_eq!(connection["status"], "needs_reauthorization", "{subcode}");
        assert_eq!(connection["status_reason"], reason, "{subcode}");
        assert!(browser.get("/dashboard").await.has(said), "{subcode}");
        // Connecting again heals it in place.
        browser.connect_with(Answer::agree(Persona::SoleTrader), &[("connection", &id)]).await;
        world.run_due_jobs().await;
        assert_eq!(browser.connections().await[0]["status"], "active", "{subcode}");
    }
}

#[tokio::test]
async fn one_call_that_cries_wolf_costs_nobody_a_reconnect() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    world
        .fault(Endpoint::Pages, graph(400, 190, None, "This method must be called with a Page Access Token"));
    browser.press(&format!("/connections/{id}/sync"), &[]).await;
    let steps = world.run_due_jobs().await;
    assert!(steps < 20, "{steps} steps: it turns in circles");
    assert_eq!(browser.connections().await[0]["status"], "active");
}

#[tokio::test]
async fn a_list_whose_cursor_does_not_move_is_left() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let page = serde_json::json!({"data": [], "paging": {
        "cursors": {"before": "QQ", "after": "QR"}, "next": "https://graph.facebook.com/v26.0/me/adaccounts?after=QR"}});
    let same =
        Effect::Body { status: 200, content_type: "application/json".to_owned(), body: page.to_string() };
    world.fault_times(Endpoint::AdAccounts, u32::MAX, same);
    world.meta.clear_calls();
    browser.press(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::AdAccounts), 2);
    assert_eq!(browser.connections().await[0]["sync"]["state"], "idle");
}

#[tokio::test]
async fn a_limit_in_the_middle_of_a_reading_repeats_nothing_that_was_read() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    world.meta.clear_calls();
    world.fault(Endpoint::ClientAdAccounts, graph(400, 17, Some(2_446_079), "User request limit reached"));
    world.run_due_jobs().await;
    let before = world.meta.count(Endpoint::OwnedAdAccounts);
    assert_eq!(browser.connections().await[0]["sync"]["state"], "running");
    world.advance(SECOND * 11 * 60);
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["ad_accounts"]["total"].as_i64(), connection["sync"]["state"].as_str()),
        (Some(1307), Some("idle"))
    );
    // Pages of the owned lists: 412, none and 21 accounts.
    assert_eq!((before, world.meta.count(Endpoint::OwnedAdAccounts)), (5, 7));
}
