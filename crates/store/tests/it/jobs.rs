//! Background jobs: claims, leases, fences, reruns.

use metaads_store::{
    AGED_MS, CheckPayload, ClaimOrder, JobId, JobKind, JobPayload, NewJob, Priority, StoreError,
};

use crate::rows::{self, stale};
use crate::world::{DAY, MINUTE, NOW, World, lease, lease_at, uuid};

fn payload(resync: bool) -> JobPayload {
    JobPayload::Check(CheckPayload { resync, offline_since: None })
}

#[tokio::test]
async fn the_most_overdue_interactive_job_is_claimed_first_then_background_jobs() {
    let world = World::new().await;
    let job = |subject, run_at, priority| NewJob { run_at, priority, ..rows::job(JobKind::Check, subject) };
    for new in [
        job("background", NOW - 9, Priority::Background),
        job("late", NOW - 1, Priority::Interactive),
        job("early", NOW - 2, Priority::Interactive),
        job("future", NOW + 1, Priority::Interactive),
    ] {
        world.store.enqueue_job(&new).await.unwrap();
    }
    let claim = async |order| {
        let job = world.store.claim_job(order, lease()).await.unwrap();
        job.map(|job| job.subject)
    };
    assert_eq!(claim(ClaimOrder::InteractiveFirst).await.as_deref(), Some("early"));
    assert_eq!(claim(ClaimOrder::InteractiveOnly).await.as_deref(), Some("late"));
    assert_eq!(claim(ClaimOrder::InteractiveOnly).await, None);
    assert_eq!(claim(ClaimOrder::InteractiveFirst).await.as_deref(), Some("background"));
    assert_eq!(claim(ClaimOrder::InteractiveFirst).await, None);
}

#[tokio::test]
async fn upkeep_has_workers_of_its_own_and_ages() {
    let world = World::new().await;
    let job = |kind, subject, run_at, priority| NewJob { run_at, priority, ..rows::job(kind, subject) };
    for new in [
        job(JobKind::Check, "pressed", NOW - 9, Priority::Interactive),
        job(JobKind::Check, "pressed too", NOW - 8, Priority::Interactive),
        job(JobKind::Sync, "weekly", NOW - 3, Priority::Background),
        job(JobKind::Check, "due", NOW - 1, Priority::Background),
        job(JobKind::Check, "aged", NOW - AGED_MS, Priority::Background),
    ] {
        world.store.enqueue_job(&new).await.unwrap();
    }
    let claim = async |order| {
        let job = world.store.claim_job(order, lease()).await.unwrap();
        job.map(|job| job.subject).unwrap_or_default()
    };
    assert_eq!(claim(ClaimOrder::InteractiveFirst).await, "aged");
    assert_eq!(claim(ClaimOrder::UpkeepFirst).await, "due", "not the sync");
    assert_eq!(claim(ClaimOrder::UpkeepFirst).await, "pressed");
    assert_eq!(claim(ClaimOrder::InteractiveFirst).await, "pressed too");
    assert_eq!(claim(ClaimOrder::InteractiveFirst).await, "weekly");
}

#[tokio::test]
async fn two_syncs_of_a_workspace_run_at_once_and_others_are_not_held_up() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let mut anns = Vec::new();
    for person in ["1", "2", "3"] {
        anns.push(world.connect(&ann, person).await.to_string());
    }
    let bens = world.connect(&ben, "4").await.to_string();
    world.sql("DELETE FROM jobs WHERE kind <> 'sync'").await;
    let claim = async || world.store.claim_job(ClaimOrder::InteractiveFirst, lease()).await.unwrap();
    let mut held = Vec::new();
    while let Some(job) = claim().await {
        held.push(job);
    }
    let subjects: Vec<&str> = held.iter().map(|job| job.subject.as_str()).collect();
    assert_eq!(subjects.len(), 3, "{subjects:?}");
    assert!(subjects.contains(&bens.as_str()), "{subjects:?}");
    let next = world.store.next_job_at(NOW, ClaimOrder::InteractiveFirst).await.unwrap();
    assert_eq!(next, Some(NOW + MINUTE), "the third is not due before one of the two is done");
    let done = held.iter().find(|job| anns.contains(&job.subject)).unwrap();
    assert!(world.store.finish_job(done).await.unwrap());
    let third = claim().await.unwrap();
    assert!(anns.contains(&third.subject) && !subjects.contains(&third.subject.as_str()));
}

#[tokio::test]
async fn claims_at_the_same_moment_hold_no_third_sync_of_a_workspace() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    for person in ["1", "2", "3", "4", "5", "6"] {
        world.connect(&ann, person).await;
    }
    world.sql("DELETE FROM jobs WHERE kind <> 'sync'").await;
    for round in 0..20 {
        world.sql("UPDATE jobs SET leased_until = 0").await;
        let claim = || world.store.claim_job(ClaimOrder::InteractiveFirst, lease());
        let claims = tokio::join!(claim(), claim(), claim(), claim(), claim(), claim());
        let claims = [claims.0, claims.1, claims.2, claims.3, claims.4, claims.5];
        let held = claims.into_iter().filter(|job| job.as_ref().unwrap().is_some()).count();
        assert!((1..=2).contains(&held), "{held} in round {round}");
    }
}

#[tokio::test]
async fn a_claimed_job_carries_what_was_enqueued() {
    let world = World::new().await;
    let new = NewJob { payload: payload(true), ..rows::job(JobKind::Check, "1") };
    world.store.enqueue_job(&new).await.unwrap();
    let job = world.store.claim_job(ClaimOrder::InteractiveOnly, lease()).await.unwrap().unwrap();
    assert_eq!((&job.id, job.kind, job.subject.as_str()), (&new.id, JobKind::Check, "1"));
    assert_eq!((job.payload, job.priority, job.attempts), (payload(true), Priority::Interactive, 0));
}

#[tokio::test]
async fn of_two_claims_at_once_one_gets_the_job() {
    let world = World::new().await;
    world.store.enqueue_job(&rows::job(JobKind::Check, "1")).await.unwrap();
    let claim = || world.store.claim_job(ClaimOrder::InteractiveFirst, lease());
    let (first, second) = tokio::join!(claim(), claim());
    assert_ne!(first.unwrap().is_some(), second.unwrap().is_some());
    let claim = || world.store.claim_job_of(JobKind::Check, "1", lease_at(NOW + MINUTE));
    let (first, second) = tokio::join!(claim(), claim());
    assert_ne!(first.unwrap().is_some(), second.unwrap().is_some());
}

#[tokio::test]
async fn claims_at_once_get_different_jobs() {
    let world = World::new().await;
    for subject in ["1", "2", "3"] {
        world.store.enqueue_job(&rows::job(JobKind::Check, subject)).await.unwrap();
    }
    let claim = async || {
        // A claim may find its candidate taken at that moment; a worker then simply asks again.
        loop {
            if let Some(job) = world.store.claim_job(ClaimOrder::InteractiveFirst, lease()).await.unwrap() {
                return job.subject;
            }
        }
    };
    let (first, second, third) = tokio::join!(claim(), claim(), claim());
    let mut subjects = [first, second, third];
    subjects.sort_unstable();
    assert_eq!(subjects, ["1", "2", "3"]);
}

#[tokio::test]
async fn an_expired_lease_is_claimed_again_and_its_holder_writes_nothing() {
    let world = World::new().await;
    let first = world.claimed(&rows::job(JobKind::Check, "1")).await;
    let claim = async |now| world.store.claim_job(ClaimOrder::InteractiveOnly, lease_at(now)).await.unwrap();
    assert!(claim(NOW + MINUTE - 1).await.is_none());
    let second = claim(NOW + MINUTE).await.unwrap();
    assert_eq!(second.fence, first.fence + 1);
    assert!(!world.store.postpone_job(&first, NOW, 5).await.unwrap());
    assert!(!world.store.finish_job(&first).await.unwrap());
    assert!(world.store.finish_job(&second).await.unwrap());
    assert!(!world.store.finish_job(&second).await.unwrap());
}

#[tokio::test]
async fn a_lease_of_a_wrong_clock_is_ignored() {
    let world = World::new().await;
    world.store.enqueue_job(&rows::job(JobKind::Check, "1")).await.unwrap();
    let ahead = lease_at(NOW + DAY);
    assert!(world.store.claim_job_of(JobKind::Check, "1", ahead).await.unwrap().is_some());
    assert!(world.store.claim_job_of(JobKind::Check, "1", lease()).await.unwrap().is_some());
    assert!(world.store.claim_job_of(JobKind::Check, "1", lease()).await.unwrap().is_none());
    world.sql(&format!("UPDATE jobs SET leased_until = {}", NOW + DAY)).await;
    assert!(world.store.claim_job(ClaimOrder::InteractiveOnly, lease()).await.unwrap().is_some());
}

#[tokio::test]
async fn the_job_of_a_subject_is_claimed_before_it_is_due() {
    let world = World::new().await;
    let later = NewJob { run_at: NOW + DAY, ..rows::job(JobKind::Check, "1") };
    world.store.enqueue_job(&later).await.unwrap();
    let claim = async |kind, subject: &str| world.store.claim_job_of(kind, subject, lease()).await.unwrap();
    assert!(claim(JobKind::Check, "2").await.is_none());
    assert!(claim(JobKind::Sync, "1").await.is_none());
    assert!(claim(JobKind::Check, "1").await.is_some());
    assert!(claim(JobKind::Check, "1").await.is_none());
}

#[tokio::test]
async fn enqueuing_again_brings_the_job_forward_and_keeps_one_row() {
    let world = World::new().await;
    let later = NewJob {
        run_at: NOW + DAY,
        payload: payload(true),
        priority: Priority::Background,
        ..rows::job(JobKind::Check, "1")
    };
    world.store.enqueue_job(&later).await.unwrap();
    world.store.enqueue_job(&rows::job(JobKind::Check, "1")).await.unwrap();
    world.store.enqueue_job(&NewJob { id: JobId::new(uuid()), ..later.clone() }).await.unwrap();
    let job = world.store.claim_job(ClaimOrder::InteractiveOnly, lease()).await.unwrap().unwrap();
    assert_eq!((job.id, job.payload), (later.id, payload(true)));
    assert_eq!(job.priority, Priority::Interactive);
    assert_eq!(world.number("SELECT COUNT(*) FROM jobs").await, 1);
}

#[tokio::test]
async fn one_job_enqueued_twice_at_once_is_stored_once() {
    let world = World::new().await;
    let (one, other) = (rows::job(JobKind::Check, "1"), rows::job(JobKind::Check, "1"));
    let (first, second) = tokio::join!(world.store.enqueue_job(&one), world.store.enqueue_job(&other));
    first.unwrap();
    second.unwrap();
    assert_eq!(world.number("SELECT COUNT(*) FROM jobs").await, 1);
}

#[tokio::test]
async fn a_job_enqueued_while_it_runs_runs_once_more() {
    let world = World::new().await;
    let new = rows::job(JobKind::Check, "1");
    let job = world.claimed(&new).await;
    world.store.enqueue_job(&NewJob { payload: payload(true), ..new }).await.unwrap();
    assert!(world.store.claim_job(ClaimOrder::InteractiveOnly, lease()).await.unwrap().is_none());
    assert!(world.store.finish_job(&job).await.unwrap());
    let again = world.claim(JobKind::Check, "1").await;
    assert_eq!((again.fence, again.payload.clone()), (job.fence + 1, payload(true)));
    assert!(world.store.finish_job(&again).await.unwrap());
    assert_eq!(world.number("SELECT COUNT(*) FROM jobs").await, 0);
}

#[tokio::test]
async fn a_postponed_job_counts_its_attempts_and_a_requested_rerun_keeps_its_time() {
    let world = World::new().await;
    let new = rows::job(JobKind::Check, "1");
    let job = world.claimed(&new).await;
    assert!(!world.store.postpone_job(&stale(&job), NOW + DAY, 1).await.unwrap());
    assert!(world.store.postpone_job(&job, NOW + DAY, 3).await.unwrap());
    assert!(world.store.claim_job(ClaimOrder::InteractiveOnly, lease()).await.unwrap().is_none());
    let job = world.claim(JobKind::Check, "1").await;
    assert_eq!(job.attempts, 3);
    world.store.enqueue_job(&new).await.unwrap();
    assert!(world.store.postpone_job(&job, NOW + DAY, 4).await.unwrap());
    assert!(world.store.claim_job(ClaimOrder::InteractiveOnly, lease()).await.unwrap().is_some());
}

#[tokio::test]
async fn the_next_job_is_the_earliest_due_one_or_the_end_of_a_lease() {
    let world = World::new().await;
    let next = async |order| world.store.next_job_at(NOW, order).await.unwrap();
    assert_eq!(next(ClaimOrder::InteractiveFirst).await, None);
    let job = |subject, run_at, priority| NewJob { run_at, priority, ..rows::job(JobKind::Check, subject) };
    world.store.enqueue_job(&job("1", NOW + DAY, Priority::Interactive)).await.unwrap();
    world.store.enqueue_job(&job("2", NOW + 5, Priority::Background)).await.unwrap();
    assert_eq!(next(ClaimOrder::InteractiveOnly).await, Some(NOW + DAY));
    assert_eq!(next(ClaimOrder::InteractiveFirst).await, Some(NOW + 5));
    world.claim(JobKind::Check, "1").await;
    assert_eq!(next(ClaimOrder::InteractiveOnly).await, Some(NOW + MINUTE));
}

#[tokio::test]
async fn background_jobs_scheduled_too_far_ahead_become_due() {
    let world = World::new().await;
    let job = |subject, run_at, priority| NewJob { run_at, priority, ..rows::job(JobKind::Check, subject) };
    for new in [
        job("far", NOW + 9 * DAY, Priority::Background),
        job("near", NOW + DAY, Priority::Background),
        job("interactive", NOW + 9 * DAY, Priority::Interactive),
    ] {
        world.store.enqueue_job(&new).await.unwrap();
    }
    assert_eq!(world.store.pull_back_jobs(NOW, NOW + 2 * DAY).await.unwrap(), 1);
    let job = world.store.claim_job(ClaimOrder::InteractiveFirst, lease()).await.unwrap().unwrap();
    assert_eq!(job.subject, "far");
}

#[tokio::test]
async fn a_job_that_cannot_be_read_is_reported_and_does_not_block_the_next() {
    let world = World::new().await;
    for column in ["kind = 'dance'", "payload = 'prose'"] {
        let broken = NewJob { run_at: NOW - 1, ..rows::job(JobKind::Check, "broken") };
        world.store.enqueue_job(&broken).await.unwrap();
        world.sql(&format!("UPDATE jobs SET {column}")).await;
        world.store.enqueue_job(&rows::job(JobKind::Check, "2")).await.unwrap();
        let claim = || world.store.claim_job(ClaimOrder::InteractiveOnly, lease());
        let error = claim().await.unwrap_err();
        assert!(matches!(error, StoreError::Inconsistent { table: "jobs", .. }), "{error:?}");
        assert_eq!(claim().await.unwrap().unwrap().subject, "2");
        world.sql("DELETE FROM jobs").await;
    }
}

#[tokio::test]
async fn all_checks_are_scheduled_within_a_period() {
    let world = World::new().await;
    for subject in ["1", "2", "3"] {
        let new = NewJob { run_at: NOW + DAY, ..rows::job(JobKind::Check, subject) };
        world.store.enqueue_job(&new).await.unwrap();
    }
    world.store.enqueue_job(&rows::job(JobKind::Sync, "1")).await.unwrap();
    let payload = CheckPayload { resync: false, offline_since: Some(NOW - DAY) };
    let scheduled = world.store.schedule_all_checks(payload, NOW, NOW + MINUTE).await.unwrap();
    assert_eq!(scheduled, 3);
    let outside = format!("run_at < {NOW} OR run_at >= {}", NOW + MINUTE);
    let outside = format!("SELECT COUNT(*) FROM jobs WHERE kind = 'check' AND ({outside} OR priority <> 1)");
    assert_eq!(world.number(&outside).await, 0);
    assert_eq!(world.claim(JobKind::Check, "1").await.check_payload(), payload);
}
