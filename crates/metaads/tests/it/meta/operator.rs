//! What whoever runs the installation sees and can do: the admin page, `metaads doctor`, `metaads admin`.

use std::process::{Command, Stdio};

use metaads_sandbox::{Answer, Effect, Endpoint, Persona, RateLimit};
use serde_json::json;

use super::calls::{answered, entered};
use crate::browser::Browser;
use crate::keeping::renewal::{connected, live, refused};
use crate::keeping::seed::days;
use crate::world::World;

const TOKEN: (&str, &str) = ("META_WEBHOOK_VERIFY_TOKEN", "handshake");

/// A command beside the running service, in its environment; what it printed and whether it ended well.
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
async fn the_admin_page_is_for_admins() {
    let world = World::new().await;
    let first = admin(&world).await;
    let page = first.get("/admin").await;
    assert!(page.has("Nothing waits for you") && page.has("v26.0"), "{}", page.text);
    let second = world.user("second@b.example").await;
    assert_eq!(second.get("/admin").await.status, 403);
    assert_eq!(second.post("/admin/events/replay", &[("hours", "1")]).await.status, 403);
    assert_eq!(second.post("/admin/deletions", &[("user_ids", "1")]).await.status, 403);
    assert!(!second.get("/dashboard").await.has("href=\"/admin\""));
    assert_eq!(world.browser().get("/admin").await.status, 303);
}

#[tokio::test]
async fn unknown_answers_and_limits_are_shown_to_the_operator() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    world.fault_times(Endpoint::DebugToken, 2, refused(424_242, Some(7)));
    live(&world, days(2)).await;
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    world.meta.exhaust_limit(RateLimit::App, std::time::Duration::from_secs(600));
    browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    world.run_due_jobs().await;
    let page = browser.get("/admin").await;
    assert!(page.has("code 424242/7"), "{}", page.text);
    assert!(page.has("The whole app") && page.has("100 %"), "{}", page.text);
}

#[tokio::test]
async fn meta_calls_are_applied_again_and_deletions_are_not() {
    let world = World::with(&[TOKEN]).await;
    entered(&world);
    let (browser, _) = connected(&world).await;
    let user = browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned();
    world.meta.send_event("permissions", &user, &json!({"field": "connected", "verb": "granted"}));
    answered(&world, 1).await;
    world.run_due_jobs().await;
    assert!(browser.get("/admin").await.has("permissions: connected"));
    let before = world.meta.count(Endpoint::DebugToken);
    let page = browser.press("/admin/events/replay", &[("hours", "24")]).await;
    assert!(page.has("1 call is being applied once more"), "{}", page.text);
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::DebugToken), before + 1);
    assert_eq!(browser.post("/admin/events/replay", &[("hours", "-1")]).await.status, 422);
    let (is_well, said) = metaads(&world, &["admin", "replay-events", "--hours", "48"], &[]).await;
    // The command's clock is the real one, which is not the world's.
    assert!(is_well && said.contains("applied once more by the running service"), "{said}");
}

#[tokio::test]
async fn a_list_of_deletions_is_worked_through() {
    let world = World::new().await;
    let (browser, _) = connected(&world).await;
    let user = browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned();
    let wrong = browser.post("/admin/deletions", &[("user_ids", "123, abc<script>")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.has("is no user id") && !wrong.has("<script>\""), "{}", wrong.text);
    assert_eq!(browser.connections().await.len(), 1, "nothing was deleted");
    let list = format!("{user}\r\n122094567890999,\n{user}");
    let page = browser.press("/admin/deletions", &[("user_ids", &list)]).await;
    assert!(page.has("2 deletions are being worked through"), "{}", page.text);
    world.run_due_jobs().await;
    assert!(browser.connections().await.is_empty());
    let done = "SELECT COUNT(*) FROM deletion_requests WHERE completed_at IS NOT NULL";
    assert_eq!(world.number(done).await, 2);
}

#[tokio::test]
async fn the_same_list_can_be_handed_in_by_command() {
    let world = World::new().await;
    let (browser, _) = connected(&world).await;
    let user = browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned();
    std::fs::write(world.folder.path().join("ids.txt"), format!("{user}\n")).unwrap();
    let (is_well, said) = metaads(&world, &["admin", "import-deletions", "ids.txt"], &[]).await;
    assert!(is_well && said.contains("/data-deletion/DEL-"), "{said}");
    let (is_well, said) = metaads(&world, &["admin", "import-deletions", "nowhere.txt"], &[]).await;
    assert!(!is_well && said.contains("nowhere.txt could not be read"), "{said}");
}

#[tokio::test]
async fn doctor_finds_nothing_where_all_is_well() {
    let world = World::with(&[TOKEN]).await;
    let (_, said) = metaads(&world, &["doctor", "--subscribe"], &[]).await;
    for (object, _) in metaads::webhooks::inbox::SUBSCRIPTIONS {
        assert!(said.contains(&format!("ok    webhooks: {object} comes to")), "{said}");
    }
    for well in [
        "Meta app: 100200300400500 is",
        "database: takes reads",
        "keys: open everything",
        "redirect URI: Meta raises no",
    ] {
        assert!(said.contains(&format!("ok    {well}")), "{said}");
    }
    // A service on loopback is the one thing to do here.
    assert!(said.contains("soon  PUBLIC_URL") && said.contains("1 thing has to be done"), "{said}");
    for (name, value) in world.environment() {
        let is_secret = name.contains("SECRET") || name.contains("KEY") || name == TOKEN.0;
        assert!(!is_secret || !said.contains(value.as_str()), "{name} is shown: {said}");
    }
}

#[tokio::test]
async fn doctor_names_each_fault_and_what_to_do() {
    let world = World::new().await;
    let cases = [
        (vec![], "webhooks: META_WEBHOOK_VERIFY_TOKEN is not set", "doctor --subscribe"),
        (vec![TOKEN], "webhooks: the app has not subscribed to permissions", "doctor --subscribe"),
        (
            vec![("META_APP_SECRET", "wrong")],
            "BAD   Meta app: Meta refuses",
            "compare META_APP_ID and META_APP_SECRET",
        ),
        (
            vec![("META_APP_ID", "1")],
            "BAD   Meta app: Meta refuses",
            "compare META_APP_ID and META_APP_SECRET",
        ),
        (vec![("META_API_VERSION", "v24.0")], "BAD   API version", "set META_API_VERSION"),
        (vec![("META_GRAPH_URL", "http://127.0.0.1:9")], "BAD   Meta app", "META_GRAPH_URL"),
    ];
    for (changed, finding, remedy) in cases {
        let (is_well, said) = doctor(&world, &changed).await;
        assert!(!is_well, "{said}");
        assert!(said.contains(finding) && said.contains(remedy), "{finding} / {remedy}: {said}");
    }
    let (is_well, said) =
        doctor(&world, &[("META_API_VERSION", "26"), ("METAADS_JOBS_INTERVAL", "soon")]).await;
    assert!(
        !is_well && said.contains("META_API_VERSION") && said.contains("METAADS_JOBS_INTERVAL"),
        "{said}"
    );
}

#[tokio::test]
async fn doctor_tells_what_the_running_service_ran_into() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    let wrong_secret = Effect::Graph {
        status: 400,
        code: 1,
        subcode: None,
        kind: "OAuthException".to_owned(),
        message: "Error validating client secret.".to_owned(),
    };
    world.fault(Endpoint::DebugToken, wrong_secret);
    browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    let (_, said) = doctor(&world, &[]).await;
    assert!(said.contains("the running service: Meta does not accept the app secret"), "{said}");
}

#[tokio::test]
async fn trouble_met_while_reading_accounts_reaches_the_operator_too() {
    let world = World::new().await;
    let browser = admin(&world).await;
    world.fault_times(Endpoint::OwnedAdAccounts, 2, refused(294, None));
    browser.connect(Answer::agree(Persona::Trouble)).await;
    world.run_due_jobs().await;
    assert!(browser.get("/admin").await.has("App Review"), "told while it lasts");
    live(&world, days(2)).await;
    metaads::worker::sweep(&world.app).await.unwrap();
    browser.login("admin@b.example", crate::browser::PASSWORD).await;
    assert!(!browser.get("/admin").await.has("App Review"), "and no longer");
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
}
