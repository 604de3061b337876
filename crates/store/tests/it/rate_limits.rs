//! Rate limits: hits per bucket and window.

use crate::world::{MINUTE, NOW, World};

#[tokio::test]
async fn hits_count_up_within_a_window_that_starts_with_the_first() {
    let world = World::new().await;
    let hit = async |bucket: &str, at| world.store.hit_rate_limit(bucket, at, MINUTE, 1).await.unwrap().hits;
    assert_eq!(hit("a", NOW).await, 1);
    assert_eq!(hit("a", NOW + MINUTE - 1).await, 2);
    assert_eq!(hit("b", NOW).await, 1);
    assert_eq!(hit("a", NOW + MINUTE).await, 1);
    assert_eq!(hit("a", NOW + MINUTE + 1).await, 2);
}

#[tokio::test]
async fn every_hit_says_when_its_window_ends() {
    let world = World::new().await;
    for at in [NOW, NOW + 1] {
        assert_eq!(world.store.hit_rate_limit("a", at, MINUTE, 1).await.unwrap().ends_at, NOW + MINUTE);
    }
}

#[tokio::test]
async fn a_reset_bucket_starts_over_and_others_do_not() {
    let world = World::new().await;
    for bucket in ["a", "a", "b"] {
        world.store.hit_rate_limit(bucket, NOW, MINUTE, 1).await.unwrap();
    }
    world.store.clear_rate_limit("a").await.unwrap();
    world.store.clear_rate_limit("unknown").await.unwrap();
    assert_eq!(world.store.hit_rate_limit("a", NOW, MINUTE, 1).await.unwrap().hits, 1);
    assert_eq!(world.store.hit_rate_limit("b", NOW, MINUTE, 1).await.unwrap().hits, 2);
}

#[tokio::test]
async fn hits_at_once_are_all_counted() {
    let world = World::new().await;
    let hit = || world.store.hit_rate_limit("a", NOW, MINUTE, 1);
    let (first, second, third) = tokio::join!(hit(), hit(), hit());
    let mut counts = [first, second, third].map(|hits| hits.unwrap().hits);
    counts.sort_unstable();
    assert_eq!(counts, [1, 2, 3]);
}
