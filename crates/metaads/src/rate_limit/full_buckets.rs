//! Buckets of rate limits that this process knows to be full: until their window ends, refused requests cost no write.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Known buckets at most; further ones are asked from the database each time.
const MOST_BUCKETS: usize = 10_000;

/// Each full bucket with the end of its window.
#[derive(Debug, Default)]
pub struct FullBuckets(Mutex<HashMap<String, i64>>);

impl FullBuckets {
    /// Whether the bucket is known to be full. `longest_ms`: no window is longer, so that a clock that jumped does
    /// not keep it full.
    pub fn has(&self, bucket: &str, now: i64, longest_ms: i64) -> bool {
        self.with(|full| {
            full.get(bucket).is_some_and(|ends_at| (now..=now + longest_ms).contains(&(ends_at - 1)))
        })
    }

    pub fn insert(&self, bucket: String, ends_at: i64, now: i64) {
        self.with(|full| {
            if full.len() >= MOST_BUCKETS {
                full.retain(|_, ends_at| *ends_at > now);
            }
            if full.len() < MOST_BUCKETS {
                full.insert(bucket, ends_at);
            }
        });
    }

    pub fn remove(&self, bucket: &str) {
        self.with(|full| full.remove(bucket));
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<String, i64>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_full_until_its_window_ends() {
        let full = FullBuckets::default();
        full.insert("a".to_owned(), 100, 0);
        assert!(full.has("a", 0, 100) && full.has("a", 99, 100));
        assert!(!full.has("a", 100, 100) && !full.has("b", 0, 100));
        assert!(!full.has("a", -50, 100), "an end further away than a window is over");
        full.remove("a");
        assert!(!full.has("a", 0, 100));
    }

    #[test]
    fn the_number_of_known_buckets_is_bounded() {
        let full = FullBuckets::default();
        for number in 0..MOST_BUCKETS + 5 {
            full.insert(number.to_string(), 100, 0);
        }
        assert_eq!(full.with(|full| full.len()), MOST_BUCKETS);
        full.insert("late".to_owned(), 300, 200);
        assert!(full.has("late", 200, 100));
        assert_eq!(full.with(|full| full.len()), 1);
    }
}
