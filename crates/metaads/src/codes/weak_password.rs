//! Why a new password is refused.

#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum WeakPassword {
    #[error("the password is too short")]
    TooShort,
    #[error("the password is too long")]
    TooLong,
    /// Among the passwords that attackers try first.
    #[error("the password is a common one")]
    Common,
    #[error("the password is too close to the email address")]
    LikeTheAddress,
}
