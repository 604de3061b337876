//! User accounts: registration, sign-in, sessions, passwords, deletion.

use metaads_sandbox::{Answer, Endpoint, Persona};

use crate::browser::PASSWORD;
use crate::world::{World, days, minutes};

#[tokio::test]
async fn signing_in_returns_to_the_requested_page() {
    let world = World::new().await;
    world.user("lena@b.example").await;
    let browser = world.browser();
    let response = browser.get("/settings").await;
    assert_eq!((response.status, response.location.as_str()), (303, "/login?next=%2Fsettings"));
    let fields = [("email", " LENA@b.example "), ("password", PASSWORD), ("next", "/settings")];
    assert_eq!(browser.post("/login", &fields).await.location, "/settings");
    assert_eq!(browser.get("/settings").await.title(), "Settings");
    assert_eq!(browser.post("/logout", &[]).await.location, "/");
    assert_eq!(browser.get("/dashboard").await.status, 303);
}

#[tokio::test]
async fn registration_errors_appear_beside_their_field() {
    let world = World::new().await;
    let browser = world.browser();
    for (email, password, expected) in [
        ("nobody", PASSWORD, "Enter an email address"),
        ("a@b.example", "short", "Use at least 10 characters."),
        ("a@b.example", "password123", "attackers try first"),
        ("lena.marsh@b.example", "Lena.Marsh99", "too close to your email"),
    ] {
        let response = browser.post("/register", &[("email", email), ("password", password)]).await;
        assert_eq!(response.status, 422, "{email}");
        assert!(
            response.has(expected) && response.has(&format!("value=\"{email}\"")),
            "{expected}: {}",
            response.text
        );
        assert!(!response.has(password), "{expected}");
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM users").await, 0);
    // Any script is accepted.
    let unicode = "пароль из слов 🔑";
    assert_eq!(
        browser.post("/register", &[("email", "a@b.example"), ("password", unicode)]).await.status,
        303
    );
    assert_eq!(world.browser().login("a@b.example", unicode).await.status, 303);
    let taken = world.browser().post("/register", &[("email", "A@B.example"), ("password", PASSWORD)]).await;
    assert!(taken.status == 422 && taken.has("already has an account"));
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_get_the_same_answer() {
    let world = World::new().await;
    world.user("known@b.example").await;
    let wrong = world.browser().login("known@b.example", "not the password").await;
    let unknown = world.browser().login("nobody@b.example", "not the password").await;
    assert_eq!((wrong.status, unknown.status), (422, 422));
    assert_eq!(wrong.text.replace("known@", "x@"), unknown.text.replace("nobody@", "x@"));
}

#[tokio::test]
async fn password_guessing_is_rate_limited_but_the_owner_can_sign_in() {
    let world = World::new().await;
    let owner = world.user("owner@b.example").await;
    owner.post("/logout", &[]).await;
    let guesser = world.browser();
    for _ in 0..10 {
        assert_eq!(guesser.login("owner@b.example", "a wrong guess").await.status, 422);
    }
    // The right password no longer works for the guesser either.
    assert_eq!(guesser.login("owner@b.example", PASSWORD).await.status, 429);
    // The owner's browser is a known device.
    assert_eq!(owner.login("owner@b.example", PASSWORD).await.status, 303);
    world.advance(minutes(16));
    assert_eq!(guesser.login("owner@b.example", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn one_ip_address_cannot_guess_on_many_accounts() {
    let world = World::new().await;
    let browser = world.browser();
    for number in 0..60 {
        assert_eq!(browser.login(&format!("{number}@b.example"), "a wrong guess").await.status, 422);
    }
    assert_eq!(browser.login("61@b.example", "a wrong guess").await.status, 429);
}

#[tokio::test]
async fn a_session_ends_after_14_idle_days_and_after_60_days_at_most() {
    let world = World::new().await;
    let idle = world.user("idle@b.example").await;
    world.advance(days(13));
    assert_eq!(idle.get("/dashboard").await.status, 200);
    world.advance(days(15));
    assert_eq!(idle.get("/dashboard").await.status, 303);
    let busy = world.user("busy@b.example").await;
    for _ in 0..5 {
        world.advance(days(11));
        assert_eq!(busy.get("/dashboard").await.status, 200);
    }
    world.advance(days(6));
    assert_eq!(busy.get("/dashboard").await.status, 303);
    metaads::worker::sweep(&world.app).await.unwrap();
    assert_eq!(world.number("SELECT COUNT(*) FROM sessions").await, 0);
}

#[tokio::test]
async fn signing_in_replaces_the_session() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let cookie = |response: &crate::browser::Response| {
        let set =
            response.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned());
        set.into_iter().find(|cookie| cookie.starts_with("metaads_session=")).unwrap()
    };
    let first = cookie(&browser.login("a@b.example", PASSWORD).await);
    let second = cookie(&browser.login("a@b.example", PASSWORD).await);
    assert_ne!(first, second);
    assert!(
        first.contains("HttpOnly") && first.contains("SameSite=Lax") && first.contains("Path=/"),
        "{first}"
    );
    assert_eq!(world.number("SELECT COUNT(*) FROM sessions").await, 1);
}

#[tokio::test]
async fn over_https_cookies_are_secure_and_bound_to_the_host() {
    let world = World::with(&[("PUBLIC_URL", "https://ads.example")]).await;
    let headers = [("host", "ads.example"), ("sec-fetch-site", "same-origin")];
    let fields = [("email", "a@b.example"), ("password", PASSWORD)];
    let response = world.browser().post_with("/register", &fields, &headers).await;
    let cookie = response.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-metaads_session=") && cookie.contains("; Secure"), "{cookie}");
    assert!(response.headers.contains_key("strict-transport-security"));
}

#[tokio::test]
async fn sessions_are_listed_and_can_be_ended_one_by_one_or_all_others() {
    let world = World::new().await;
    let here = world.user("a@b.example").await;
    let (second, third) = (world.browser(), world.browser());
    second.login("a@b.example", PASSWORD).await;
    third.login("a@b.example", PASSWORD).await;
    let page = here.get("/settings").await;
    assert_eq!(page.text.matches("/end\"").count(), 2, "{}", page.text);
    let path = page.text.split("action=\"").find(|part| part.contains("/end\"")).unwrap();
    assert_eq!(here.post(path.split('"').next().unwrap(), &[]).await.status, 303);
    assert_eq!(here.post("/settings/sessions/end-others", &[]).await.status, 303);
    assert_eq!((second.get("/settings").await.status, third.get("/settings").await.status), (303, 303));
    assert_eq!(here.get("/settings").await.status, 200);
    // Another user's session does not exist for this user.
    let stranger = world.user("s@b.example").await;
    assert_eq!(stranger.post(path.split('"').next().unwrap(), &[]).await.status, 404);
}

#[tokio::test]
async fn changing_the_password_ends_other_sessions() {
    let world = World::new().await;
    let here = world.user("a@b.example").await;
    let second = world.browser();
    second.login("a@b.example", PASSWORD).await;
    let wrong =
        here.post("/settings/password", &[("old", "wrong"), ("new", "entirely different words")]).await;
    assert!(wrong.status == 422 && wrong.has("That is not your password."));
    let changed =
        here.post("/settings/password", &[("old", PASSWORD), ("new", "entirely different words")]).await;
    assert_eq!(changed.location, "/settings?notice=password");
    assert_eq!((here.get("/settings").await.status, second.get("/settings").await.status), (200, 303));
    assert_eq!(world.browser().login("a@b.example", PASSWORD).await.status, 422);
    assert_eq!(world.browser().login("a@b.example", "entirely different words").await.status, 303);
}

#[tokio::test]
async fn deleting_the_account_revokes_the_grant_and_leaves_no_rows() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let wrong = browser.post("/settings/delete", &[("password", "wrong")]).await;
    assert!(wrong.status == 422 && wrong.has("That is not your password."));
    let fields = [("password", PASSWORD), ("last_admin", "1")];
    assert_eq!(browser.post("/settings/delete", &fields).await.location, "/");
    for table in [
        "users",
        "sessions",
        "known_devices",
        "authorizations",
        "meta_connections",
        "meta_ad_accounts",
        "meta_businesses",
        "meta_pages",
        "meta_instagram_accounts",
        "audit_log",
    ] {
        assert_eq!(world.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    assert_eq!(browser.get("/dashboard").await.status, 303);
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::RevokePermissions), 1);
    assert!(world.meta.grant(Persona::SoleTrader.user_id()).is_none());
}

#[tokio::test]
async fn registration_can_be_closed() {
    let world = World::with(&[("METAADS_REGISTRATION", "closed")]).await;
    let browser = world.browser();
    assert!(browser.get("/register").await.has("Registration is closed here."));
    let response = browser.post("/register", &[("email", "a@b.example"), ("password", PASSWORD)]).await;
    assert_eq!(response.status, 403);
    assert_eq!(world.number("SELECT COUNT(*) FROM users").await, 0);
}

#[tokio::test]
async fn a_request_to_another_host_name_is_redirected() {
    let world = World::new().await;
    let browser = world.browser();
    let response = browser.get_with("/login?next=/settings", &[("host", "localhost:9")]).await;
    assert_eq!((response.status, response.location), (307, format!("{}/login?next=/settings", world.base)));
    // A proxy that keeps rewriting the host must not cause a redirect loop.
    let again = browser.get_with("/login", &[("host", "localhost:9")]).await;
    assert_eq!(again.status, 200);
    assert_eq!(world.browser().get_with("/healthz", &[("host", "10.0.0.7")]).await.status, 200);
}

#[tokio::test]
async fn a_forged_x_forwarded_for_does_not_evade_the_rate_limit() {
    let world = World::new().await;
    let browser = world.browser();
    let mut statuses = Vec::new();
    for number in 0..25 {
        // Only the last address counts, which the proxy appended.
        let forwarded = format!("198.51.100.{number}, 9.9.9.9:4711");
        let headers = [("sec-fetch-site", "same-origin"), ("x-forwarded-for", forwarded.as_str())];
        let email = format!("{number}@b.example");
        let fields = [("email", email.as_str()), ("password", PASSWORD)];
        statuses.push(browser.post_with("/register", &fields, &headers).await.status);
    }
    assert_eq!((statuses[19], statuses[20]), (303, 429));
}

#[tokio::test]
async fn changing_the_password_keeps_the_device_known() {
    let world = World::new().await;
    let owner = world.user("owner@b.example").await;
    owner.post("/settings/password", &[("old", PASSWORD), ("new", "entirely different words")]).await;
    owner.post("/logout", &[]).await;
    for _ in 0..10 {
        world.browser().login("owner@b.example", "a wrong guess").await;
    }
    assert_eq!(owner.login("owner@b.example", "entirely different words").await.status, 303);
}

#[tokio::test]
async fn a_post_to_a_foreign_host_name_is_refused() {
    let world = World::new().await;
    let browser = world.browser();
    let headers = [
        ("host", "evil.example"),
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "same-origin"),
        ("x-forwarded-host", "127.0.0.1"),
    ];
    let fields = [("email", "a@b.example"), ("password", PASSWORD)];
    assert_eq!(browser.post_with("/register", &fields, &headers).await.status, 421);
    assert_eq!(world.number("SELECT COUNT(*) FROM users").await, 0);
    // Another name of this machine is redirected, and the browser repeats the POST.
    let response = browser.post_with("/register", &fields, &[("host", "localhost:9")]).await;
    assert_eq!((response.status, response.location), (307, format!("{}/register", world.base)));
}
