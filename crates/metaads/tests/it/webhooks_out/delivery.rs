//! How events are delivered: again until they are accepted, in order, and at least once.

use metaads_sandbox::{Answer, Persona};
use serde_json::{Value, json};

use super::Subscription;
use super::receiver::Behavior;
use crate::world::{SECOND, World, days, hours, minutes};

/// Disconnects and connects again: two events of one connection.
async fn reconnect(browser: &crate::browser::Browser, id: &str) {
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_with_longer_pauses_and_the_same_id_and_body() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let hook = Subscription::to(&world, &json!(["connection.disconnected"])).await;
    hook.receiver.next(&[Behavior::Answer(500), Behavior::Redirect, Behavior::RetryAfter(429, 600)]);
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    world.run_due_jobs().await;
    let first = hook.receiver.take().remove(0);
    let delivery = hook.deliveries().await.remove(0);
    assert_eq!((&delivery["status"], &delivery["error"]), (&json!("pending"), &json!("status")));
    assert_eq!(delivery["response"], json!({"status": 500, "body": "thanks"}));
    world.advance(SECOND);
    world.run_due_jobs().await;
    assert!(hook.receiver.take().is_empty(), "not before five seconds have passed");
    world.advance(SECOND * 5);
    world.run_due_jobs().await;
    assert_eq!(hook.receiver.take().len(), 1);
    assert_eq!(hook.deliveries().await[0]["error"], "redirect");
    world.advance(SECOND * 34);
    world.run_due_jobs().await;
    assert_eq!(hook.receiver.take().len(), 1);
    world.advance(minutes(9));
    world.run_due_jobs().await;
    assert!(hook.receiver.take().is_empty(), "it asked for ten minutes");
    world.advance(minutes(1));
    world.run_due_jobs().await;
    let last = hook.receiver.take().remove(0);
    assert_eq!((&last.id, &last.text), (&first.id, &first.text));
    assert!(last.timestamp > first.timestamp && last.is_signed_with(&hook.secret));
    let delivery = hook.deliveries().await.remove(0);
    let expected = (json!("delivered"), json!(4), Value::Null, Value::Null);
    let found =
        (&delivery["status"], &delivery["attempts"], &delivery["error"], &delivery["next_attempt_at"]);
    assert_eq!(found, (&expected.0, &expected.1, &expected.2, &expected.3));
}

#[tokio::test]
async fn after_a_day_a_delivery_is_dead_and_can_be_replayed() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let hook = Subscription::to(&world, &json!(["connection.disconnected"])).await;
    hook.receiver.always(Behavior::Answer(503));
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    for _ in 0..27 * 60 {
        world.run_due_jobs().await;
        world.advance(minutes(1));
    }
    let delivery = hook.deliveries().await.remove(0);
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("dead"), &json!(11)));
    assert_eq!(hook.receiver.take().len(), 11);
    hook.receiver.works_again();
    let path = format!("/api/v1/webhook-deliveries/{}/replay", delivery["id"].as_str().unwrap());
    let replayed = hook.program.post(&path, &json!({})).await;
    assert_eq!((replayed.status, &replayed.json()["status"]), (200, &json!("pending")), "{}", replayed.text);
    world.run_due_jobs().await;
    assert_eq!(hook.receiver.take_types(), ["connection.disconnected"]);
    assert_eq!(hook.deliveries().await[0]["status"], "delivered");
    // Also one that was delivered.
    hook.program.post(&path, &json!({})).await;
    world.run_due_jobs().await;
    assert_eq!(hook.receiver.take().len(), 1);
}

#[tokio::test]
async fn events_of_one_connection_wait_for_each_other_and_not_for_those_of_another() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let hook = Subscription::to(&world, &json!(["connection.disconnected", "connection.reconnected"])).await;
    hook.receiver.next(&[Behavior::Answer(500)]);
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    world.run_due_jobs().await;
    assert_eq!(hook.receiver.take_types(), ["connection.disconnected"]);
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    // Another connection of the same workspace.
    browser.connect(Answer::agree(Persona::SecondSoleTrader)).await;
    browser.connect(Answer::agree(Persona::SecondSoleTrader)).await;
    world.run_due_jobs().await;
    let received = hook.receiver.take();
    assert_eq!(received.len(), 1);
    assert_ne!(received[0].body["data"]["connection_id"], json!(id));
    world.advance(SECOND * 6);
    world.run_due_jobs().await;
    assert_eq!(hook.receiver.take_types(), ["connection.disconnected", "connection.reconnected"]);
}

#[tokio::test]
async fn an_endpoint_that_hangs_holds_up_no_other_one() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let types = json!(["connection.disconnected"]);
    let (slow, quick) = (Subscription::to(&world, &types).await, Subscription::to(&world, &types).await);
    slow.receiver.always(Behavior::Hang);
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    world.run_due_jobs().await;
    assert_eq!(quick.receiver.take().len(), 1);
    assert_eq!(slow.receiver.take().len(), 1);
    let delivery =
        slow.deliveries().await.into_iter().find(|one| one["endpoint_id"] == json!(slow.id)).unwrap();
    assert_eq!((&delivery["status"], &delivery["error"]), (&json!("pending"), &json!("timed_out")));
    slow.receiver.works_again();
    world.advance(minutes(1));
    world.run_due_jobs().await;
    assert_eq!(slow.receiver.take().len(), 1);
}

#[tokio::test]
async fn a_crash_between_the_change_and_its_delivery_loses_nothing() {
    let mut world = World::new().await;
    let (browser, id) = world.connected().await;
    let hook = Subscription::to(&world, &json!(["connection.disconnected"])).await;
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    world.restart().await;
    world.run_due_jobs().await;
    assert_eq!(hook.receiver.take_types(), ["connection.disconnected"]);
}

#[tokio::test]
async fn a_process_killed_while_delivering_delivers_again_under_the_same_id() {
    let mut world = World::new().await;
    let (browser, id) = world.connected().await;
    let hook = Subscription::to(&world, &json!(["connection.disconnected"])).await;
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    hook.receiver.next(&[Behavior::Hang]);
    let received = async {
        while hook.receiver.seen() == 0 {
            tokio::task::yield_now().await;
        }
    };
    // The step is dropped when the event has arrived: nothing about it is written, and its lease stays.
    tokio::select! {
        _ = world.run_due_jobs() => panic!("the receiver answered"),
        () = received => {}
    }
    world.restart().await;
    world.advance(minutes(2));
    world.run_due_jobs().await;
    let received = hook.receiver.take();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].id, received[1].id);
    assert_eq!(hook.deliveries().await[0]["status"], "delivered");
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled_and_can_be_enabled_again() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let hook = Subscription::new(&world).await;
    hook.receiver.next(&[Behavior::Answer(410)]);
    reconnect(&browser, &id).await;
    world.run_due_jobs().await;
    assert_eq!(hook.receiver.take().len(), 1);
    let endpoint = hook.endpoint().await;
    assert_eq!((&endpoint["status"], &endpoint["disabled_reason"]), (&json!("disabled"), &json!("gone")));
    assert!(hook.deliveries().await.iter().all(|one| one["status"] == "dead"));
    let delivery = hook.deliveries().await[0]["id"].as_str().unwrap().to_owned();
    let replay =
        hook.program.post(&format!("/api/v1/webhook-deliveries/{delivery}/replay"), &json!({})).await;
    assert_eq!(replay.status, 409, "{}", replay.text);
    let enabled = hook.program.json("PATCH", &hook.path(), &json!({"is_enabled": true})).await;
    assert_eq!(enabled.json()["status"], "enabled", "{}", enabled.text);
    assert_eq!(hook.test().await["status"], "delivered");
}

#[tokio::test]
async fn an_endpoint_that_fails_for_five_days_is_disabled() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let hook = Subscription::new(&world).await;
    hook.receiver.always(Behavior::Answer(500));
    reconnect(&browser, &id).await;
    for _ in 0..5 * 24 {
        world.run_due_jobs().await;
        world.advance(hours(1));
    }
    assert_eq!(hook.endpoint().await["status"], "enabled");
    assert_ne!(hook.endpoint().await["failing_since"], Value::Null);
    world.advance(days(1));
    reconnect(&browser, &id).await;
    world.run_due_jobs().await;
    let endpoint = hook.endpoint().await;
    assert_eq!((&endpoint["status"], &endpoint["disabled_reason"]), (&json!("disabled"), &json!("failing")));
    hook.receiver.take();
    reconnect(&browser, &id).await;
    world.run_due_jobs().await;
    assert!(hook.receiver.take().is_empty());
}
