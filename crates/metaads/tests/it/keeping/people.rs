//! What only the person can mend, told apart; and what only the operator can.

use std::time::Duration;

use metaads_sandbox::{Answer, Effect, Endpoint, PermissionStatus, Persona};
use serde_json::Value;

use super::renewal::{connected, live, refused};
use super::seed::days;
use crate::browser::{Browser, PASSWORD};
use crate::world::World;

async fn state(browser: &Browser) -> (String, Option<String>) {
    browser.login("a@b.example", PASSWORD).await;
    let connection = browser.connections().await.remove(0);
    (
        connection["status"].as_str().unwrap().to_owned(),
        connection["status_reason"].as_str().map(str::to_owned),
    )
}

fn needs(reason: &str) -> (String, Option<String>) {
    ("needs_reauthorization".to_owned(), Some(reason.to_owned()))
}

fn active(reason: Option<&str>) -> (String, Option<String>) {
    ("active".to_owned(), reason.map(str::to_owned))
}

#[tokio::test]
async fn what_meta_does_not_announce_is_found_within_a_day_with_its_own_words() {
    for (subcode, reason, words) in [
        (458, "app_removed", "removed this app on Facebook"),
        (459, "checkpoint", "Facebook wants to be sure that it is Tom"),
        (460, "password_changed", "Facebook password changed"),
        (464, "user_unconfirmed", "Facebook waits for Tom to confirm"),
        (467, "session_invalid", "Facebook no longer accepts this connection"),
        (493, "data_access_expired", "90-day access ended"),
    ] {
        let world = World::new().await;
        let (browser, _) = connected(&world).await;
        world.meta.invalidate_tokens(Persona::SoleTrader.user_id(), subcode);
        live(&world, days(2)).await;
        assert_eq!(state(&browser).await, needs(reason));
        let page = browser.get("/dashboard").await;
        assert!(page.has(words), "{subcode}: {}", page.text);
    }
}

#[tokio::test]
async fn a_checkpoint_heals_without_reconnecting() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    world.meta.invalidate_tokens(Persona::SoleTrader.user_id(), 459);
    live(&world, days(2)).await;
    let page = browser.get("/dashboard").await;
    let page = if page.status == 200 {
        page
    } else {
        browser.login("a@b.example", PASSWORD).await;
        browser.get("/dashboard").await
    };
    assert!(
        page.has("Open facebook.com")
            && page.has("Check again")
            && !page.has("Reconnect Tom</button></form>\n</div>"),
        "{}",
        page.text
    );
    let page = browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("It still needs somebody"), "{}", page.text);
    world.meta.restore_tokens(Persona::SoleTrader.user_id());
    let page = browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("The access works."), "{}", page.text);
    assert_eq!(state(&browser).await, active(None));
    let history = browser.get(&format!("/connections/{id}?tab=history")).await;
    assert!(history.has("Well again") && history.has("Facebook wants to be sure who it is"));
    // Or it heals while nobody looks.
    world.meta.invalidate_tokens(Persona::SoleTrader.user_id(), 464);
    live(&world, days(2)).await;
    world.meta.restore_tokens(Persona::SoleTrader.user_id());
    live(&world, Duration::from_secs(2 * 3600)).await;
    assert_eq!(state(&browser).await, active(None));
}

#[tokio::test]
async fn reconnecting_is_recorded_as_recovered() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    world.meta.invalidate_tokens(Persona::SoleTrader.user_id(), 460);
    live(&world, days(2)).await;
    browser.connect_with(Answer::agree(Persona::SoleTrader), &[("connection", &id)]).await;
    world.run_due_jobs().await;
    assert_eq!(state(&browser).await, active(None));
    assert_eq!(world.number("SELECT COUNT(*) FROM audit_log WHERE action = 'recovered'").await, 1);
}

#[tokio::test]
async fn one_answer_that_cries_wolf_kills_nothing() {
    for (code, subcode) in [(190, Some(460)), (190, None), (102, None), (190, Some(458))] {
        let world = World::new().await;
        let (browser, id) = connected(&world).await;
        world.advance(days(3));
        world.fault(Endpoint::Exchange, refused(code, subcode));
        let page = browser.press(&format!("/connections/{id}/refresh"), &[]).await;
        assert!(page.has("The access works."), "{}", page.text);
        assert_eq!(state(&browser).await, active(None), "{code}/{subcode:?}");
    }
}

#[tokio::test]
async fn what_only_the_operator_can_mend_is_told_to_them_alone() {
    let world = World::new().await;
    let admin = world.user("admin@b.example").await;
    let (browser, _) = connected(&world).await;
    // The secret is wrong, the app token is refused, the app is blocked, the version has gone.
    for error in [refused(1, None), refused(190, None), refused(200, None), refused(2635, None)] {
        world.meta.clear_faults();
        world.fault_times(Endpoint::DebugToken, u32::MAX, error);
        live(&world, days(2)).await;
        assert_eq!(state(&browser).await, active(None));
        let page = browser.get("/dashboard").await;
        assert!(
            !page.has("Reconnect Tom</button></form>\n</div>") && !page.has("banner-bad"),
            "{}",
            page.text
        );
        admin.login("admin@b.example", PASSWORD).await;
        let page = admin.get("/dashboard").await;
        assert!(page.has("banner-bad") && page.has("since "), "{}", page.text);
    }
    world.meta.clear_faults();
    live(&world, days(1)).await;
    assert!(!admin.get("/dashboard").await.has("banner-bad"), "it is over");
}

#[tokio::test]
async fn the_clock_of_data_access_stops_instagram_and_nothing_else() {
    let world = World::new().await;
    let (browser, _) = connected(&world).await;
    world.meta.set_data_access(Persona::SoleTrader.user_id(), days(10));
    live(&world, days(2)).await;
    browser.login("a@b.example", PASSWORD).await;
    let page = browser.get("/dashboard").await;
    assert!(page.has("Instagram needs Tom by") && page.has("Confirm on Facebook"), "{}", page.text);
    assert_eq!(state(&browser).await, active(None));
    live(&world, days(9)).await;
    assert_eq!(state(&browser).await, active(Some("data_access_expired")));
    let page = browser.get("/dashboard").await;
    assert!(page.has("Ads and Pages are not affected"), "{}", page.text);
    // Whoever never gave Instagram is not bothered.
    let other = world.user("b@b.example").await;
    other.connect(Answer::declining(Persona::SecondSoleTrader, &["instagram_basic"])).await;
    world.meta.set_data_access(Persona::SecondSoleTrader.user_id(), days(1));
    live(&world, days(3)).await;
    let connection = other.connections().await.remove(0);
    assert_eq!((connection["status"].as_str(), &connection["status_reason"]), (Some("active"), &Value::Null));
}

#[tokio::test]
async fn a_permission_taken_back_and_one_that_lapsed_are_told_apart() {
    let world = World::new().await;
    let (browser, _) = connected(&world).await;
    let tom = Persona::SoleTrader.user_id();
    world.meta.set_permission(tom, "ads_management", PermissionStatus::Declined);
    live(&world, days(2)).await;
    assert_eq!(state(&browser).await, active(Some("permissions_missing")));
    world.meta.set_permission(tom, "ads_management", PermissionStatus::Granted);
    live(&world, days(2)).await;
    assert_eq!(state(&browser).await, active(None));
    world.meta.set_permission(tom, "ads_management", PermissionStatus::Expired);
    live(&world, days(2)).await;
    assert_eq!(state(&browser).await, active(Some("permission_expired")));
    let page = browser.get("/dashboard").await;
    assert!(page.has("A permission lapsed") && page.has("Ask Tom again"), "{}", page.text);
}

#[tokio::test]
async fn a_login_while_a_renewal_is_under_way_wins() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    world.advance(days(3));
    world.fault(Endpoint::Exchange, Effect::Hold("renewal".to_owned()));
    let path = format!("/connections/{id}/refresh");
    let pressing = browser.post(&path, &[]);
    let reconnecting = async {
        world.meta.wait_until_held("renewal").await;
        browser.connect_with(Answer::agree(Persona::SoleTrader), &[("connection", &id)]).await;
        world.meta.release("renewal");
    };
    tokio::join!(pressing, reconnecting);
    let version = world.number("SELECT token_version FROM meta_connections").await;
    assert_eq!(version, 2, "the login's token stands, the renewal's is not written over it");
    world.run_due_jobs().await;
    assert_eq!(state(&browser).await, active(None));
}

#[tokio::test]
async fn a_disconnect_while_a_renewal_is_under_way_wins() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    world.advance(days(3));
    world.fault(Endpoint::DebugToken, Effect::Hold("inspection".to_owned()));
    let path = format!("/connections/{id}/refresh");
    let pressing = browser.post(&path, &[]);
    let ending = async {
        world.meta.wait_until_held("inspection").await;
        browser.press(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
        world.meta.release("inspection");
    };
    tokio::join!(pressing, ending);
    world.run_due_jobs().await;
    assert_eq!(state(&browser).await.0, "revoked");
    let stored = "SELECT COUNT(*) FROM meta_connections WHERE access_token IS NOT NULL";
    assert_eq!(world.number(stored).await, 0);
}

#[tokio::test]
async fn an_older_copy_of_the_database_is_not_trusted_silently() {
    let mut world = World::new().await;
    let (browser, id) = connected(&world).await;
    metaads::worker::sweep(&world.app).await.unwrap();
    // Backed up now, restored five days later: meanwhile the person removed the app.
    world.meta.invalidate_tokens(Persona::SoleTrader.user_id(), 458);
    world.advance(days(5));
    world.restart().await;
    metaads::worker::recover_after_downtime(&world.app).await.unwrap();
    world.advance(Duration::from_secs(30 * 60));
    world.run_due_jobs().await;
    assert_eq!(state(&browser).await, needs("app_removed"));
    let history = browser.get(&format!("/connections/{id}?tab=history")).await;
    assert!(
        history.has("Checked after a pause") && history.has("22 Nov 2026, 12:00 UTC"),
        "{}",
        history.text
    );
}
