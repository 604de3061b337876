//! Calls that claim to come from Meta.

use tokio::io::AsyncWriteExt as _;

use crate::bounds::{Raw, address, answer, host, status};
use crate::world::World;

fn event(world: &World, headers: &str) -> String {
    format!("POST /hooks/meta/events HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}\r\n", host(world))
}

fn forged() -> String {
    format!("x-hub-signature-256: sha256={}\r\n", "0".repeat(64))
}

#[tokio::test]
async fn a_body_without_a_signature_is_not_read() {
    let world = World::new().await;
    for signature in ["", "x-hub-signature-256: sha256=abc\r\n", "x-hub-signature-256: sha1=abc\r\n"] {
        let mut raw = Raw::to(address(&world)).await;
        raw.send(&event(&world, &format!("{signature}content-length: 1000000\r\n"))).await;
        assert_eq!(status(&raw.head().await), 401);
    }
    let seen = answer(address(&world), &event(&world, "content-length: 4200000\r\n")).await;
    assert_eq!(status(&seen), 413);
}

#[tokio::test]
async fn bodies_beyond_the_memory_for_them_are_answered_503_with_a_time() {
    let world = World::new().await;
    // Five that never end need more than the 16 MiB for all.
    let almost = "x".repeat(4_000_000);
    let mut calls = Vec::new();
    for _ in 0..5 {
        calls.push(Box::pin(async {
            let mut raw = Raw::to(address(&world)).await;
            raw.send(&event(&world, &format!("{}content-length: 4000001\r\n", forged()))).await;
            // The one that is refused may not be read to its end.
            let _ = raw.0.write_all(almost.as_bytes()).await;
            raw.head().await
        }));
    }
    let (head, ..) = futures_util::future::select_all(calls).await;
    assert_eq!(status(&head), 503);
    assert!(head.to_lowercase().contains("retry-after: "), "{head}");
}

#[tokio::test]
async fn a_slash_at_the_end_of_a_hooks_address_means_the_same() {
    let world = World::with(&[("META_WEBHOOK_VERIFY_TOKEN", "odd")]).await;
    let browser = world.browser();
    let handshake = "?hub.mode=subscribe&hub.verify_token=odd&hub.challenge=42";
    let seen = browser.get(&format!("/hooks/meta/events/{handshake}")).await;
    assert_eq!((seen.status, seen.text.as_str()), (200, "42"));
    for (path, expected) in
        [("/hooks/meta/events", 401), ("/hooks/meta/deauthorize", 400), ("/hooks/meta/data-deletion", 400)]
    {
        for path in [path.to_owned(), format!("{path}/")] {
            assert_eq!(browser.post(&path, &[("signed_request", "x.y")]).await.status, expected, "{path}");
        }
    }
    assert_eq!(browser.get("/hooks/meta/deauthorize/").await.status, 200);
}
