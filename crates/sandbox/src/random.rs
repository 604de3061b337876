//! Random strings for tokens, codes and trace ids: from the operating system, or reproducible from a seed.
//!
//! One key is drawn at startup; every string is the SHA-256 of key, counter and purpose. The state file keeps
//! the counter, so that a seeded sandbox does not issue the same token again after a restart.

use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

#[derive(Debug)]
pub(crate) struct Random {
    key: [u8; 32],
    drawn: AtomicU64,
}

impl Random {
    pub(crate) fn new(seed: Option<u64>) -> Random {
        let key = match seed {
            Some(seed) => Sha256::digest(seed.to_be_bytes()).into(),
            None => system_key(),
        };
        Random { key, drawn: AtomicU64::new(0) }
    }

    /// How many strings have been drawn.
    pub(crate) fn drawn(&self) -> u64 {
        self.drawn.load(Ordering::SeqCst)
    }

    pub(crate) fn skip_to(&self, drawn: u64) {
        self.drawn.fetch_max(drawn, Ordering::SeqCst);
    }

    /// `length` characters of `[A-Za-z0-9]`.
    pub(crate) fn alphanumeric(&self, purpose: &str, length: usize) -> String {
        let counter = self.drawn.fetch_add(1, Ordering::SeqCst);
        let mut out = String::with_capacity(length);
        for block in 0_u32.. {
            let mut hash = Sha256::new();
            hash.update(self.key);
            hash.update(counter.to_be_bytes());
            hash.update(block.to_be_bytes());
            hash.update(purpose.as_bytes());
            for byte in hash.finalize() {
                if out.len() == length {
                    return out;
                }
                // 248 is 4 × 62: accepting larger bytes would favor the first letters.
                if byte < 248 {
                    out.push(char::from(ALPHABET[usize::from(byte % 62)]));
                }
            }
        }
        out
    }
}

/// 32 unpredictable bytes: from the system's random device, if there is one, mixed with the random keys that the
/// standard library uses for its hash maps.
fn system_key() -> [u8; 32] {
    let mut pool = Sha256::new();
    let mut device = [0_u8; 32];
    if let Ok(mut file) = std::fs::File::open("/dev/urandom")
        && file.read_exact(&mut device).is_ok()
    {
        pool.update(device);
    }
    for round in 0_u64..8 {
        pool.update(RandomState::new().hash_one(round).to_be_bytes());
    }
    pool.finalize().into()
}
