//! Why an account action did not happen, where the person can do something about it.

use metaads_store::StoreError;

use crate::accounts::passwords::Busy;
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
    /// A one-time link that was used, replaced, withdrawn, or has expired.
    #[error("the link can no longer be used")]
    LinkGone,
    /// The last admin cannot leave without confirming it.
    #[error("the user is the only admin")]
    LastAdmin,
    /// A later attempt can succeed.
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error(transparent)]
    Store(#[from] StoreError),
}
