//! Admins and one-time links: setup, invitations, `metaads admin`.

use std::process::{Command, Stdio};

use metaads::accounts::{admins, links};
use metaads_store::LastAdmin;
use serde_json::Value;

use crate::browser::{Browser, PASSWORD, Response};
use crate::world::{World, days, hours};

const OTHER: &str = "another three words";
const ADMINS: &str = "SELECT COUNT(*) FROM users WHERE is_admin";

/// Runs `metaads admin` in the environment of the running service. Returns whether it succeeded, its standard output and
/// its standard error.
async fn admin(world: &World, arguments: &[&str]) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metaads"));
    command.arg("admin").args(arguments).current_dir(world.folder.path()).env_clear().stdin(Stdio::null());
    command.envs(world.environment().iter().map(|(name, value)| (name, value)));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

async fn admin_json(world: &World, arguments: &[&str]) -> Value {
    let (succeeded, printed, error) = admin(world, arguments).await;
    assert!(succeeded, "{error}");
    serde_json::from_str(&printed).unwrap()
}

/// The path of a link.
fn path<'a>(world: &World, url: &'a str) -> &'a str {
    let path = url.strip_prefix(&world.base).unwrap();
    assert!(path.starts_with("/links?token=") && path.len() > 40, "{url}");
    path
}

async fn setup_link(world: &World) -> String {
    path(world, &links::make_setup_link(&world.app).await.unwrap().unwrap().url).to_owned()
}

async fn open(browser: &Browser, link: &str, email: &str, password: &str) -> Response {
    let token = link.strip_prefix("/links?token=").unwrap();
    browser.post("/links", &[("token", token), ("email", email), ("password", password)]).await
}

#[tokio::test]
async fn nobody_becomes_admin_by_registering_outside_the_demo() {
    let world = World::with(&[("METAADS_ADMIN_EMAILS", "Ann@b.example")]).await;
    for email in ["ann@b.example", "ben@b.example"] {
        world.browser().register(email).await;
    }
    world.browser().login("ann@b.example", PASSWORD).await;
    assert_eq!(world.number(ADMINS).await, 0);
}

#[tokio::test]
async fn in_the_demo_one_of_eight_users_who_register_at_once_becomes_admin() {
    let world = World::demo().await;
    assert!(links::make_setup_link(&world.app).await.unwrap().is_none());
    let browsers: Vec<Browser> = (0..8).map(|_| world.browser()).collect();
    let emails: Vec<String> = (0..8).map(|number| format!("{number}@b.example")).collect();
    let register = browsers.iter().zip(&emails).map(|(browser, email)| browser.register(email));
    futures_util::future::join_all(register).await;
    assert_eq!(world.number("SELECT COUNT(*) FROM users").await, 8);
    assert_eq!(world.number(ADMINS).await, 1);
}

#[tokio::test]
async fn the_setup_link_makes_one_admin_however_often_it_is_used_at_once() {
    let world = World::new().await;
    let link = setup_link(&world).await;
    let browsers: Vec<Browser> = (0..8).map(|_| world.browser()).collect();
    let emails: Vec<String> = (0..8).map(|number| format!("{number}@b.example")).collect();
    let uses = browsers.iter().zip(&emails).map(|(browser, email)| open(browser, &link, email, PASSWORD));
    let answers = futures_util::future::join_all(uses).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 410, 410, 410, 410, 410, 410, 410]);
    assert_eq!((world.number("SELECT COUNT(*) FROM users").await, world.number(ADMINS).await), (1, 1));
    let winner = answers.iter().position(|answer| answer.status == 303).unwrap();
    assert_eq!(browsers[winner].get("/admin").await.status, 200);
    assert!(links::make_setup_link(&world.app).await.unwrap().is_none());
}

#[tokio::test]
async fn opening_a_link_uses_nothing_up_and_leaks_nothing() {
    let world = World::new().await;
    let link = setup_link(&world).await;
    let token = link.strip_prefix("/links?token=").unwrap().to_owned();
    for _ in 0..3 {
        let page = world.browser().get(&link).await;
        assert_eq!((page.status, page.title().as_str()), (200, "Become the first admin"));
        assert_eq!(page.headers["referrer-policy"], "strict-origin");
        assert_eq!(page.headers["cache-control"], "no-store");
        assert!(!page.has("<script"), "{}", page.text);
    }
    assert_eq!(open(&world.browser(), &link, "ann@b.example", PASSWORD).await.status, 303);
    let dead = world.browser().get(&link).await;
    assert_eq!((dead.status, dead.title().as_str()), (410, "This link no longer works"));
    // The test's own client logs what it sends.
    let log = world.log();
    let line = log.lines().find(|line| line.contains(&token) && !line.contains("reqwest::"));
    assert_eq!(line, None);
    let stored = world.stored_bytes().await;
    assert!(!stored.windows(token.len()).any(|window| window == token.as_bytes()));
}

#[tokio::test]
async fn a_setup_link_expires_and_a_new_one_replaces_it() {
    let world = World::new().await;
    let first = setup_link(&world).await;
    let second = setup_link(&world).await;
    assert_eq!(world.browser().get(&first).await.status, 410);
    assert_eq!(world.browser().get(&second).await.status, 200);
    world.advance(hours(24));
    assert_eq!(world.browser().get(&second).await.status, 410);
    assert_eq!(open(&world.browser(), &second, "ann@b.example", PASSWORD).await.status, 410);
    assert_eq!(world.number("SELECT COUNT(*) FROM users").await, 0);
    let other = format!("/links?token={}", "x".repeat(3_000));
    assert_eq!(world.browser().get(&other).await.status, 410);
}

#[tokio::test]
async fn a_setup_link_promotes_an_account_only_with_its_password() {
    let world = World::new().await;
    world.browser().register("ann@b.example").await;
    let link = setup_link(&world).await;
    for (email, password, expected) in [
        ("ann@b.example", OTHER, "that is not its password"),
        ("nobody", PASSWORD, "Enter an email address"),
        ("new@b.example", "short", "at least 10 characters"),
        ("new@b.example", "password1234", "attackers try first"),
    ] {
        let page = open(&world.browser(), &link, email, password).await;
        assert!(page.status == 422 && page.has(expected), "{}", page.text);
        assert!(page.has(&format!("value=\"{email}\"")) && !page.has(password), "{}", page.text);
        assert!(page.has("<title>Error: ") && page.has(" autofocus"), "{}", page.text);
    }
    let browser = world.browser();
    assert_eq!(open(&browser, &link, "ANN@b.example", PASSWORD).await.status, 303);
    assert_eq!(browser.get("/admin").await.status, 200);
    assert_eq!(world.number("SELECT COUNT(*) FROM users").await, 1);
}

#[tokio::test]
async fn a_named_address_counts_once_an_operators_link_has_proven_it() {
    let world = World::with(&[("METAADS_ADMIN_EMAILS", "ann@b.example, Ben@b.example")]).await;
    world.browser().register("ann@b.example").await;
    let (_, link) = admins::reset_password(&world.app, "ann@b.example").await.unwrap();
    assert_eq!(open(&world.browser(), path(&world, &link.url), "", OTHER).await.status, 303);
    assert_eq!(
        world.number("SELECT COUNT(*) FROM users WHERE is_admin AND email_key = 'ann@b.example'").await,
        1
    );
    let (_, link) = admins::invite(&world.app, "ben@b.example").await.unwrap();
    assert_eq!(open(&world.browser(), path(&world, &link.url), "", PASSWORD).await.status, 303);
    assert_eq!(world.number(ADMINS).await, 2);
    // Named later: at the next sign-in.
    world.sql("UPDATE users SET is_admin = FALSE WHERE email_key = 'ben@b.example'").await;
    world.browser().login("ben@b.example", PASSWORD).await;
    assert_eq!(world.number(ADMINS).await, 2);
}

#[tokio::test]
async fn registering_by_invitation_needs_an_invitation() {
    let world = World::with(&[("METAADS_REGISTRATION", "invite")]).await;
    let browser = world.browser();
    assert!(browser.get("/register").await.has("You need an invitation."));
    let refused = browser.post("/register", &[("email", "ann@b.example"), ("password", PASSWORD)]).await;
    assert_eq!(refused.status, 403);
    let (_, link) = admins::invite(&world.app, "Ann@b.example").await.unwrap();
    let page = browser.get(path(&world, &link.url)).await;
    assert!(
        page.has("Accept your invitation") && page.has("value=\"Ann@b.example\" readonly"),
        "{}",
        page.text
    );
    // The address is that of the invitation, whatever the form says.
    assert_eq!(
        open(&browser, path(&world, &link.url), "eve@b.example", PASSWORD).await.location,
        "/dashboard"
    );
    assert_eq!(browser.get("/dashboard").await.status, 200);
    assert_eq!(world.browser().login("ann@b.example", PASSWORD).await.status, 303);
    assert_eq!(open(&world.browser(), path(&world, &link.url), "", PASSWORD).await.status, 410);
    assert_eq!((world.number("SELECT COUNT(*) FROM users").await, world.number(ADMINS).await), (1, 0));
}

#[tokio::test]
async fn invitations_end_when_withdrawn_replaced_expired_or_closed() {
    let mut world = World::with(&[("METAADS_REGISTRATION", "invite")]).await;
    let invite = async |world: &World, email: &str| admins::invite(&world.app, email).await.unwrap().1;
    let (first, second) = (invite(&world, "ann@b.example").await, invite(&world, "ANN@b.example").await);
    let other = invite(&world, "ben@b.example").await;
    assert_eq!(world.browser().get(path(&world, &first.url)).await.status, 410);
    assert_eq!(admins::list_invitations(&world.app).await.unwrap().len(), 2);
    admins::withdraw_invitation(&world.app, "Ann@b.example").await.unwrap();
    assert_eq!(open(&world.browser(), path(&world, &second.url), "", PASSWORD).await.status, 410);
    assert!(admins::withdraw_invitation(&world.app, "ann@b.example").await.is_err());
    world.restart_with(&[("METAADS_REGISTRATION", "closed")]).await;
    assert_eq!(open(&world.browser(), path(&world, &other.url), "", PASSWORD).await.status, 410);
    assert!(admins::invite(&world.app, "eve@b.example").await.is_err());
    world.restart_with(&[("METAADS_REGISTRATION", "open")]).await;
    world.advance(days(7));
    assert_eq!(open(&world.browser(), path(&world, &other.url), "", PASSWORD).await.status, 410);
    assert_eq!(world.number("SELECT COUNT(*) FROM users").await, 0);
    assert!(admins::invite(&world.app, "not an address").await.is_err());
}

#[tokio::test]
async fn a_reset_link_sets_the_password_once_and_ends_every_session() {
    let world = World::new().await;
    let before = world.user("ann@b.example").await;
    let (_, link) = admins::reset_password(&world.app, "ann@b.example").await.unwrap();
    assert_eq!(before.get("/settings").await.status, 200, "making the link changes nothing");
    let browser = world.browser();
    assert!(browser.get(path(&world, &link.url)).await.has("value=\"ann@b.example\" readonly"));
    assert_eq!(open(&browser, path(&world, &link.url), "", OTHER).await.status, 303);
    assert_eq!((browser.get("/settings").await.status, before.get("/settings").await.status), (200, 303));
    assert_eq!(world.browser().login("ann@b.example", PASSWORD).await.status, 422);
    assert_eq!(world.browser().login("ann@b.example", OTHER).await.status, 303);
    assert_eq!(open(&browser, path(&world, &link.url), "", PASSWORD).await.status, 410);
}

#[tokio::test]
async fn the_last_admin_cannot_leave_unnoticed() {
    let world = World::new().await;
    let ann = world.user("ann@b.example").await;
    let ben = world.user("ben@b.example").await;
    assert!(ann.get("/settings/delete").await.has("You are the only admin."));
    assert!(!ben.get("/settings/delete").await.has("You are the only admin."));
    let refused = ann.post("/settings/delete", &[("password", PASSWORD)]).await;
    assert!(refused.status == 422 && refused.has("Tick the box"), "{}", refused.text);
    let error = admins::demote(&world.app, "ann@b.example", LastAdmin::Keep).await.unwrap_err();
    assert!(error.to_string().contains("--last-admin"), "{error}");
    admins::promote(&world.app, "ben@b.example").await.unwrap();
    assert_eq!(ann.post("/settings/delete", &[("password", PASSWORD)]).await.location, "/");
    assert_eq!(world.number(ADMINS).await, 1);
    assert_eq!(ben.post("/settings/delete", &[("password", PASSWORD)]).await.status, 422);
    let fields = [("password", PASSWORD), ("last_admin", "1")];
    assert_eq!(ben.post("/settings/delete", &fields).await.location, "/");
    assert!(
        links::make_setup_link(&world.app).await.unwrap().is_some(),
        "the next start prints a setup link"
    );
}

#[tokio::test]
async fn the_command_line_manages_users() {
    let world = World::new().await;
    world.advance_to_real_time();
    let (succeeded, link, note) = admin(&world, &["users", "create", "Ann@b.example", "--admin"]).await;
    assert!(succeeded && note.contains("It works once"), "{note}");
    let browser = world.browser();
    assert_eq!(browser.login("ann@b.example", "").await.status, 422, "without a password nobody signs in");
    assert_eq!(open(&browser, path(&world, &link), "", PASSWORD).await.status, 303);
    assert_eq!(browser.get("/admin").await.status, 200);

    let created = admin_json(&world, &["users", "create", "ben@b.example", "--json"]).await;
    assert_eq!((&created["email"], &created["is_admin"]), (&"ben@b.example".into(), &false.into()));
    path(&world, created["link"].as_str().unwrap());
    let promoted = admin_json(&world, &["users", "promote", "BEN@b.example", "--json"]).await;
    assert_eq!(promoted["is_admin"], true);
    assert_eq!(admin_json(&world, &["users", "demote", "ben@b.example", "--json"]).await["is_admin"], false);
    let reset = admin_json(&world, &["users", "reset-password", "ann@b.example", "--json"]).await;
    path(&world, reset["link"].as_str().unwrap());
    let listed = admin_json(&world, &["users", "list", "--json"]).await;
    let emails: Vec<&str> =
        listed["data"].as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap()).collect();
    assert_eq!(emails, ["Ann@b.example", "ben@b.example"]);
    assert!(
        listed["data"][0]["email_proven_at"].is_string() && listed["data"][1]["email_proven_at"].is_null()
    );
    assert!(admin(&world, &["users", "list"]).await.1.contains("Ann@b.example  admin  proven"));

    for (arguments, expected) in [
        (&["users", "create", "ANN@b.example"] as &[&str], "has an account already"),
        (&["users", "create", "nobody"], "is not an email address"),
        (&["users", "promote", "eve@b.example"], "nobody has an account with the address"),
        (&["users", "demote", "ann@b.example"], "--last-admin"),
        (&["users", "reset-password", "eve@b.example"], "nobody has an account with the address"),
    ] {
        let (succeeded, _, error) = admin(&world, arguments).await;
        assert!(
            !succeeded && error.contains(expected) && error.lines().count() == 1,
            "{arguments:?} {error}"
        );
    }
    assert!(admin(&world, &["users", "demote", "ann@b.example", "--last-admin"]).await.0);
    assert_eq!(world.number(ADMINS).await, 0);
}

#[tokio::test]
async fn the_command_line_manages_invitations() {
    let world = World::with(&[("METAADS_REGISTRATION", "invite")]).await;
    world.advance_to_real_time();
    let (succeeded, link, _) = admin(&world, &["invitations", "create", "--email", "ann@b.example"]).await;
    assert!(succeeded);
    assert_eq!(world.browser().get(path(&world, &link)).await.status, 200);
    let made = admin_json(&world, &["invitations", "create", "--email", "ben@b.example", "--json"]).await;
    let listed = admin_json(&world, &["invitations", "list", "--json"]).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    assert_eq!(listed["data"][0]["id"], made["id"]);
    assert!(admin(&world, &["invitations", "withdraw", made["id"].as_str().unwrap()]).await.0);
    assert!(admin(&world, &["invitations", "withdraw", "--email", "ann@b.example", "--json"]).await.0);
    assert_eq!(world.browser().get(path(&world, &link)).await.status, 410);
    assert!(!admin(&world, &["invitations", "withdraw", "ann@b.example"]).await.0);
    assert!(
        admin_json(&world, &["invitations", "list", "--json"]).await["data"].as_array().unwrap().is_empty()
    );
}
