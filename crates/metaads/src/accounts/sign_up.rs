//! Creating an account.

use metaads_store::{NewUser, UserId};

use crate::accounts::email::{email_key, is_email};
use crate::accounts::error::AccountError;
use crate::accounts::passwords;
use crate::app::App;
use crate::config::accounts::Registration;
use crate::rate_limit;
use crate::rate_limit::Bucket;

/// Registers a user. The first user, or those named by METAADS_ADMIN_EMAILS, become admins.
pub async fn register(app: &App, email: &str, password: &str, address: &str) -> Result<UserId, AccountError> {
    if app.config.accounts.registration != Registration::Open {
        return Err(AccountError::RegistrationClosed);
    }
    let email = email.trim();
    if !is_email(email) {
        return Err(AccountError::InvalidEmail);
    }
    passwords::check(password, email)?;
    if !rate_limit::allow(app, &Bucket::Register { address }).await? {
        return Err(AccountError::RateLimited);
    }
    let key = email_key(email);
    let is_admin = match app.config.accounts.admin_emails.as_slice() {
        [] => None,
        named => Some(named.contains(&key)),
    };
    let user = NewUser {
        id: app.new_user_id(),
        email: email.to_owned(),
        email_key: key,
        password_hash: app.passwords.hash(password).await,
        is_admin,
        created_at: app.now(),
    };
    if app.store.insert_user(&user).await? { Ok(user.id) } else { Err(AccountError::EmailTaken) }
}
