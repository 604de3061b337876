//! Signing in, and changing the password. An unknown address and a wrong password get the same response in the same time.

use metaads_store::{SignedIn, User};

use crate::accounts::email::email_key;
use crate::accounts::error::AccountError;
use crate::accounts::passwords;
use crate::app::App;
use crate::random::hash;
use crate::rate_limit;
use crate::rate_limit::Bucket;

/// One attempt: where it comes from, and what the browser carries from an earlier sign-in.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    pub email: &'a str,
    pub password: &'a str,
    pub address: &'a str,
    pub device_token: Option<&'a str>,
}

/// The user whose address and password these are, and whether this browser was known to them.
pub async fn sign_in(app: &App, attempt: Attempt<'_>) -> Result<(User, bool), AccountError> {
    let key = email_key(attempt.email);
    let user = app.store.find_user_by_email(&key).await?;
    let device_hash = attempt.device_token.map(hash);
    let is_known = match (&user, &device_hash) {
        (Some(user), Some(device)) => app.store.is_known_device(device, &user.id, app.now()).await?,
        _ => false,
    };
    let bucket = match &device_hash {
        Some(device_hash) if is_known => Bucket::SignInKnownDevice { device_hash },
        _ => Bucket::SignInUnknownDevice { email_key: &key },
    };
    // Counted before the password is verified, so that parallel guesses count too. An address that is rate limited no
    // longer counts against accounts.
    let of_address =
        is_known || rate_limit::allow(app, &Bucket::SignInAddress { address: attempt.address }).await?;
    if !of_address || !rate_limit::allow(app, &bucket).await? {
        return Err(AccountError::RateLimited);
    }
    let stored = user.as_ref().map(|user| user.password_hash.as_str());
    if !app.passwords.verify(attempt.password, stored).await {
        return Err(AccountError::NoMatch);
    }
    rate_limit::clear(app, &bucket).await?;
    user.map(|user| (user, is_known)).ok_or(AccountError::NoMatch)
}

/// Confirms the password of a signed-in user, before what cannot be undone.
pub async fn confirm_password(app: &App, who: &SignedIn, password: &str) -> Result<(), AccountError> {
    let bucket = Bucket::PasswordCheck { user: &who.user_id };
    if !rate_limit::allow(app, &bucket).await? {
        return Err(AccountError::RateLimited);
    }
    let user = app.store.find_user(&who.user_id).await?;
    let stored = user.as_ref().map(|user| user.password_hash.as_str());
    if !app.passwords.verify(password, stored).await {
        return Err(AccountError::NoMatch);
    }
    rate_limit::clear(app, &bucket).await?;
    Ok(())
}

/// Changes the password; every other session of the user ends.
pub async fn change_password(
    app: &App,
    who: &SignedIn,
    device_token: Option<&str>,
    old: &str,
    new: &str,
) -> Result<(), AccountError> {
    confirm_password(app, who, old).await?;
    passwords::check(new, &who.email)?;
    let hashed = app.passwords.hash(new).await;
    let device = device_token.map(hash).unwrap_or_default();
    app.store.update_password(&who.user_id, &hashed, who.session_id.as_str(), &device, app.now()).await?;
    Ok(())
}
