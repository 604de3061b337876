//! Clients that connect and do nothing, or hardly anything.

use std::time::Duration;

use metaads::listen::limits::Limits;
use tokio::io::AsyncWriteExt as _;

use crate::bounds::{Bounded, Raw, SOON, answer, get, host, status};
use crate::world::World;

fn quick() -> Limits {
    let short = Duration::from_millis(200);
    Limits { head: short, idle: short, response: short, ..Limits::default() }
}

fn few() -> Limits {
    Limits { connections: 4, ..Limits::default() }
}

#[tokio::test]
async fn a_client_that_sends_nothing_or_half_a_head_is_cut_off() {
    let world = World::new().await;
    let service = Bounded::start(&world, quick()).await;
    assert_eq!(Raw::to(service.address).await.rest().await, "");
    assert_eq!(answer(service.address, "G").await, "");
    assert_eq!(answer(service.address, "GET /login HTTP/1.1\r\nhost: x\r\nx-a: ").await, "");
    assert_eq!(answer(service.address, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await, "", "no HTTP/2");
}

#[tokio::test]
async fn a_head_that_trickles_gains_no_time() {
    let world = World::new().await;
    let service = Bounded::start(&world, quick()).await;
    let mut raw = Raw::to(service.address).await;
    let mut pace = tokio::time::interval(Duration::from_millis(5));
    let trickle = async {
        while raw.0.write_all(b"x").await.is_ok() {
            pace.tick().await;
        }
    };
    tokio::time::timeout(SOON, trickle).await.expect("cut off");
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_last_answer() {
    let world = World::new().await;
    let service = Bounded::start(&world, quick()).await;
    let host = host(&world);
    let seen = answer(service.address, &format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\n\r\n")).await;
    assert!(seen.ends_with("ok\n"), "{seen}");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let world = World::new().await;
    let service = Bounded::start(&world, quick()).await;
    let login = world.browser().get("/login").await.text;
    let style = login.split("href=\"").find(|part| part.starts_with("/assets/app.")).unwrap();
    let style = style.split('"').next().unwrap();
    let mut raw = Raw::to(service.address).await;
    let request = format!("GET {style} HTTP/1.1\r\nhost: {}\r\n\r\n", host(&world));
    let send = async { while raw.0.write_all(request.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(SOON, send).await.expect("cut off");
}

#[tokio::test]
async fn clients_that_only_wait_make_room_for_one_that_asks() {
    let world = World::new().await;
    let service = Bounded::start(&world, few()).await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(Raw::to(service.address).await);
    }
    let seen = answer(service.address, &get(&world, "/login")).await;
    assert_eq!(status(&seen), 200);
    // Bodies that do not arrive hold nothing either.
    let mut trickled = Vec::new();
    for _ in 0..200 {
        let mut raw = Raw::to(service.address).await;
        let host = host(&world);
        raw.send(&format!("POST /login HTTP/1.1\r\nhost: {host}\r\ncontent-length: 100\r\n\r\ne")).await;
        trickled.push(raw);
    }
    let seen = answer(service.address, &get(&world, "/login")).await;
    assert_eq!(status(&seen), 200);
}

#[tokio::test]
async fn the_stop_signal_is_heard_while_the_service_is_full() {
    let world = World::new().await;
    let service = Bounded::start(&world, few()).await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(Raw::to(service.address).await);
    }
    assert!(service.stop().await < SOON);
}
