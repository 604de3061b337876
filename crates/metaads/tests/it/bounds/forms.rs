//! What a form may be.

use std::time::Instant;

use crate::bounds::{Raw, SOON, address, host, status};
use crate::world::World;

const FORM: &str = "content-type: application/x-www-form-urlencoded\r\nsec-fetch-site: same-origin\r\n";
const FORMS: [&str; 3] = ["/login", "/register", "/connect/meta"];

#[tokio::test]
async fn a_form_that_announces_megabytes_is_refused_before_it_is_sent() {
    let world = World::new().await;
    for path in FORMS {
        let mut raw = Raw::to(address(&world)).await;
        raw.send(&format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\n{FORM}content-length: 10485760\r\n\r\nemail=",
            host(&world)
        ))
        .await;
        let started = Instant::now();
        let expected = if path == "/connect/meta" { 303 } else { 413 };
        assert_eq!(status(&raw.head().await), expected, "{path}");
        assert!(started.elapsed() < SOON);
    }
}

#[tokio::test]
async fn a_form_without_an_announced_length_is_refused_at_its_limit() {
    let world = World::new().await;
    let mut raw = Raw::to(address(&world)).await;
    let host = host(&world);
    raw.send(&format!("POST /login HTTP/1.1\r\nhost: {host}\r\n{FORM}transfer-encoding: chunked\r\n\r\n"))
        .await;
    for _ in 0..9 {
        raw.send(&format!("400\r\n{}\r\n", "x".repeat(1024))).await;
    }
    assert_eq!(status(&raw.head().await), 413);
}

#[tokio::test]
async fn a_client_that_sends_ten_megabytes_all_the_same_reads_the_answer() {
    let world = World::new().await;
    let seen = world.browser().post("/login", &[("email", &"x".repeat(10 * 1024 * 1024))]).await;
    assert_eq!(seen.status, 413);
}

#[tokio::test]
async fn a_form_has_few_fields_unless_many_are_its_purpose() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let many: Vec<(&str, &str)> = (0..51).map(|_| ("a", "1")).collect();
    assert_eq!(browser.post("/settings/theme", &many).await.status, 413);
    assert_ne!(browser.post("/settings/theme", &many[..50]).await.status, 413);
    let accounts = browser.ad_accounts(&id, "").await;
    let account = accounts[0]["account_id"].as_str().unwrap();
    let selection: Vec<(&str, &str)> = (0..10_000).map(|_| ("account_id", account)).collect();
    let assets = format!("/connections/{id}/assets");
    assert_eq!(browser.post(&assets, &selection).await.status, 303);
    let selection: Vec<(&str, &str)> = (0..20_101).map(|_| ("a", "1")).collect();
    assert_eq!(browser.post(&assets, &selection).await.status, 413);
    let long = "1".repeat(100);
    assert_eq!(browser.post(&assets, &[("account_id", long.as_str())]).await.status, 413);
}

#[tokio::test]
async fn a_list_of_a_thousand_ids_may_be_pasted() {
    let world = World::new().await;
    let admin = world.user("a@b.example").await;
    let ids: Vec<String> =
        (0..1_000).map(|number| format!("{}", 12_345_678_901_234_567_u64 + number)).collect();
    let seen = admin.post("/admin/deletions", &[("user_ids", &ids.join("\r\n"))]).await;
    assert_eq!(seen.status, 303, "{}", seen.text);
    let seen = admin.post("/admin/deletions", &[("user_ids", &"1 ".repeat(200_000))]).await;
    assert_eq!(seen.status, 413);
    world.run_due_jobs().await;
}
