//! Requests that wait for news.

use metaads::listen::limits::Limits;

use crate::bounds::{Bounded, Raw, SOON, answer, get, host, status};
use crate::browser::Browser;
use crate::world::World;

/// A user with an attempt that stays pending, and the head of its long poll.
async fn waiting(world: &World, email: &str) -> (Browser, String) {
    let browser = world.user(email).await;
    let begun = browser.post_with("/connect/meta", &[], &[("accept", "application/json")]).await;
    let attempt = begun.json()["attempt"].as_str().unwrap_or_default().to_owned();
    assert!(attempt.starts_with("/connect/attempts/"), "{}", begun.text);
    let sign_in = [("email", email), ("password", crate::browser::PASSWORD)];
    let signed_in = browser.post("/login", &sign_in).await;
    let cookie = signed_in.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let head = format!(
        "GET {attempt}/status?seen=pending HTTP/1.1\r\nhost: {}\r\ncookie: {cookie}\r\n\
         accept: application/json\r\nconnection: close\r\n\r\n",
        host(world)
    );
    (browser, head)
}

async fn open(service: &Bounded, request: &str, number: usize) -> Vec<Raw> {
    let mut all = Vec::new();
    for _ in 0..number {
        let mut raw = Raw::to(service.address).await;
        raw.send(request).await;
        all.push(raw);
    }
    all
}

#[tokio::test]
async fn one_users_further_long_polls_are_answered_at_once_with_what_is_known() {
    let world = World::new().await;
    let service = Bounded::start(&world, Limits::default()).await;
    let (_browser, poll) = waiting(&world, "a@b.example").await;
    let mut polls = open(&service, &poll, 9).await;
    // The clock of this world does not move, so the eight that wait never end by themselves.
    let mut heads: Vec<_> = polls.iter_mut().map(|raw| Box::pin(raw.head())).collect();
    let first = futures_util::future::select_all(heads.drain(..));
    let (head, ..) = tokio::time::timeout(SOON, first).await.expect("one is answered");
    assert_eq!(status(&head), 200);
    let (_other, poll) = waiting(&world, "c@d.example").await;
    assert!(
        tokio::time::timeout(SOON / 20, open(&service, &poll, 1).await[0].head()).await.is_err(),
        "it waits"
    );
}

#[tokio::test]
async fn long_polls_are_answered_first_where_there_is_no_room() {
    let world = World::new().await;
    let service = Bounded::start(&world, Limits { connections: 1, ..Limits::default() }).await;
    let beside = Bounded::start(&world, Limits::default()).await;
    let (_browser, poll) = waiting(&world, "a@b.example").await;
    let ask = |service: &Bounded| {
        let (address, request) = (service.address, get(&world, "/login"));
        async move { status(&answer(address, &request).await) }
    };
    let mut polls = Vec::new();
    for _ in 0..5 {
        polls.extend(open(&service, &poll, 1).await);
        // By then the service has read the poll.
        assert_eq!(ask(&beside).await, 200);
    }
    let mut answers = Box::pin(futures_util::future::join_all(polls.into_iter().map(Raw::rest)));
    let answers = tokio::time::timeout(SOON, async {
        loop {
            tokio::select! {
                answers = &mut answers => return answers,
                status = ask(&service) => assert_eq!(status, 200),
            }
        }
    });
    for answer in answers.await.expect("answered at once") {
        assert_eq!(status(&answer), 200, "{answer}");
        assert!(answer.contains("\"version\":\"pending\""), "{answer}");
    }
}

#[tokio::test]
async fn long_polls_end_when_the_service_stops() {
    let world = World::new().await;
    let service = Bounded::start(&world, Limits::default()).await;
    let (_browser, poll) = waiting(&world, "a@b.example").await;
    let polls = open(&service, &poll, 3).await;
    assert!(service.stop().await < SOON);
    drop(polls);
}
