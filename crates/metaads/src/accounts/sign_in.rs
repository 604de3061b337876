//! Signing in, and changing the password. An unknown address and a wrong password get the same response in the same time.

use metaads_store::{AccountEvent, Actor, AdminChange, AdminOutcome, SignedIn, StoreError, User};

use crate::accounts::email::{email_key, email_key_of_version_1};
use crate::accounts::error::AccountError;
use crate::accounts::events::{self, Origin};
use crate::accounts::passwords::{self, Match};
use crate::app::App;
use crate::random::hash;
use crate::rate_limit::{self, Bucket, Verdict};

/// One attempt: where it comes from, and what the browser carries from an earlier sign-in.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    pub email: &'a str,
    pub password: &'a str,
    pub origin: &'a Origin,
    pub device_token: Option<&'a str>,
}

/// The user of an address. An account whose address looks like an older account's keeps the key that it had, so the
/// exact spelling comes first.
pub async fn find_user(app: &App, email: &str) -> Result<Option<User>, StoreError> {
    let (key, earlier) = (email_key(email), email_key_of_version_1(email));
    if earlier != key
        && let Some(user) = app.store.find_user_by_email(&earlier).await?
    {
        return Ok(Some(user));
    }
    app.store.find_user_by_email(&key).await
}

/// The user whose address and password these are, and whether this browser was known to them.
pub async fn sign_in(app: &App, attempt: Attempt<'_>) -> Result<(User, bool), AccountError> {
    let user = find_user(app, attempt.email).await?;
    let device_hash = attempt.device_token.map(hash);
    let is_known = match (&user, &device_hash) {
        (Some(user), Some(device)) => app.store.is_known_device(device, &user.id, app.now()).await?,
        _ => false,
    };
    let key = email_key(attempt.email);
    let bucket = match &device_hash {
        Some(device_hash) if is_known => Bucket::SignInKnownDevice { device_hash },
        _ => Bucket::SignInUnknownDevice { email_key: &key },
    };
    let outcome = check(app, &attempt, user.as_ref(), is_known, &bucket).await;
    let user_id = user.as_ref().map(|user| &user.id);
    let event = match &outcome {
        Err(Refusal::Throttled(Verdict::JustFull)) => Some(AccountEvent::SignInThrottled),
        Err(Refusal::Error(AccountError::NoMatch)) => Some(AccountEvent::SignInFailed),
        Ok(()) | Err(_) => None,
    };
    if let Some(event) = event {
        events::record_refused(app, user_id, Actor::Anonymous, event, attempt.origin).await;
    }
    outcome.map_err(Refusal::error)?;
    let user = user.ok_or(AccountError::NoMatch)?;
    events::record_own(app, &user.id, AccountEvent::SignedIn, attempt.origin).await;
    promote_named(app, &user).await?;
    Ok((user, is_known))
}

/// Why an attempt was refused.
enum Refusal {
    Throttled(Verdict),
    Error(AccountError),
}

impl Refusal {
    fn error(self) -> AccountError {
        match self {
            Refusal::Throttled(_) => AccountError::RateLimited,
            Refusal::Error(error) => error,
        }
    }
}

impl<E: Into<AccountError>> From<E> for Refusal {
    fn from(error: E) -> Refusal {
        Refusal::Error(error.into())
    }
}

/// Counts the attempt and verifies the password.
async fn check(
    app: &App,
    attempt: &Attempt<'_>,
    user: Option<&User>,
    is_known: bool,
    bucket: &Bucket<'_>,
) -> Result<(), Refusal> {
    // Counted before the password is verified, so that parallel guesses count too. An address that is rate limited no
    // longer counts against accounts.
    if !is_known {
        pass(rate_limit::hit(app, &Bucket::SignInAddress { address: &attempt.origin.address }).await?)?;
    }
    pass(rate_limit::hit(app, bucket).await?)?;
    let successes = user.map(|user| Bucket::SignedIn { user: &user.id });
    if successes.as_ref().is_some_and(|successes| rate_limit::is_full(app, successes)) {
        return Err(Refusal::Throttled(Verdict::Refused));
    }
    let is_match = verify(app, user, attempt.password).await?;
    let (Some(successes), true) = (successes, is_match) else {
        return Err(Refusal::Error(AccountError::NoMatch));
    };
    pass(rate_limit::hit(app, &successes).await?)?;
    rate_limit::clear(app, bucket).await?;
    Ok(())
}

fn pass(verdict: Verdict) -> Result<(), Refusal> {
    match verdict {
        Verdict::Allowed => Ok(()),
        Verdict::JustFull | Verdict::Refused => Err(Refusal::Throttled(verdict)),
    }
}

/// Whether the password is the user's. A hash that was made before passwords were composed is replaced.
async fn verify(app: &App, user: Option<&User>, password: &str) -> Result<bool, AccountError> {
    let stored = user.map(|user| user.password_hash.as_str());
    match (app.passwords.verify(password, stored).await?, user) {
        (Match::No, _) => Ok(false),
        (Match::YesInOldForm, Some(user)) => {
            let hashed = app.passwords.hash(password).await?;
            app.store.replace_password_hash(&user.id, &user.password_hash, &hashed).await?;
            Ok(true)
        }
        (Match::Yes | Match::YesInOldForm, _) => Ok(true),
    }
}

/// METAADS_ADMIN_EMAILS counts once the address is proven.
async fn promote_named(app: &App, user: &User) -> Result<(), StoreError> {
    let counts = user.email_proven_at.is_some() && app.config.accounts.is_named_admin(&user.email);
    if counts
        && !user.is_admin
        && app.store.change_admin(&user.id, AdminChange::Promote).await? == AdminOutcome::Changed
    {
        events::record_by_operator(app, Some(&user.id), AccountEvent::Promoted).await;
    }
    Ok(())
}

/// Verifies the password of an account that a setup link is about to promote.
pub async fn verify_for_setup(
    app: &App,
    user: &User,
    password: &str,
    origin: &Origin,
) -> Result<(), AccountError> {
    let bucket = Bucket::PasswordCheck { user: &user.id };
    confirm(app, &bucket, user, Actor::Anonymous, password, origin).await
}

/// Confirms the password of a signed-in user, before what cannot be undone.
pub async fn confirm_password(
    app: &App,
    who: &SignedIn,
    password: &str,
    origin: &Origin,
) -> Result<(), AccountError> {
    let user = app.store.find_user(&who.user_id).await?.ok_or(AccountError::NoMatch)?;
    let actor = Actor::User(user.id.clone());
    confirm(app, &Bucket::PasswordCheck { user: &user.id }, &user, actor, password, origin).await?;
    app.store.confirm_session(&who.session_id, app.now()).await?;
    Ok(())
}

async fn confirm(
    app: &App,
    bucket: &Bucket<'_>,
    user: &User,
    actor: Actor,
    password: &str,
    origin: &Origin,
) -> Result<(), AccountError> {
    let (event, error) = match rate_limit::hit(app, bucket).await? {
        Verdict::Allowed if verify(app, Some(user), password).await? => return Ok(()),
        Verdict::Allowed => (AccountEvent::PasswordCheckFailed, AccountError::NoMatch),
        Verdict::JustFull => (AccountEvent::PasswordCheckThrottled, AccountError::RateLimited),
        Verdict::Refused => return Err(AccountError::RateLimited),
    };
    events::record_refused(app, Some(&user.id), actor, event, origin).await;
    Err(error)
}

/// Changes the password; every other session of the user ends.
pub async fn change_password(
    app: &App,
    who: &SignedIn,
    device_token: Option<&str>,
    (old, new): (&str, &str),
    origin: &Origin,
) -> Result<(), AccountError> {
    confirm_password(app, who, old, origin).await?;
    passwords::check(new, &who.email)?;
    let hashed = app.passwords.hash(new).await?;
    let device = device_token.map(hash).unwrap_or_default();
    app.store.update_password(&who.user_id, &hashed, who.session_id.as_str(), &device, app.now()).await?;
    events::record_own(app, &who.user_id, AccountEvent::PasswordChanged, origin).await;
    Ok(())
}
