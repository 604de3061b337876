//! The webhook inbox, and requests for data deletion.

use metaads_store::{
    DeletionOutcome, DeletionRequest, JobKind, NewWebhookEvent, StoreError, Urgency, WebhookEvent,
    WebhookOutcome,
};

use crate::rows;
use crate::world::{MINUTE, NOW, World};

async fn insert(world: &World, events: &[NewWebhookEvent]) -> u64 {
    world.store.insert_webhook_events(events, &rows::webhook_job()).await.unwrap()
}

async fn due(world: &World, urgency: Urgency, now: i64) -> Vec<String> {
    let events = world.store.list_due_webhook_events(urgency, now, 10).await.unwrap();
    events.into_iter().map(|event| event.id).collect()
}

async fn pending(world: &World) -> Vec<String> {
    let erasures = due(world, Urgency::Erasures, NOW).await;
    erasures.into_iter().chain(due(world, Urgency::Others, NOW).await).collect()
}

#[tokio::test]
async fn new_events_are_stored_once_and_enqueue_the_job() {
    let world = World::new().await;
    let (first, second) = (rows::webhook_event("user", "1"), rows::webhook_event("user", "2"));
    assert_eq!(insert(&world, &[first.clone(), second.clone(), first.clone()]).await, 2);
    let job = world.claim(JobKind::Webhooks, "meta").await;
    assert!(world.store.finish_job(&job).await.unwrap());
    let repeated = NewWebhookEvent { id: "another id".to_owned(), ..first.clone() };
    assert_eq!(insert(&world, &[repeated]).await, 0);
    assert_eq!(insert(&world, &[]).await, 0);
    assert_eq!(world.number("SELECT COUNT(*) FROM jobs").await, 0);
    let stored = world.store.list_webhook_events(10).await.unwrap();
    assert_eq!(stored.iter().map(|event| &event.id).collect::<Vec<_>>(), [&second.id, &first.id]);
    let event = &stored[1];
    assert_eq!((event.object.as_str(), event.subject.as_str(), event.field.as_str()), ("user", "1", "field"));
    assert_eq!((event.value.as_str(), event.sent_at, event.received_at), ("{}", NOW, NOW));
    assert_eq!((event.applied_at, event.outcome), (None, None));
}

#[tokio::test]
async fn one_event_delivered_twice_at_once_is_stored_once() {
    let world = World::new().await;
    let one = [rows::webhook_event("user", "1")];
    let other = [NewWebhookEvent { digest: one[0].digest.clone(), ..rows::webhook_event("user", "1") }];
    let (first, second) = tokio::join!(insert(&world, &one), insert(&world, &other));
    assert_eq!(first + second, 1);
}

#[tokio::test]
async fn erasures_are_listed_apart_from_all_other_events_oldest_first() {
    let world = World::new().await;
    let events = ["user", "permissions", "data_deletion", "deauthorize"];
    let events = events.map(|object| rows::webhook_event(object, "1"));
    insert(&world, &events).await;
    let [user, permissions, deletion, deauthorize] = events.map(|event| event.id);
    assert_eq!(due(&world, Urgency::Erasures, NOW).await, [deletion.clone(), deauthorize]);
    assert_eq!(due(&world, Urgency::Others, NOW).await, [user, permissions]);
    let limited = world.store.list_due_webhook_events(Urgency::Erasures, NOW, 1).await.unwrap();
    assert_eq!(limited[0].id, deletion);
}

#[tokio::test]
async fn an_event_that_failed_waits_and_holds_back_no_other() {
    let world = World::new().await;
    let events = ["user", "user"].map(|object| rows::webhook_event(object, "1"));
    insert(&world, &events).await;
    let [first, second] = events.map(|event| event.id);
    world.store.postpone_webhook_event(&first, NOW + MINUTE).await.unwrap();
    assert_eq!(due(&world, Urgency::Others, NOW).await, std::slice::from_ref(&second));
    assert_eq!(due(&world, Urgency::Others, NOW + MINUTE).await, [second.clone(), first.clone()]);
    let next = async || world.store.next_webhook_event_at(Urgency::Others).await.unwrap();
    assert_eq!(next().await, Some(0));
    world.store.complete_webhook_event(&second, WebhookOutcome::Checking, NOW).await.unwrap();
    assert_eq!(next().await, Some(NOW + MINUTE));
    assert_eq!(world.store.next_webhook_event_at(Urgency::Erasures).await.unwrap(), None);
    let failed = world.store.list_due_webhook_events(Urgency::Others, NOW + MINUTE, 10).await.unwrap();
    assert_eq!(failed[0].attempts, 1);
}

#[tokio::test]
async fn an_event_is_applied_once_and_a_deletion_loses_the_persons_id() {
    let world = World::new().await;
    let (change, deletion) = (rows::webhook_event("user", "1"), rows::webhook_event("data_deletion", "1"));
    insert(&world, &[change.clone(), deletion.clone()]).await;
    for event in [&change, &deletion] {
        world.store.complete_webhook_event(&event.id, WebhookOutcome::Checking, NOW + 1).await.unwrap();
        world.store.complete_webhook_event(&event.id, WebhookOutcome::Failed, NOW + 2).await.unwrap();
    }
    assert!(pending(&world).await.is_empty());
    for event in world.store.list_webhook_events(10).await.unwrap() {
        assert_eq!((event.applied_at, event.outcome), (Some(NOW + 1), Some(WebhookOutcome::Checking)));
        assert_eq!(event.subject.as_str(), if event.object == "user" { "1" } else { "" });
    }
}

#[tokio::test]
async fn applied_events_are_replayed_except_deletions_and_older_ones() {
    let world = World::new().await;
    let old = NewWebhookEvent { received_at: NOW - MINUTE, ..rows::webhook_event("user", "1") };
    let (new, deletion) = (rows::webhook_event("user", "1"), rows::webhook_event("data_deletion", "1"));
    let waiting = rows::webhook_event("user", "1");
    let events = [old, new.clone(), deletion, waiting.clone()];
    insert(&world, &events).await;
    for event in &events[..3] {
        world.store.complete_webhook_event(&event.id, WebhookOutcome::Checking, NOW).await.unwrap();
    }
    let job = world.claim(JobKind::Webhooks, "meta").await;
    assert!(world.store.finish_job(&job).await.unwrap());
    assert_eq!(world.store.replay_webhook_events(NOW, &rows::webhook_job()).await.unwrap(), 1);
    assert_eq!(pending(&world).await, [new.id, waiting.id]);
    world.claim(JobKind::Webhooks, "meta").await;
}

#[tokio::test]
async fn an_unknown_outcome_is_an_unexpected_error() {
    let world = World::new().await;
    insert(&world, &[rows::webhook_event("user", "1")]).await;
    world.sql("UPDATE webhook_inbox SET outcome = 'vanished'").await;
    let result: Result<Vec<WebhookEvent>, StoreError> = world.store.list_webhook_events(10).await;
    assert!(matches!(result, Err(StoreError::Unexpected(_))), "{result:?}");
}

#[tokio::test]
async fn a_deletion_request_is_stored_with_its_event_and_a_repeated_one_returns_the_first_id() {
    let world = World::new().await;
    let (request, job) = (rows::deletion_request("hash"), rows::webhook_job());
    let event = rows::webhook_event("data_deletion", "1");
    let id = world.store.insert_deletion(&request, Some(&event), &job).await.unwrap();
    assert_eq!(id, request.id);
    let repeated = rows::deletion_request("hash");
    let again = rows::webhook_event("data_deletion", "1");
    assert_eq!(world.store.insert_deletion(&repeated, Some(&again), &job).await.unwrap(), request.id);
    assert_eq!(pending(&world).await, [event.id]);
    assert!(world.store.find_deletion(&repeated.id).await.unwrap().is_none());
    let found = world.store.find_deletion(&request.id).await.unwrap().unwrap();
    assert_eq!((found.user_hash.as_str(), found.issued_at, found.completed_at), ("hash", NOW, None));
    let later = DeletionRequest { issued_at: NOW + 1, ..rows::deletion_request("hash") };
    assert_eq!(world.store.insert_deletion(&later, None, &job).await.unwrap(), later.id);
}

#[tokio::test]
async fn of_one_deletion_request_delivered_twice_at_once_both_get_the_same_id() {
    let world = World::new().await;
    let (one, other) = (rows::deletion_request("hash"), rows::deletion_request("hash"));
    let event = rows::webhook_event("data_deletion", "1");
    let job = rows::webhook_job();
    let (first, second) = tokio::join!(
        world.store.insert_deletion(&one, Some(&event), &job),
        world.store.insert_deletion(&other, Some(&event), &job)
    );
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(pending(&world).await, [event.id]);
}

#[tokio::test]
async fn completing_a_deletion_completes_the_open_requests_of_that_person() {
    let world = World::new().await;
    let (own, other) = (rows::deletion_request("hash"), rows::deletion_request("other hash"));
    for request in [&own, &other] {
        world.store.insert_deletion(request, None, &rows::webhook_job()).await.unwrap();
    }
    let complete = async |outcome, at| {
        world.store.complete_deletion(&own.app_id, "hash", outcome, at).await.unwrap();
    };
    complete(DeletionOutcome::Deleted, NOW + 1).await;
    complete(DeletionOutcome::Nothing, NOW + 2).await;
    let found = world.store.find_deletion(&own.id).await.unwrap().unwrap();
    assert_eq!((found.outcome, found.completed_at), (Some(DeletionOutcome::Deleted), Some(NOW + 1)));
    let untouched = world.store.find_deletion(&other.id).await.unwrap().unwrap();
    assert_eq!((untouched.outcome, untouched.completed_at), (None, None));
}
