//! Why an account action did not happen, where the person can do something about it.

use metaads_store::StoreError;

use crate::codes::weak_password::WeakPassword;

#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("not an e-mail address")]
    InvalidEmail,
    #[error("the e-mail address already has an account")]
    EmailTaken,
    #[error(transparent)]
    Password(#[from] WeakPassword),
    #[error("address and password do not match")]
    NoMatch,
    #[error("too many attempts")]
    RateLimited,
    #[error("registration is closed")]
    RegistrationClosed,
    #[error(transparent)]
    Store(#[from] StoreError),
}
