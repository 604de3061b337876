//! Mistakes on the forms for sign-in, registration and passwords, below their field.

use crate::codes::weak_password::WeakPassword;

pub const INVALID_EMAIL: &str = "Enter an email address such as you@company.example.";
pub const WRONG_PASSWORD: &str = "That is not your password.";
pub const WRONG_PASSWORD_OF_ACCOUNT: &str = "This address has an account, and that is not its password.";
pub const EMAIL_TAKEN: &str = "This address has an account already. Sign in instead.";
pub const LAST_ADMIN: &str = "You are the only admin. Tick the box to delete your account anyway.";
pub const TOO_MANY_ATTEMPTS: &str = "Too many attempts. Wait 15 minutes.";

pub fn weak_password(why: WeakPassword) -> &'static str {
    match why {
        WeakPassword::TooShort => "Use at least 10 characters.",
        WeakPassword::TooLong => "Use at most 1,024 bytes.",
        WeakPassword::Common => "That password is on the lists that attackers try first. Choose another one.",
        WeakPassword::LikeTheAddress => {
            "That password is too close to your email address. Choose another one."
        }
    }
}
