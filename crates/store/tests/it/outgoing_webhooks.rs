//! The outbox, endpoints and deliveries.

use metaads_store::{
    AfterAttempt, ClaimOrder, DeliveryAttempt, DeliveryStatus, DisabledReason, JobKind, NewSecret,
    NewWebhookEndpoint, OutboxEventType, WebhookDelivery, WebhookEndpoint,
};

use crate::rows;
use crate::world::{DAY, MINUTE, NOW, Owner, World, lease, seal, text_id};

async fn endpoint(world: &World, owner: &Owner, events: &[OutboxEventType]) -> WebhookEndpoint {
    let id = text_id();
    let new = NewWebhookEndpoint {
        workspace_id: owner.workspace.clone(),
        user_id: owner.user.clone(),
        url: "https://example.com/".to_owned(),
        events: events.to_vec(),
        description: String::new(),
        secret: NewSecret {
            id: text_id(),
            workspace_id: owner.workspace.clone(),
            owner_id: id.clone(),
            sealed: seal(&world.keyring, 3),
        },
        created_at: NOW,
        request: None,
        id: id.clone(),
    };
    assert!(world.store.insert_webhook_endpoint(&new).await.unwrap());
    world.store.find_webhook_endpoint(&owner.workspace, &id).await.unwrap().unwrap()
}

fn attempt(delivery: &WebhookDelivery, next: AfterAttempt, at: i64) -> DeliveryAttempt {
    DeliveryAttempt {
        delivery_id: delivery.id.clone(),
        endpoint_id: delivery.endpoint_id.clone(),
        attempts_before: delivery.attempts,
        next,
        response_status: Some(500),
        response_body: None,
        error: None,
        at,
    }
}

#[tokio::test]
async fn a_change_is_an_event_once_it_is_committed_and_is_expanded_once() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let all = endpoint(&world, &ann, &[]).await;
    let one = endpoint(&world, &ann, &[OutboxEventType::ConnectionDisconnected]).await;
    let id = world.connect(&ann, "1").await;
    assert!(world.store.list_outbox_events(&ann.workspace, 0, 10).await.unwrap().is_empty());
    world.store.disconnect(&rows::disconnect(&ann, &id)).await.unwrap();
    let expand = async || world.store.expand_outbox(&ann.workspace, NOW, 10).await.unwrap();
    let (first, second) = tokio::join!(expand(), expand());
    assert_eq!((first.events + second.events, first.deliveries + second.deliveries), (2, 3));
    let events = world.store.list_outbox_events(&ann.workspace, 0, 10).await.unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["connection.created", "connection.disconnected"]);
    let rest = world.store.list_outbox_events(&ann.workspace, events[0].number, 10).await.unwrap();
    assert_eq!(rest, events[1..]);
    let due = async |endpoint: &WebhookEndpoint| {
        let due = world.store.list_due_deliveries(&endpoint.id, NOW, NOW + DAY, 10).await.unwrap();
        due.iter().map(|one| one.kind.clone()).collect::<Vec<_>>()
    };
    assert_eq!(due(&all).await, ["connection.created"], "the second waits for the first");
    assert_eq!(due(&one).await, ["connection.disconnected"]);
}

#[tokio::test]
async fn outgoing_jobs_are_claimed_by_their_own_workers_only_and_making_deliveries_first() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let endpoint = endpoint(&world, &ann, &[]).await;
    world.connect(&ann, "1").await;
    world.store.insert_test_delivery(&endpoint, &text_id(), "{}", NOW - DAY).await.unwrap();
    for order in [ClaimOrder::InteractiveOnly, ClaimOrder::InteractiveFirst, ClaimOrder::UpkeepFirst] {
        while let Some(job) = world.store.claim_job(order, lease()).await.unwrap() {
            assert!(!matches!(job.kind, JobKind::Events | JobKind::Deliver), "{order:?}");
        }
    }
    assert_eq!(world.store.next_job_at(NOW, ClaimOrder::OutgoingOnly).await.unwrap(), Some(NOW - DAY));
    let mut kinds = Vec::new();
    while let Some(job) = world.store.claim_job(ClaimOrder::OutgoingOnly, lease()).await.unwrap() {
        kinds.push(job.kind);
    }
    assert_eq!(kinds, [JobKind::Events, JobKind::Deliver]);
}

#[tokio::test]
async fn an_outcome_is_written_once_and_a_replay_starts_over() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let endpoint = endpoint(&world, &ann, &[]).await;
    let id = world.store.insert_test_delivery(&endpoint, &text_id(), "{}", NOW).await.unwrap();
    let find = async || world.store.find_delivery(&ann.workspace, &id).await.unwrap().unwrap();
    let before = find().await;
    assert!(!world.store.replay_delivery(&ann.workspace, &id, &text_id(), NOW).await.unwrap());
    let retry = attempt(&before, AfterAttempt::RetryAt(NOW + MINUTE), NOW);
    world.store.record_delivery_attempt(&retry, NOW - DAY).await.unwrap();
    // A worker that lost its lease reports the same attempt.
    world.store.record_delivery_attempt(&attempt(&before, AfterAttempt::Dead, NOW), NOW - DAY).await.unwrap();
    let after = find().await;
    assert_eq!(
        (after.status, after.attempts, after.next_attempt_at),
        (DeliveryStatus::Pending, 1, NOW + MINUTE)
    );
    world.store.record_delivery_attempt(&attempt(&after, AfterAttempt::Dead, NOW), NOW - DAY).await.unwrap();
    assert_eq!(find().await.status, DeliveryStatus::Dead);
    assert!(world.store.replay_delivery(&ann.workspace, &id, &text_id(), NOW + DAY).await.unwrap());
    let replayed = find().await;
    assert_eq!((replayed.status, replayed.attempts), (DeliveryStatus::Pending, 0));
    assert_eq!(world.store.next_delivery_at(&endpoint.id).await.unwrap(), Some(NOW + DAY));
}

#[tokio::test]
async fn an_endpoint_is_disabled_when_it_is_gone_or_has_failed_for_long() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let record = async |endpoint: &WebhookEndpoint, next, at, before| {
        let id = world.store.insert_test_delivery(endpoint, &text_id(), "{}", at).await.unwrap();
        let delivery = world.store.find_delivery(&ann.workspace, &id).await.unwrap().unwrap();
        world.store.record_delivery_attempt(&attempt(&delivery, next, at), before).await.unwrap()
    };
    let failing = endpoint(&world, &ann, &[]).await;
    assert_eq!(record(&failing, AfterAttempt::Dead, NOW, NOW - DAY).await, None);
    assert_eq!(record(&failing, AfterAttempt::Delivered, NOW + 1, NOW).await, None);
    assert_eq!(record(&failing, AfterAttempt::Dead, NOW + 2, NOW).await, None, "it has worked since");
    let reason = record(&failing, AfterAttempt::RetryAt(NOW + DAY), NOW + DAY, NOW + 2).await;
    assert_eq!(reason, Some(DisabledReason::Failing));
    let pending =
        world.store.list_deliveries(&ann.workspace, (&failing.id, "pending"), None, 10).await.unwrap();
    assert!(pending.is_empty());
    let gone = endpoint(&world, &ann, &[]).await;
    assert_eq!(record(&gone, AfterAttempt::Gone, NOW, NOW - DAY).await, Some(DisabledReason::Gone));
    assert_eq!(record(&gone, AfterAttempt::Gone, NOW, NOW - DAY).await, None, "once");
}

#[tokio::test]
async fn the_events_of_a_deleted_connection_keep_no_name() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    world.store.disconnect(&rows::disconnect(&ann, &id)).await.unwrap();
    assert!(world.store.purge_connection(&ann.workspace, &id).await.unwrap());
    world.store.expand_outbox(&ann.workspace, NOW, 10).await.unwrap();
    let events = world.store.list_outbox_events(&ann.workspace, 0, 10).await.unwrap();
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event.data == format!("{{\"connection_id\":\"{id}\"}}")));
}
