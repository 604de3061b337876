//! Creating an account.

use metaads_store::{AccountEvent, Actor, NewUser, UserId};

use crate::accounts::email::{email_key, is_email, shown_email};
use crate::accounts::error::AccountError;
use crate::accounts::events::{self, Origin};
use crate::accounts::{passwords, sign_in};
use crate::app::App;
use crate::config::accounts::Registration;
use crate::rate_limit::{self, Bucket, Verdict};

/// Registers a user. In the demo the first one becomes admin; elsewhere nobody does by registering, because the address
/// is not proven.
pub async fn register(
    app: &App,
    email: &str,
    password: &str,
    origin: &Origin,
) -> Result<UserId, AccountError> {
    if app.config.accounts.registration != Registration::Open {
        return Err(AccountError::RegistrationClosed);
    }
    let email = shown_email(email);
    if !is_email(&email) {
        return Err(AccountError::InvalidEmail);
    }
    passwords::check(password, &email)?;
    match rate_limit::hit(app, &Bucket::Register { address: &origin.address }).await? {
        Verdict::Allowed => {}
        Verdict::JustFull => {
            let event = AccountEvent::RegistrationThrottled;
            events::record_refused(app, None, Actor::Anonymous, event, origin).await;
            return Err(AccountError::RateLimited);
        }
        Verdict::Refused => return Err(AccountError::RateLimited),
    }
    // An account whose address looks like another one's keeps its own key.
    if sign_in::find_user(app, &email).await?.is_some() {
        return Err(AccountError::EmailTaken);
    }
    let user = NewUser {
        id: app.new_user_id(),
        email_key: email_key(&email),
        email,
        password_hash: app.passwords.hash(password).await?,
        is_admin: if app.is_demo() { None } else { Some(false) },
        email_proven_at: None,
        created_at: app.now(),
    };
    if !app.store.insert_user(&user).await? {
        return Err(AccountError::EmailTaken);
    }
    events::record_own(app, &user.id, AccountEvent::Registered, origin).await;
    Ok(user.id)
}
