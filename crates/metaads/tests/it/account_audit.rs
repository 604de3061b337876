//! The audit trail of accounts, recent sign-ins, throttles, and proxies.

use std::net::SocketAddr;

use argon2::{Argon2, Params, PasswordHasher as _};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use metaads::accounts::admins;
use metaads::{routes, worker};
use metaads_store::LastAdmin;
use tower::ServiceExt as _;

use crate::browser::{Browser, PASSWORD};
use crate::world::{World, days, hours, minutes};

const NFC: &str = "gr\u{fc}ner s\u{e9}same \u{e5}ngstr\u{f6}m";
const NFD: &str = "gru\u{308}ner se\u{301}same a\u{30a}ngstro\u{308}m";

async fn count(world: &World, action: &str) -> i64 {
    world.number(&format!("SELECT COUNT(*) FROM account_events WHERE action = '{action}'")).await
}

#[tokio::test]
async fn what_happens_to_an_account_is_recorded_with_who_and_from_where() {
    let world = World::new().await;
    let browser = world.browser();
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let headers =
        [("sec-fetch-site", "same-origin"), ("user-agent", agent), ("x-forwarded-for", "198.51.100.7")];
    let (wrong, right) =
        ([("email", "a@b.example"), ("password", "x")], [("email", "a@b.example"), ("password", PASSWORD)]);
    browser.post_with("/register", &right, &headers).await;
    browser.post_with("/login", &wrong, &headers).await;
    browser.post_with("/login", &right, &headers).await;
    world.browser().post_with("/login", &right, &headers).await;
    browser.post_with("/settings/sessions/end-others", &[], &headers).await;
    let change = [("old", PASSWORD), ("new", "entirely different words")];
    browser.post_with("/settings/password", &change, &headers).await;
    browser.post_with("/settings/password", &change, &headers).await;
    for action in [
        "registered",
        "sign_in_failed",
        "signed_in",
        "other_sessions_ended",
        "password_changed",
        "password_check_failed",
    ] {
        let from = format!(
            "SELECT COUNT(*) FROM account_events WHERE action = '{action}' AND address = '198.51.100.7'
             AND user_agent LIKE '%Firefox%' AND user_id IS NOT NULL"
        );
        assert!(world.number(&from).await > 0, "{action}");
    }
    let page = browser.get("/settings").await;
    for line in ["Recent activity", "Password changed", "Sign-in failed", "Firefox on Linux, 198.51.100.7"] {
        assert!(page.has(line), "{line}: {}", page.text);
    }
    // Nobody sees what happened to others.
    let other = world.user("other@b.example").await;
    assert!(!other.get("/settings").await.has("198.51.100.7"));
    // Admins do.
    let page = other.get("/admin").await;
    assert!(
        page.has("Account activity") && page.has("a@b.example") && page.has("Became an admin"),
        "{}",
        page.text
    );
    let long = "x".repeat(5_000);
    world
        .browser()
        .post_with("/login", &change, &[("user-agent", &long), ("sec-fetch-site", "same-origin")])
        .await;
    assert!(world.number("SELECT CAST(MAX(LENGTH(user_agent)) AS BIGINT) FROM account_events").await <= 160);
}

#[tokio::test]
async fn deleting_an_account_is_recorded_and_nothing_else_of_it_is_kept() {
    let world = World::new().await;
    world.user("admin@b.example").await;
    let browser = world.user("a@b.example").await;
    browser.post("/settings/delete", &[("password", "wrong")]).await;
    assert_eq!(browser.post("/settings/delete", &[("password", PASSWORD)]).await.location, "/");
    assert_eq!(count(&world, "account_deleted").await, 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM account_events WHERE action = 'account_deleted' AND address <> '' AND user_id IS NULL").await, 1);
    let owned = "SELECT COUNT(*) FROM account_events e WHERE e.user_id IS NOT NULL AND e.user_id NOT IN (SELECT id FROM users)";
    assert_eq!(world.number(owned).await, 0);
    assert_eq!(
        count(&world, "password_check_failed").await,
        0,
        "events of the user are deleted with the user"
    );
}

#[tokio::test]
async fn the_operators_actions_are_recorded() {
    let world = World::new().await;
    let admin = world.user("admin@b.example").await;
    admins::create_user(&world.app, "a@b.example", admins::Role::User).await.unwrap();
    admins::promote(&world.app, "a@b.example").await.unwrap();
    admins::demote(&world.app, "a@b.example", LastAdmin::Keep).await.unwrap();
    admins::reset_password(&world.app, "a@b.example").await.unwrap();
    admins::invite(&world.app, "b@b.example").await.unwrap();
    admins::withdraw_invitation(&world.app, "b@b.example").await.unwrap();
    admin.post("/admin/events/replay", &[("hours", "1")]).await;
    admin.post("/admin/deletions", &[("user_ids", "123")]).await;
    for action in ["created", "demoted", "reset_link_made", "invitation_made", "invitation_withdrawn"] {
        let by_operator =
            format!("SELECT COUNT(*) FROM account_events WHERE action = '{action}' AND actor = 'operator'");
        assert_eq!(world.number(&by_operator).await, 1, "{action}");
    }
    for action in ["webhook_events_replayed", "deletions_imported"] {
        let by_admin = format!(
            "SELECT COUNT(*) FROM account_events e JOIN users u ON u.id = e.actor
             WHERE e.action = '{action}' AND u.email_key = 'admin@b.example' AND e.address <> ''"
        );
        assert_eq!(world.number(&by_admin).await, 1, "{action}");
    }
    world.run_due_jobs().await;
}

#[tokio::test]
async fn throttled_attempts_write_nothing_and_are_recorded_once() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let guesser = world.browser();
    for _ in 0..11 {
        guesser.login("a@b.example", "a wrong guess").await;
    }
    assert_eq!((count(&world, "sign_in_failed").await, count(&world, "sign_in_throttled").await), (1, 1));
    assert_eq!(world.number("SELECT times FROM account_events WHERE action = 'sign_in_failed'").await, 10);
    let state = "SELECT CAST(SUM(times) AS BIGINT) FROM account_events";
    // The first twelve attempts also counted for the address.
    let of_account = "SELECT hits FROM rate_limits WHERE bucket LIKE 'sign-in:%'";
    let before = (world.number(state).await, world.number(of_account).await);
    for _ in 0..20 {
        assert_eq!(guesser.login("a@b.example", PASSWORD).await.status, 429);
    }
    assert_eq!((world.number(state).await, world.number(of_account).await), before);
    for _ in 0..40 {
        guesser.login("b@b.example", "a wrong guess").await;
    }
    let hits = world.number("SELECT CAST(SUM(hits) AS BIGINT) FROM rate_limits").await;
    for _ in 0..20 {
        assert_eq!(guesser.login("c@b.example", PASSWORD).await.status, 429);
    }
    assert_eq!(world.number("SELECT CAST(SUM(hits) AS BIGINT) FROM rate_limits").await, hits);
    world.advance(minutes(16));
    assert_eq!(guesser.login("a@b.example", PASSWORD).await.status, 303);
    for number in 0..22 {
        let email = format!("{number}@c.example");
        guesser.post("/register", &[("email", &email), ("password", PASSWORD)]).await;
    }
    assert_eq!(
        world.number("SELECT times FROM account_events WHERE action = 'registration_throttled'").await,
        1
    );
}

#[tokio::test]
async fn presses_without_effect_add_no_events() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let before = world.number("SELECT COUNT(*) FROM account_events").await;
    for _ in 0..5 {
        browser.post("/settings/sessions/end-others", &[]).await;
        admins::promote(&world.app, "a@b.example").await.unwrap();
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM account_events").await, before);
}

#[tokio::test]
async fn successful_sign_ins_count_too_and_sessions_are_capped() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let mut statuses = Vec::new();
    for _ in 0..31 {
        statuses.push(browser.login("a@b.example", PASSWORD).await.status);
    }
    assert_eq!((statuses[29], statuses[30]), (303, 429));
    assert_eq!(browser.get("/settings").await.status, 200);
    for round in 0..2 {
        world.advance(minutes(16));
        for _ in 0..28 {
            assert_eq!(world.browser().login("a@b.example", PASSWORD).await.status, 303, "{round}");
        }
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM sessions").await, 50);
    assert_eq!(browser.get("/settings").await.status, 303, "the oldest session ended");
}

#[tokio::test]
async fn ending_sessions_needs_a_recent_sign_in() {
    let world = World::new().await;
    let here = world.user("a@b.example").await;
    let second = world.browser();
    second.login("a@b.example", PASSWORD).await;
    world.advance(minutes(11));
    let page = here.get("/settings").await;
    let path = page.text.split("action=\"").find(|part| part.contains("/end\"")).unwrap();
    let path = path.split('"').next().unwrap().to_owned();
    for path in [path.as_str(), "/settings/sessions/end-others"] {
        let asked = here.post(path, &[]).await;
        assert_eq!((asked.status, asked.title().as_str()), (403, "Confirm it’s you"));
        assert!(asked.has(&format!("action=\"{path}\"")), "{}", asked.text);
        let wrong = here.post(path, &[("password", "wrong")]).await;
        assert!(wrong.status == 422 && wrong.has("That is not your password."), "{}", wrong.text);
    }
    assert_eq!(second.get("/settings").await.status, 200);
    assert_eq!(here.post(&path, &[("password", PASSWORD)]).await.location, "/settings?notice=ended");
    assert_eq!(second.get("/settings").await.status, 303);
    // The password was entered a moment ago.
    assert_eq!(here.post("/settings/sessions/end-others", &[]).await.status, 303);
    world.advance(hours(1));
    assert_eq!(here.post("/settings/sessions/end-others", &[]).await.status, 403);
    assert_eq!(here.post("/settings/delete", &[("last_admin", "1")]).await.status, 422);
}

#[tokio::test]
async fn audit_events_are_kept_as_long_as_configured() {
    let mut world = World::with(&[("METAADS_AUDIT_RETENTION", "30d")]).await;
    let (browser, _) = world.connected().await;
    let rows = "SELECT (SELECT COUNT(*) FROM account_events) + (SELECT COUNT(*) FROM audit_log)";
    let before = world.number(rows).await;
    world.advance(days(29));
    worker::sweep(&world.app).await.unwrap();
    assert_eq!(world.number(rows).await, before);
    world.advance(days(1));
    worker::sweep(&world.app).await.unwrap();
    assert_eq!(world.number(rows).await, 0);
    assert_eq!(browser.login("a@b.example", PASSWORD).await.status, 303);
    world.restart_with(&[("METAADS_AUDIT_RETENTION", "1d")]).await;
    world.advance(days(1));
    worker::sweep(&world.app).await.unwrap();
    assert_eq!(world.number(rows).await, 0);
}

#[tokio::test]
async fn a_password_typed_composed_or_decomposed_signs_in() {
    let world = World::new().await;
    for (email, registered, typed) in [("a@b.example", NFC, NFD), ("b@b.example", NFD, NFC)] {
        let browser = world.browser();
        assert_eq!(
            browser.post("/register", &[("email", email), ("password", registered)]).await.status,
            303
        );
        assert_eq!(world.browser().login(email, typed).await.status, 303);
        assert_eq!(world.browser().login(email, registered).await.status, 303);
        let change = [("old", typed), ("new", "entirely different words")];
        assert_eq!(browser.post("/settings/password", &change).await.status, 303);
    }
}

#[tokio::test]
async fn a_hash_of_an_earlier_version_works_and_is_replaced() {
    let world = World::new().await;
    world.user("a@b.example").await;
    // Earlier versions hashed a password as it was typed.
    let weak = Argon2::from(Params::new(8, 1, 1, None).unwrap());
    let old = weak.hash_password(NFD.as_bytes()).unwrap().to_string();
    world.sql(&format!("UPDATE users SET password_hash = '{old}'")).await;
    assert_eq!(world.browser().login("a@b.example", "gruner sesame").await.status, 422);
    assert_eq!(world.browser().login("a@b.example", NFD).await.status, 303);
    assert_eq!(world.number(&format!("SELECT COUNT(*) FROM users WHERE password_hash = '{old}'")).await, 0);
    assert_eq!(world.browser().login("a@b.example", NFC).await.status, 303);
}

#[tokio::test]
async fn lookalike_addresses_are_one_account() {
    let world = World::new().await;
    world.user("jos\u{e9}@m\u{fc}ller.example").await;
    for alike in [
        "jose\u{301}@m\u{fc}ller.example",
        "JOS\u{c9}@MU\u{308}LLER.example",
        "jos\u{e9}\u{200b}@m\u{fc}ller.example",
        "\u{ff4a}os\u{e9}@xn--mller-kva.example",
    ] {
        let taken = world.browser().post("/register", &[("email", alike), ("password", PASSWORD)]).await;
        assert!(taken.status == 422 && taken.has("already has an account"), "{alike:?}");
        assert_eq!(world.browser().login(alike, PASSWORD).await.status, 303, "{alike:?}");
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM users").await, 1);
}

#[tokio::test]
async fn accounts_of_an_earlier_version_get_the_new_key_and_keep_their_sign_in() {
    let world = World::new().await;
    let (composed, decomposed) = ("jos\u{e9}@b.example", "jose\u{301}@b.example");
    world.browser().register(composed).await;
    world.browser().register("b@b.example").await;
    world.browser().register("c@b.example").await;
    // Earlier, both spellings could have an account.
    world.sql(&format!("UPDATE users SET email = '{decomposed}', email_key = '{decomposed}' WHERE email_key = 'b@b.example'")).await;
    world.sql("UPDATE users SET email = 'STRA\u{df}E@b.example', email_key = 'stra\u{df}e@b.example' WHERE email_key = 'c@b.example'").await;
    world.sql("UPDATE users SET email_key_version = 1").await;
    assert_eq!(admins::update_email_keys(&world.app).await.unwrap().len(), 1);
    assert!(admins::update_email_keys(&world.app).await.unwrap().is_empty());
    let user = async |email: &str| {
        let browser = world.browser();
        assert_eq!(browser.login(email, PASSWORD).await.status, 303, "{email}");
        browser.get("/settings").await.text
    };
    assert!(user(composed).await.contains(composed));
    assert!(user(decomposed).await.contains(decomposed));
    assert!(user("strasse@b.example").await.contains("STRA\u{df}E@b.example"));
    let taken = world.browser().post("/register", &[("email", decomposed), ("password", PASSWORD)]).await;
    assert_eq!(taken.status, 422);
}

#[tokio::test]
async fn trusted_proxies_are_addresses_and_networks_and_an_unnamed_one_is_noticed() {
    let world = World::with(&[("METAADS_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7, 2001:db8::/32")]).await;
    let admin = world.user("a@b.example").await;
    let register = async |peer: &str, email: &str| {
        let body = format!("email={email}&password=three+odd+words+here");
        let request = Request::post("/register")
            .header("host", world.base.strip_prefix("http://").unwrap())
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-forwarded-for", "198.51.100.9")
            .extension(ConnectInfo(peer.parse::<SocketAddr>().unwrap()))
            .body(Body::from(body))
            .unwrap();
        let answer = routes::routes(world.app.clone()).oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 303, "{peer}");
        let address = "SELECT address FROM account_events WHERE action = 'registered' AND user_id =
            (SELECT id FROM users WHERE email_key = 'EMAIL')";
        world.text(&address.replace("EMAIL", email)).await
    };
    for (number, peer) in
        ["10.200.1.2:1", "[::ffff:10.9.9.9]:1", "192.0.2.7:1", "[2001:db8:7::1]:1"].iter().enumerate()
    {
        assert_eq!(register(peer, &format!("{number}@b.example")).await, "198.51.100.9", "{peer}");
    }
    assert!(!admin.get("/admin").await.has("unnamed proxy"));
    assert_eq!(register("172.17.0.1:1", "x@b.example").await, "172.17.0.1");
    assert_eq!(register("172.17.0.1:1", "y@b.example").await, "172.17.0.1");
    let page = admin.get("/admin").await;
    assert!(
        page.has("unnamed proxy") && page.has("172.17.0.1") && page.has("METAADS_TRUSTED_PROXIES"),
        "{}",
        page.text
    );
    assert_eq!(world.number("SELECT times FROM operator_notices WHERE code = 'untrusted_proxy'").await, 1);
    world.advance(hours(2));
    register("172.17.0.1:1", "z@b.example").await;
    assert_eq!(world.number("SELECT times FROM operator_notices WHERE code = 'untrusted_proxy'").await, 2);
}

#[tokio::test]
async fn only_pages_that_come_back_from_the_dialog_keep_their_opener() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let policy = async |browser: &Browser, path: &str| {
        browser.get(path).await.headers["cross-origin-opener-policy"].to_str().unwrap().to_owned()
    };
    for path in [
        "/settings?window=popup",
        "/login?x=window=popup",
        "/nowhere/callback",
        "/admin?window=popup#/callback",
        "/connect/attempts/00000000-0000-7000-8000-000000000001?window=popup",
        "/help/errors/callback",
    ] {
        assert_eq!(policy(&browser, path).await, "same-origin-allow-popups", "{path}");
    }
    for path in ["/connect/meta/callback?state=x&code=y", "/connect/instagram/callback?state=x"] {
        assert_eq!(policy(&browser, path).await, "unsafe-none", "{path}");
        assert_eq!(browser.get(path).await.headers["referrer-policy"], "no-referrer", "{path}");
    }
    for (display, expected) in [("popup", "unsafe-none"), ("page", "same-origin-allow-popups")] {
        world.advance(minutes(1));
        browser.start_connect(&[("display", display)]).await;
        let id = world.text("SELECT id FROM authorizations ORDER BY id DESC LIMIT 1").await;
        for query in ["", "?window=popup"] {
            assert_eq!(
                policy(&browser, &format!("/connect/attempts/{id}{query}")).await,
                expected,
                "{display}"
            );
        }
    }
}
