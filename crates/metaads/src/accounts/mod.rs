//! People who sign in here: decisions, without any web framework.

pub mod closing;
pub mod passwords;
pub mod sessions;
pub mod sign_in;
pub mod sign_up;
pub mod throttle;

use metaads_store::StoreError;

/// Lower case, trimmed, without control characters (PostgreSQL refuses NUL): under this two spellings
/// of an address are one account.
pub fn email_key(email: &str) -> String {
    email.trim().to_lowercase().chars().filter(|character| !character.is_control()).collect()
}

/// Why an account action did not happen, where the person can do something about it.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("the e-mail address is not one")]
    EmailImpossible,
    #[error("the e-mail address has an account already")]
    EmailTaken,
    #[error(transparent)]
    Password(#[from] passwords::WeakPassword),
    #[error("address and password do not match")]
    NoMatch,
    #[error("too many attempts")]
    Throttled,
    #[error("registration is closed")]
    RegistrationClosed,
    #[error(transparent)]
    Store(#[from] StoreError),
}
