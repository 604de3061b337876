//! Password rules and hashing. Hashing is slow and takes 19 MiB on purpose, so it runs off the async threads, a few at a
//! time, in memory that is reused; a bounded number of others wait.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::accounts::common_passwords::is_common;
use crate::accounts::email::email_key;
use crate::codes::weak_password::WeakPassword;

/// Fewest characters of a password.
pub const MIN_CHARACTERS: usize = 10;
/// Most bytes of a password: anything longer is an attack on the hash.
const MAX_BYTES: usize = 1024;
/// Most bytes of a password that is compared: decomposed, the longest one takes three times its composed length.
const MAX_COMPARED_BYTES: usize = 3 * MAX_BYTES;
/// Hashes computed at the same time.
const MAX_CONCURRENT_HASHES: usize = 2;
/// Hashes computed or waited for; at 20 to 50 ms each, the last one waits about a second.
const MAX_QUEUED_HASHES: usize = 64;

/// Verified against if there is no account, so that both take the same time: the hash of a random password, with the
/// parameters of [`Passwords::new`].
const DUMMY_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$O5e68apaEveqdUa2naxMWg$S3EFjnWhzo0CRBp2NxcF+pAtn3oBWCdI8U+fVLFUWtc";

/// Checks a new password. No rules about which characters, only length and guessability.
pub fn check(password: &str, email: &str) -> Result<(), WeakPassword> {
    let password = composed(password);
    if password.chars().count() < MIN_CHARACTERS {
        return Err(WeakPassword::TooShort);
    }
    if password.len() > MAX_BYTES {
        return Err(WeakPassword::TooLong);
    }
    let lower = Zeroizing::new(password.to_lowercase());
    let email = email_key(email);
    let name = email.split('@').next().unwrap_or_default();
    let without_digits = lower.trim_matches(|character: char| !character.is_alphabetic());
    if *lower == email || without_digits == name || lower.contains("metaads") {
        return Err(WeakPassword::LikeTheAddress);
    }
    if is_common(&password) { Err(WeakPassword::Common) } else { Ok(()) }
}

/// Keyboards send the same letter composed or decomposed, so passwords are hashed in the composed form (NFC).
fn composed(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfc().collect())
}

/// Too many hashes are waited for already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked at the moment")]
pub struct Busy;

/// Whether a password matches a stored hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    No,
    Yes,
    /// The hash was made before passwords were composed: it should be replaced.
    YesInOldForm,
}

/// Hashes and verifies.
#[derive(Debug)]
pub struct Passwords {
    queue: Arc<Semaphore>,
    permits: Arc<Semaphore>,
    memory: Arc<Mutex<Vec<Memory>>>,
    params: Params,
}

/// Working memory of one hash. At most as many exist as hashes run at once.
type Memory = Vec<Block>;

impl Passwords {
    /// argon2id with 19 MiB and two passes (OWASP's first choice).
    pub fn new() -> Passwords {
        Passwords::with(Params::new(19 * 1024, 2, 1, None).expect("parameters within argon2's bounds"))
    }

    /// The weakest parameters, for tests that sign in a thousand times.
    pub fn for_tests() -> Passwords {
        Passwords::with(Params::new(8, 1, 1, None).expect("parameters within argon2's bounds"))
    }

    fn with(params: Params) -> Passwords {
        Passwords {
            queue: Arc::new(Semaphore::new(MAX_QUEUED_HASHES)),
            permits: Arc::new(Semaphore::new(MAX_CONCURRENT_HASHES)),
            memory: Arc::default(),
            params,
        }
    }

    /// The PHC string to store.
    pub async fn hash(&self, password: &str) -> Result<String, Busy> {
        let (params, password) = (self.params.clone(), composed(password));
        self.run(move |memory| hash_now(params, password.as_bytes(), memory)).await
    }

    /// Whether a password matches a stored hash. Without a hash it takes as long and does not match.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<Match, Busy> {
        let stored = stored.filter(|stored| !stored.is_empty() && password.len() <= MAX_COMPARED_BYTES);
        let hash = stored.unwrap_or(DUMMY_HASH).to_owned();
        let forms =
            if password.len() > MAX_COMPARED_BYTES { vec![Zeroizing::default()] } else { forms(password) };
        let found = self.run(move |memory| {
            let Ok(hash) = PasswordHash::new(&hash) else { return None };
            forms.iter().position(|form| matches(&hash, form.as_bytes(), memory))
        });
        Ok(match (stored, found.await?) {
            (None, _) | (Some(_), None) => Match::No,
            (Some(_), Some(0)) => Match::Yes,
            (Some(_), Some(_)) => Match::YesInOldForm,
        })
    }

    /// Runs on a thread, with memory for hashing. A hash that has started keeps its permit until it ends, even if
    /// nobody waits for it any more.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| Busy)?;
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permits: [OwnedSemaphorePermit; 2] = [place, permit.expect("the semaphore is never closed")];
        let pool = Arc::clone(&self.memory);
        let done = crate::tasks::blocking(move || {
            let mut memory = pool.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            let done = work(&mut memory);
            // It is derived from the password.
            memory.fill(Block::default());
            pool.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            drop(permits);
            done
        });
        Ok(done.await)
    }
}

impl Default for Passwords {
    fn default() -> Passwords {
        Passwords::new()
    }
}

/// How a password may have been hashed: composed, and for hashes of earlier versions as it was typed or decomposed.
fn forms(password: &str) -> Vec<Zeroizing<String>> {
    let mut forms = vec![composed(password)];
    for form in [Zeroizing::new(password.to_owned()), Zeroizing::new(password.nfd().collect())] {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

fn hash_now(params: Params, password: &[u8], memory: &mut Memory) -> String {
    let salt = Salt::generate();
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    let text = "parameters within argon2's bounds have a PHC form";
    let shown = ParamsString::try_from(&params).expect(text);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    compute(&argon2, password, &salt, &mut out, memory)
        .expect("hashing fails only for parameters that new() refuses");
    PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: shown,
        salt: Some(salt),
        hash: Some(Output::new(&out).expect("the output has the default length")),
    }
    .to_string()
}

fn matches(hash: &PasswordHash, password: &[u8], memory: &mut Memory) -> bool {
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else { return false };
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from);
    let parts = (Algorithm::try_from(hash.algorithm.as_str()), version, Params::try_from(hash));
    let (Ok(algorithm), Ok(version), Ok(params)) = parts else { return false };
    let mut buffer = [0; Output::MAX_LENGTH];
    let out = &mut buffer[..expected.len()];
    let argon2 = Argon2::new(algorithm, version, params);
    // Compared in constant time.
    compute(&argon2, password, salt, out, memory).is_ok()
        && Output::new(out).is_ok_and(|computed| computed == *expected)
}

fn compute(
    argon2: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    out: &mut [u8],
    memory: &mut Memory,
) -> Result<(), argon2::Error> {
    let blocks = argon2.params().block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::default());
    }
    argon2.hash_password_into_with_memory(password, salt, out, memory.as_mut_slice())
}

#[cfg(test)]
#[path = "passwords_tests.rs"]
mod tests;
