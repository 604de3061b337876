//! The only reader of the operating system's randomness, and what is derived from it.
#![expect(clippy::disallowed_types, reason = "this is the one home of the operating system's randomness")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Randomness of the operating system, or a seeded stream that tests can repeat.
#[derive(Debug, Clone)]
pub enum Random {
    Os,
    Seeded { seed: u64, drawn: Arc<AtomicU64> },
}

impl Random {
    pub fn seeded(seed: u64) -> Random {
        Random::Seeded { seed, drawn: Arc::new(AtomicU64::new(0)) }
    }

    /// At most 32 fresh random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            Random::Os => SystemRandom::new().fill(&mut bytes).expect("the operating system has randomness"),
            Random::Seeded { seed, drawn } => {
                let draw = drawn.fetch_add(1, Ordering::SeqCst);
                let mut input = seed.to_be_bytes().to_vec();
                input.extend_from_slice(&draw.to_be_bytes());
                bytes.copy_from_slice(&digest::digest(&digest::SHA256, &input).as_ref()[..N]);
            }
        }
        bytes
    }

    /// 256 bits as 43 URL-safe characters: a session token, a `state`.
    pub fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<32>())
    }

    /// A UUIDv7 of the given moment (milliseconds since the epoch).
    pub fn uuid(&self, now: i64) -> uuid::Uuid {
        let millis = u64::try_from(now).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes::<10>()).into_uuid()
    }
}

/// SHA-256 in hex: how a token that need not be read back is stored.
pub fn hash(token: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, token.as_bytes()))
}
