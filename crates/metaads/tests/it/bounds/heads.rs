//! What the head of a request may be.

use crate::bounds::{address, answer, host, status};
use crate::world::World;

async fn ask(world: &World, head: &str) -> u16 {
    status(&answer(address(world), &format!("{head}connection: close\r\n\r\n")).await)
}

#[tokio::test]
async fn a_request_names_exactly_one_host() {
    let world = World::new().await;
    let own = host(&world);
    for path in ["/login", "/healthz", "/api/v1/connections", "/hooks/meta/events", "/assets/none", "/none"] {
        let get = format!("GET {path} HTTP/1.1\r\n");
        for hosts in [
            format!("host: {own}\r\nhost: evil.test\r\n"),
            format!("host: evil.test\r\nHost: {own}\r\n"),
            format!("host: {own}\r\nhost: {own}\r\n"),
            String::new(),
            "host: \r\n".to_owned(),
            format!("host: {own},evil.test\r\n"),
            format!("host: me@{own}\r\n"),
            format!("host: {own}/x\r\n"),
            "host: a b\r\n".to_owned(),
        ] {
            assert_eq!(ask(&world, &format!("{get}{hosts}")).await, 400, "{path} {hosts:?}");
        }
    }
    assert_eq!(ask(&world, &format!("GET /login HTTP/1.1\r\nhost: {own}\r\n")).await, 200);
    // A load balancer's probe.
    assert_eq!(ask(&world, "GET /healthz HTTP/1.0\r\n").await, 200);
}

#[tokio::test]
async fn the_address_of_another_site_is_no_target() {
    let world = World::new().await;
    let own = host(&world);
    for path in ["/login", "/healthz", "/hooks/meta/events", "/assets/none"] {
        for (method, target, host, expected) in [
            ("GET", "http://evil.test", own.as_str(), 421),
            ("GET", "https://evil.test", own.as_str(), 421),
            ("GET", "http://evil.test", "evil.test", 421),
            ("POST", "http://evil.test", own.as_str(), 421),
            ("GET", &world.base, "evil.test", 400),
        ] {
            let head = format!("{method} {target}{path} HTTP/1.1\r\nhost: {host}\r\n");
            assert_eq!(ask(&world, &head).await, expected, "{head}");
        }
    }
    let head = format!("GET {}/login HTTP/1.1\r\nhost: {own}\r\n", world.base);
    assert_eq!(ask(&world, &head).await, 200);
    let head = format!("GET http://me@{own}/login HTTP/1.1\r\nhost: {own}\r\n");
    assert_eq!(ask(&world, &head).await, 400);
    let seen = ask(&world, &format!("CONNECT evil.test:443 HTTP/1.1\r\nhost: {own}\r\n")).await;
    assert!((400..500).contains(&seen), "{seen}");
}

#[tokio::test]
async fn a_head_above_32_kb_is_refused() {
    let world = World::new().await;
    let own = host(&world);
    let long = "x".repeat(33 * 1024);
    let many = "x-a: 12345678901234567890123456789012345678901234567890\r\n".repeat(700);
    for header in [format!("x-long: {long}\r\n"), format!("cookie: a={long}\r\n"), many] {
        let seen = ask(&world, &format!("GET /login HTTP/1.1\r\nhost: {own}\r\n{header}")).await;
        assert_eq!(seen, 431, "{}", &header[..20]);
    }
    let seen = ask(&world, &format!("GET /login?q={long} HTTP/1.1\r\nhost: {own}\r\n")).await;
    assert!(matches!(seen, 414 | 431), "{seen}");
    let long = "x".repeat(20 * 1024);
    assert_eq!(ask(&world, &format!("GET /login HTTP/1.1\r\nhost: {own}\r\nx-long: {long}\r\n")).await, 200);
}

#[tokio::test]
async fn a_way_back_above_2_kb_is_refused_and_never_repeated() {
    let world = World::new().await;
    let browser = world.browser();
    let long = format!("/connections/{}", "x".repeat(2_100));
    for page in ["/login", "/register"] {
        let seen = browser.get(&format!("{page}?next={long}")).await;
        assert_eq!(seen.status, 414);
        assert!(!seen.has("xxxxxxxxxx"));
        let form = [("email", "a@b.example"), ("password", "three odd words here"), ("next", long.as_str())];
        assert_eq!(browser.post(page, &form).await.status, 414);
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM users").await, 0);
    let seen = browser.get(&format!("/dashboard?show={long}")).await;
    assert_eq!((seen.status, seen.location.as_str()), (303, "/login?next=%2Fdashboard"));
    let near = format!("/connections/{}", "x".repeat(2_000));
    assert_eq!(browser.get(&format!("/login?next={near}")).await.status, 200);
}
