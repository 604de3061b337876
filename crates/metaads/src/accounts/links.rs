//! One-time links that an operator hands out: setting up the first admin, invitations, setting a password. Without email
//! they are the only proof that an address is a person's. A link is shown once and stored hashed.

use metaads_store::{
    AccountEvent, AccountLink, Actor, LinkEffect, LinkOutcome, LinkPurpose, NewAccountLink, NewUser,
    StoreError, UserId,
};

use crate::accounts::email::{email_key, is_email, shown_email};
use crate::accounts::error::AccountError;
use crate::accounts::events::{self, Origin};
use crate::accounts::{passwords, sign_in};
use crate::app::App;
use crate::clock::{DAY, HOUR};
use crate::config::accounts::Registration;
use crate::random::hash;

const SETUP_TTL: i64 = DAY;
const INVITATION_TTL: i64 = 7 * DAY;
const PASSWORD_TTL: i64 = 2 * DAY;
/// A link's token has 43 characters.
const MOST_TOKEN_CHARACTERS: usize = 64;

/// A link that was just made: the only moment at which it is known.
#[derive(Debug, Clone)]
pub struct MadeLink {
    pub id: String,
    pub url: String,
    pub expires_at: i64,
}

/// What the person typed on the page of a link.
#[derive(Debug, Clone, Copy)]
pub struct LinkForm<'a> {
    /// Only a setup link asks for it.
    pub email: &'a str,
    pub password: &'a str,
    pub origin: &'a Origin,
}

/// Makes a link; an earlier one for the same purpose ends.
pub async fn make(app: &App, purpose: LinkPurpose) -> Result<MadeLink, StoreError> {
    let now = app.now();
    let ttl = match &purpose {
        LinkPurpose::Setup => SETUP_TTL,
        LinkPurpose::Invitation { .. } => INVITATION_TTL,
        LinkPurpose::Password { .. } => PASSWORD_TTL,
    };
    let token = app.random.token();
    let link = NewAccountLink {
        id: app.new_row_id(),
        token_hash: hash(&token),
        purpose,
        created_at: now,
        expires_at: now + ttl,
    };
    app.store.insert_account_link(&link).await?;
    let url = format!("{}/links?token={token}", app.config.base());
    Ok(MadeLink { id: link.id, url, expires_at: link.expires_at })
}

/// How long a setup link can be used, in hours.
pub fn setup_hours() -> i64 {
    SETUP_TTL / HOUR
}

/// The setup link of an installation without an admin. None in the demo, where the first user becomes admin.
pub async fn make_setup_link(app: &App) -> Result<Option<MadeLink>, StoreError> {
    if app.is_demo() || app.store.is_administered().await? {
        return Ok(None);
    }
    make(app, LinkPurpose::Setup).await.map(Some)
}

/// The link of a token, if it can still be used.
pub async fn find(app: &App, token: &str) -> Result<Option<AccountLink>, StoreError> {
    if token.len() > MOST_TOKEN_CHARACTERS {
        return Ok(None);
    }
    let Some(link) = app.store.find_account_link(&hash(token), app.now()).await? else { return Ok(None) };
    let is_void = match &link.purpose {
        LinkPurpose::Setup => app.store.is_administered().await?,
        LinkPurpose::Invitation { .. } => app.config.accounts.registration == Registration::Closed,
        LinkPurpose::Password { .. } => false,
    };
    Ok(Some(link).filter(|_| !is_void))
}

/// Uses a link up and returns the user who can be signed in now.
pub async fn consume(app: &App, token: &str, form: LinkForm<'_>) -> Result<UserId, AccountError> {
    let link = find(app, token).await?.ok_or(AccountError::LinkGone)?;
    let (effect, event) = match &link.purpose {
        LinkPurpose::Setup => (setup(app, form).await?, AccountEvent::SetupLinkUsed),
        LinkPurpose::Invitation { email, .. } => {
            let is_admin = app.config.accounts.is_named_admin(email);
            let user = new_user(app, email, form.password, Some(is_admin)).await?;
            (LinkEffect::CreateUser(user), AccountEvent::InvitationAccepted)
        }
        LinkPurpose::Password { user_id } => {
            (set_password(app, user_id, form.password).await?, AccountEvent::PasswordReset)
        }
    };
    match app.store.use_account_link(&hash(token), &effect, app.now()).await? {
        LinkOutcome::Done => {}
        LinkOutcome::Gone | LinkOutcome::AdminExists => return Err(AccountError::LinkGone),
        LinkOutcome::EmailTaken => return Err(AccountError::EmailTaken),
    }
    let user = match effect {
        LinkEffect::CreateUser(user) => user.id,
        LinkEffect::Promote(user_id) | LinkEffect::SetPassword { user_id, .. } => user_id,
    };
    events::record(app, Some(&user), Actor::User(user.clone()), event, form.origin).await;
    Ok(user)
}

/// An address that has an account is promoted if its password is right; otherwise the account is created.
async fn setup(app: &App, form: LinkForm<'_>) -> Result<LinkEffect, AccountError> {
    let email = shown_email(form.email);
    if !is_email(&email) {
        return Err(AccountError::InvalidEmail);
    }
    match sign_in::find_user(app, &email).await? {
        Some(user) => {
            sign_in::verify_for_setup(app, &user, form.password, form.origin).await?;
            Ok(LinkEffect::Promote(user.id))
        }
        None => Ok(LinkEffect::CreateUser(new_user(app, &email, form.password, Some(true)).await?)),
    }
}

async fn set_password(app: &App, user_id: &UserId, password: &str) -> Result<LinkEffect, AccountError> {
    let user = app.store.find_user(user_id).await?.ok_or(AccountError::LinkGone)?;
    passwords::check(password, &user.email)?;
    Ok(LinkEffect::SetPassword {
        user_id: user.id,
        password_hash: app.passwords.hash(password).await?,
        is_admin: app.config.accounts.is_named_admin(&user.email),
    })
}

/// A user whose address a link has proven.
async fn new_user(
    app: &App,
    email: &str,
    password: &str,
    is_admin: Option<bool>,
) -> Result<NewUser, AccountError> {
    passwords::check(password, email)?;
    Ok(NewUser {
        id: app.new_user_id(),
        email: email.to_owned(),
        email_key: email_key(email),
        password_hash: app.passwords.hash(password).await?,
        is_admin,
        email_proven_at: Some(app.now()),
        created_at: app.now(),
    })
}
