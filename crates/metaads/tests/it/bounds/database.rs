//! A database that is down is said to be down, soon.

use std::time::{Duration, Instant};

use sqlx::Connection as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::browser::Browser;
use crate::world::World;

/// Asserts that pages and programs learn within two seconds that the database does not answer, and probes within one.
async fn assert_said_soon(browser: &Browser) {
    let started = Instant::now();
    let seen = browser.get("/readyz").await;
    assert_eq!(seen.status, 503, "{}", seen.text);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    for path in ["/dashboard", "/", "/api/v1/connections"] {
        let started = Instant::now();
        let seen = browser.get(path).await;
        assert_eq!(seen.status, 503, "{path} {}", seen.text);
        assert!(started.elapsed() < Duration::from_secs(2), "{path} {:?}", started.elapsed());
    }
    assert_eq!(browser.get("/healthz").await.status, 200);
}

/// What the relay does with connections to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relay {
    Passes,
    /// Accepts, and says nothing more.
    Hangs,
    /// Closes what is open, and refuses further ones.
    Refuses,
}

/// A relay in front of PostgreSQL. Returns its port.
async fn relay(database: &str, mode: watch::Receiver<Relay>) -> u16 {
    let target = url::Url::parse(database).unwrap();
    let target = (target.host_str().unwrap().to_owned(), target.port().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            tokio::spawn(pass(client, target.clone(), mode.clone()));
        }
    });
    port
}

async fn pass(mut client: TcpStream, target: (String, u16), mut mode: watch::Receiver<Relay>) {
    let mut server = TcpStream::connect(target).await.unwrap();
    loop {
        let now = *mode.borrow_and_update();
        match now {
            Relay::Passes => tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
                _ = mode.changed() => {}
            },
            Relay::Hangs => {
                let _ = mode.changed().await;
            }
            Relay::Refuses => return,
        }
    }
}

#[tokio::test]
async fn a_postgresql_that_hangs_or_is_gone_is_said_to_be_down_within_two_seconds() {
    let mut world = World::new().await;
    if world.is_sqlite() {
        return;
    }
    let (mode, modes) = watch::channel(Relay::Passes);
    let port = relay(&world.database_url, modes).await;
    let mut relayed = url::Url::parse(&world.database_url).unwrap();
    relayed.set_host(Some("127.0.0.1")).unwrap();
    relayed.set_port(Some(port)).unwrap();
    world.restart_with(&[("DATABASE_URL", relayed.as_str())]).await;
    let browser = world.user("a@b.example").await;
    for down in [Relay::Hangs, Relay::Refuses] {
        mode.send(down).unwrap();
        assert_said_soon(&browser).await;
        mode.send(Relay::Passes).unwrap();
        while browser.get("/readyz").await.status != 200 {}
        assert_eq!(browser.get("/dashboard").await.status, 200);
    }
}

#[tokio::test]
async fn a_sqlite_file_that_another_process_locks_is_said_to_be_down_within_two_seconds() {
    let world = World::new().await;
    if !world.is_sqlite() {
        return;
    }
    let browser = world.user("a@b.example").await;
    let mut other = sqlx::SqliteConnection::connect(&world.database_url).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let started = Instant::now();
    assert_eq!(browser.get("/readyz").await.status, 503);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    let started = Instant::now();
    assert_eq!(browser.post("/connect/meta", &[]).await.status, 503);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(browser.get("/readyz").await.status, 200);
}
