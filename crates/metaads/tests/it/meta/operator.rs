//! What the operator sees and can do: the admin page, `metaads doctor`, `metaads admin`.

use std::process::{Command, Stdio};

use metaads_sandbox::{Answer, Endpoint, Persona, RateLimit};
use serde_json::json;

use super::inbound_webhooks::{register_webhooks, wait_for_deliveries};
use crate::browser::Browser;
use crate::effects::{api_error, api_error_with};
use crate::world::{World, days, minutes};

const TOKEN: (&str, &str) = ("META_WEBHOOK_VERIFY_TOKEN", "handshake");

/// Runs a command in the environment of the running service. Returns whether it succeeded and what it printed.
async fn metaads(world: &World, arguments: &[&str], changed: &[(&str, &str)]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metaads"));
    command.args(arguments).current_dir(world.folder.path()).env_clear().stdin(Stdio::null());
    command.envs(world.environment().iter().map(|(name, value)| (name, value)));
    command.envs(changed.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

async fn doctor(world: &World, changed: &[(&str, &str)]) -> (bool, String) {
    metaads(world, &["doctor"], changed).await
}

async fn admin(world: &World) -> Browser {
    world.user("admin@b.example").await
}

#[tokio::test]
async fn the_admin_page_is_for_admins_only() {
    let world = World::new().await;
    let first = admin(&world).await;
    let page = first.get("/admin").await;
    assert!(page.has("Everything is fine") && page.has("v26.0"), "{}", page.text);
    let second = world.user("second@b.example").await;
    assert_eq!(second.get("/admin").await.status, 403);
    assert_eq!(second.post("/admin/events/replay", &[("hours", "1")]).await.status, 403);
    assert_eq!(second.post("/admin/deletions", &[("user_ids", "1")]).await.status, 403);
    assert!(!second.get("/dashboard").await.has("href=\"/admin\""));
    assert_eq!(world.browser().get("/admin").await.status, 303);
}

#[tokio::test]
async fn unrecognized_errors_and_rate_limits_are_shown_to_the_operator() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.fault_times(Endpoint::DebugToken, 2, api_error(424_242, Some(7)));
    world.run_for(days(2)).await;
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    world.meta.exhaust_limit(RateLimit::App, minutes(10));
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    world.run_due_jobs().await;
    let page = browser.get("/admin").await;
    assert!(page.has("code 424242/7"), "{}", page.text);
    assert!(page.has("Whole app") && page.has("100%"), "{}", page.text);
}

#[tokio::test]
async fn replaying_applies_events_again_but_no_deletions() {
    let world = World::with(&[TOKEN]).await;
    register_webhooks(&world);
    let (browser, _) = world.connected().await;
    let user = browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned();
    world.meta.send_event("permissions", &user, &json!({"field": "connected", "verb": "granted"}));
    wait_for_deliveries(&world, 1).await;
    world.run_due_jobs().await;
    assert!(browser.get("/admin").await.has("permissions: connected"));
    let before = world.meta.count(Endpoint::DebugToken);
    let page = browser.submit("/admin/events/replay", &[("hours", "24")]).await;
    assert!(page.has("Replaying 1 event"), "{}", page.text);
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::DebugToken), before + 1);
    assert_eq!(browser.post("/admin/events/replay", &[("hours", "-1")]).await.status, 422);
    let (succeeded, printed) = metaads(&world, &["admin", "replay-events", "--hours", "48"], &[]).await;
    // The command uses the real clock, not the world's.
    assert!(succeeded && printed.contains("will be replayed by the running service"), "{printed}");
}

#[tokio::test]
async fn a_list_of_deletions_is_processed() {
    let world = World::new().await;
    let (browser, _) = world.connected().await;
    let user = browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned();
    let rejected = browser.post("/admin/deletions", &[("user_ids", "123, abc<script>")]).await;
    assert_eq!(rejected.status, 422);
    assert!(rejected.has("is not a user id") && !rejected.has("<script>\""), "{}", rejected.text);
    assert_eq!(browser.connections().await.len(), 1, "nothing is deleted");
    let list = format!("{user}\r\n122094567890999,\n{user}");
    let page = browser.submit("/admin/deletions", &[("user_ids", &list)]).await;
    assert!(page.has("2 deletions are in progress"), "{}", page.text);
    world.run_due_jobs().await;
    assert!(browser.connections().await.is_empty());
    let done = "SELECT COUNT(*) FROM deletion_requests WHERE completed_at IS NOT NULL";
    assert_eq!(world.number(done).await, 2);
}

#[tokio::test]
async fn a_list_of_deletions_can_be_imported_from_a_file() {
    let world = World::new().await;
    let (browser, _) = world.connected().await;
    let user = browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned();
    std::fs::write(world.folder.path().join("ids.txt"), format!("{user}\n")).unwrap();
    let (succeeded, printed) = metaads(&world, &["admin", "import-deletions", "ids.txt"], &[]).await;
    assert!(succeeded && printed.contains("/data-deletion/DEL-"), "{printed}");
    let (succeeded, printed) = metaads(&world, &["admin", "import-deletions", "nowhere.txt"], &[]).await;
    assert!(!succeeded && printed.contains("nowhere.txt could not be read"), "{printed}");
    world.advance_to_real_time();
    world.run_due_jobs().await;
    assert!(browser.connections().await.is_empty());
}

#[tokio::test]
async fn doctor_reports_nothing_to_fix_on_a_healthy_installation() {
    let world = World::with(&[TOKEN]).await;
    let (_, printed) = doctor(&world, &[]).await;
    assert!(printed.contains("WARN  admins: nobody is an admin"), "{printed}");
    admin(&world).await;
    let (_, printed) = metaads(&world, &["doctor", "--subscribe"], &[]).await;
    for (object, _) in metaads::webhooks::inbox::SUBSCRIPTIONS {
        assert!(printed.contains(&format!("ok    webhooks: {object} is sent to")), "{printed}");
    }
    for healthy in [
        "Meta app: 100200300400500 is",
        "database: accepts reads",
        "keys: the configured keys open",
        "redirect URI: Meta accepts",
    ] {
        assert!(printed.contains(&format!("ok    {healthy}")), "{printed}");
    }
    // The only thing to fix is that the service listens on loopback.
    assert!(printed.contains("WARN  PUBLIC_URL") && printed.contains("1 thing to fix"), "{printed}");
    for (name, value) in world.environment() {
        let is_secret = name.contains("SECRET") || name.contains("KEY") || name == TOKEN.0;
        assert!(!is_secret || !printed.contains(value.as_str()), "{name} is shown: {printed}");
    }
}

#[tokio::test]
async fn doctor_names_each_problem_and_its_fix() {
    let world = World::new().await;
    let cases = [
        (vec![], "webhooks: META_WEBHOOK_VERIFY_TOKEN is not set", "doctor --subscribe"),
        (vec![TOKEN], "webhooks: the app has not subscribed to permissions", "doctor --subscribe"),
        (
            vec![("META_APP_SECRET", "wrong")],
            "FAIL  Meta app: Meta refuses",
            "compare META_APP_ID and META_APP_SECRET",
        ),
        (
            vec![("META_APP_ID", "1")],
            "FAIL  Meta app: Meta refuses",
            "compare META_APP_ID and META_APP_SECRET",
        ),
        (vec![("META_API_VERSION", "v24.0")], "FAIL  API version", "set META_API_VERSION"),
        (vec![("META_GRAPH_URL", "http://127.0.0.1:9")], "FAIL  Meta app", "META_GRAPH_URL"),
    ];
    for (changed, problem, fix) in cases {
        let (succeeded, printed) = doctor(&world, &changed).await;
        assert!(!succeeded, "{printed}");
        assert!(printed.contains(problem) && printed.contains(fix), "{problem} / {fix}: {printed}");
    }
    let (succeeded, printed) =
        doctor(&world, &[("META_API_VERSION", "26"), ("METAADS_JOBS_INTERVAL", "soon")]).await;
    assert!(
        !succeeded && printed.contains("META_API_VERSION") && printed.contains("METAADS_JOBS_INTERVAL"),
        "{printed}"
    );
}

#[tokio::test]
async fn doctor_shows_the_notices_of_the_running_service() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let wrong_secret = api_error_with(400, 1, None, "Error validating client secret.");
    world.fault(Endpoint::DebugToken, wrong_secret);
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    let (_, printed) = doctor(&world, &[]).await;
    assert!(printed.contains("WARN  the running service: Meta refused debug_token"), "{printed}");
    assert!(printed.contains("Meta does not accept the app secret"), "{printed}");
}

#[tokio::test]
async fn a_misconfiguration_found_during_a_sync_reaches_the_operator() {
    let world = World::new().await;
    let browser = admin(&world).await;
    world.fault_times(Endpoint::OwnedAdAccounts, 2, api_error(294, None));
    browser.connect(Answer::agree(Persona::Trouble)).await;
    world.run_due_jobs().await;
    assert!(browser.get("/admin").await.has("App Review"), "shown while it lasts");
    world.run_for(days(2)).await;
    metaads::worker::sweep(&world.app).await.unwrap();
    browser.login("admin@b.example", crate::browser::PASSWORD).await;
    assert!(!browser.get("/admin").await.has("App Review"), "no longer shown");
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
}
