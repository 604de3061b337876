//! Password rules and hashing. Hashing is slow on purpose, so it runs off the async threads and
//! only a few at a time: a flood of sign-ins queues instead of exhausting the machine.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::codes::weak_password::WeakPassword;

/// Fewest characters of a password.
pub const MIN_CHARACTERS: usize = 10;
/// Most bytes of a password: anything longer is an attack on the hash.
const MAX_BYTES: usize = 1024;
/// Hashes computed at the same time.
const MAX_CONCURRENT_HASHES: usize = 2;

/// Verified against if there is no account, so that both take the same time: the hash of a random password, with the
/// parameters of [`Passwords::new`].
const DUMMY_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$O5e68apaEveqdUa2naxMWg$S3EFjnWhzo0CRBp2NxcF+pAtn3oBWCdI8U+fVLFUWtc";

/// Passwords of ten characters or more from public lists of the most common ones.
const COMMON: &str = include_str!("common_passwords.txt");

/// Checks a new password. No rules about which characters, only length and guessability.
pub fn check(password: &str, email: &str) -> Result<(), WeakPassword> {
    if password.chars().count() < MIN_CHARACTERS {
        return Err(WeakPassword::TooShort);
    }
    if password.len() > MAX_BYTES {
        return Err(WeakPassword::TooLong);
    }
    let lower = password.to_lowercase();
    let distinct: std::collections::HashSet<char> = lower.chars().collect();
    let is_run = lower.as_bytes().windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1));
    if distinct.len() < 4 || is_run || COMMON.lines().any(|common| common == lower) {
        return Err(WeakPassword::Common);
    }
    let email = crate::accounts::email::email_key(email);
    let name = email.split('@').next().unwrap_or_default();
    let without_digits = lower.trim_matches(|character: char| !character.is_alphabetic());
    if lower == email || without_digits == name || lower.contains("metaads") {
        return Err(WeakPassword::LikeTheAddress);
    }
    Ok(())
}

/// Hashes and verifies.
#[derive(Debug)]
pub struct Passwords {
    permits: Semaphore,
    params: Params,
}

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
        Passwords { permits: Semaphore::new(MAX_CONCURRENT_HASHES), params }
    }

    /// The PHC string to store.
    pub async fn hash(&self, password: &str) -> String {
        let (params, password) = (self.params.clone(), Zeroizing::new(password.to_owned()));
        self.off_thread(move || hash_now(&params, &password)).await
    }

    /// Whether a password matches a stored hash. Without a hash it takes as long and is false.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> bool {
        let known = stored.is_some();
        let stored = stored.unwrap_or(DUMMY_HASH).to_owned();
        let password = Zeroizing::new(password.to_owned());
        let matches = self
            .off_thread(move || {
                let parsed = PasswordHash::new(&stored);
                parsed.is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await;
        known && matches
    }

    async fn off_thread<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        crate::tasks::blocking(work).await
    }
}

impl Default for Passwords {
    fn default() -> Passwords {
        Passwords::new()
    }
}

fn hash_now(params: &Params, password: &str) -> String {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password(password.as_bytes())
        .expect("hashing fails only for parameters that new() refuses")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_characters_of_any_script() {
        assert_eq!(check("ひらがなのパスワ", "a@b.example"), Err(WeakPassword::TooShort));
        assert_eq!(check("ひらがなのパスワード", "a@b.example"), Ok(()));
        assert_eq!(check(&"x1y2".repeat(300), "a@b.example"), Err(WeakPassword::TooLong));
    }

    #[test]
    fn common_and_guessable_passwords_are_refused() {
        for password in ["1234567890", "Password123", "aaaaaaaaaaaa", "qwertyuiop", "abcdefghijkl"] {
            assert_eq!(check(password, "a@b.example"), Err(WeakPassword::Common), "{password}");
        }
        for password in ["lena.marsh1", "lena.marsh@x.example", "MetaAds-2026!"] {
            let email = "lena.marsh@x.example";
            assert_eq!(check(password, email), Err(WeakPassword::LikeTheAddress), "{password}");
        }
    }

    #[tokio::test]
    async fn only_the_right_password_matches_and_without_an_account_none_does() {
        let passwords = Passwords::for_tests();
        let stored = passwords.hash("correct horse battery").await;
        assert!(stored.starts_with("$argon2id$v=19$"));
        assert!(passwords.verify("correct horse battery", Some(&stored)).await);
        assert!(!passwords.verify("correct horse batterY", Some(&stored)).await);
        assert!(!passwords.verify("some password", None).await);
        assert!(!passwords.verify("x", Some("not a hash")).await);
        assert!(
            PasswordHash::new(DUMMY_HASH).is_ok(),
            "otherwise an unknown address would be answered at once"
        );
    }
}
