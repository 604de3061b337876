//! What an operator does with accounts at the command line: create and list users, promote and demote, reset a password,
//! invite. Each action is an account event.

use metaads_store::{
    AccountEvent, AccountLink, AdminChange, AdminOutcome, LastAdmin, LinkKind, LinkPurpose, NewUser,
    StoreError, User,
};

use crate::accounts::email::{email_key, is_email, shown_email};
use crate::accounts::links::{self, MadeLink};
use crate::accounts::{events, sign_in};
use crate::app::App;
use crate::config::accounts::Registration;

/// Users read from the database at once.
const PAGE: i64 = 500;

/// Whether a new user is an admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    User,
    Admin,
}

/// Why an operator's action did not happen.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    #[error("{0} is not an email address")]
    InvalidEmail(String),
    #[error("{0} has an account already: `metaads admin users reset-password` makes a new link for it")]
    EmailTaken(String),
    #[error("nobody has an account with the address {0}: `metaads admin users list` shows all")]
    NoUser(String),
    #[error(
        "{0} is the only admin: promote somebody else first, or repeat the command with --last-admin to leave this \
         installation without one"
    )]
    LastAdmin(String),
    #[error(
        "METAADS_REGISTRATION is closed, so an invitation could not be used: create the user with `metaads admin users create`"
    )]
    RegistrationClosed,
    #[error("there is no invitation for {0}: `metaads admin invitations list` shows all")]
    NoInvitation(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Creates a user without a password, and the link that sets it.
pub async fn create_user(app: &App, email: &str, role: Role) -> Result<(User, MadeLink), OperatorError> {
    let email = address(email)?;
    let user = NewUser {
        id: app.new_user_id(),
        email_key: email_key(&email),
        email: email.clone(),
        password_hash: String::new(),
        is_admin: Some(role == Role::Admin),
        email_proven_at: None,
        created_at: app.now(),
    };
    if sign_in::find_user(app, &email).await?.is_some() || !app.store.insert_user(&user).await? {
        return Err(OperatorError::EmailTaken(email));
    }
    events::record_by_operator(app, Some(&user.id), AccountEvent::Created).await;
    if role == Role::Admin {
        events::record_by_operator(app, Some(&user.id), AccountEvent::Promoted).await;
    }
    let link = links::make(app, LinkPurpose::Password { user_id: user.id }).await?;
    Ok((find(app, &email).await?, link))
}

pub async fn list_users(app: &App) -> Result<Vec<User>, StoreError> {
    let mut users: Vec<User> = Vec::new();
    loop {
        let after = users.last().map_or("", |user| user.id.as_str()).to_owned();
        let page = app.store.list_users(&after, PAGE).await?;
        if page.is_empty() {
            return Ok(users);
        }
        users.extend(page);
    }
}

pub async fn promote(app: &App, email: &str) -> Result<User, OperatorError> {
    let user = find(app, email).await?;
    if app.store.change_admin(&user.id, AdminChange::Promote).await? == AdminOutcome::Changed {
        events::record_by_operator(app, Some(&user.id), AccountEvent::Promoted).await;
    }
    find(app, email).await
}

pub async fn demote(app: &App, email: &str, last: LastAdmin) -> Result<User, OperatorError> {
    let user = find(app, email).await?;
    match app.store.change_admin(&user.id, AdminChange::Demote(last)).await? {
        AdminOutcome::Changed => events::record_by_operator(app, Some(&user.id), AccountEvent::Demoted).await,
        AdminOutcome::Unchanged => {}
        AdminOutcome::IsLast => return Err(OperatorError::LastAdmin(user.email)),
    }
    find(app, email).await
}

/// A link that sets a new password. The old one works until the link is used.
pub async fn reset_password(app: &App, email: &str) -> Result<(User, MadeLink), OperatorError> {
    let user = find(app, email).await?;
    let link = links::make(app, LinkPurpose::Password { user_id: user.id.clone() }).await?;
    events::record_by_operator(app, Some(&user.id), AccountEvent::ResetLinkMade).await;
    Ok((user, link))
}

/// Invites somebody to register with this address. An earlier invitation of the address ends.
pub async fn invite(app: &App, email: &str) -> Result<(String, MadeLink), OperatorError> {
    if app.config.accounts.registration == Registration::Closed {
        return Err(OperatorError::RegistrationClosed);
    }
    let email = address(email)?;
    if sign_in::find_user(app, &email).await?.is_some() {
        return Err(OperatorError::EmailTaken(email));
    }
    let purpose = LinkPurpose::Invitation { email_key: email_key(&email), email: email.clone() };
    let link = links::make(app, purpose).await?;
    events::record_by_operator(app, None, AccountEvent::InvitationMade).await;
    Ok((email, link))
}

/// Invitations that can still be used.
pub async fn list_invitations(app: &App) -> Result<Vec<AccountLink>, StoreError> {
    app.store.list_account_links(LinkKind::Invitation, app.now()).await
}

/// Withdraws the invitation of an address, or the one with this id.
pub async fn withdraw_invitation(app: &App, email_or_id: &str) -> Result<(), OperatorError> {
    let key = if email_or_id.contains('@') { email_key(email_or_id) } else { email_or_id.to_owned() };
    if !app.store.delete_invitation(&key).await? {
        return Err(OperatorError::NoInvitation(email_or_id.to_owned()));
    }
    events::record_by_operator(app, None, AccountEvent::InvitationWithdrawn).await;
    Ok(())
}

fn address(email: &str) -> Result<String, OperatorError> {
    let shown = shown_email(email);
    if is_email(&shown) { Ok(shown) } else { Err(OperatorError::InvalidEmail(email.to_owned())) }
}

async fn find(app: &App, email: &str) -> Result<User, OperatorError> {
    sign_in::find_user(app, email).await?.ok_or_else(|| OperatorError::NoUser(email.to_owned()))
}

/// Gives every user the address key of the current rule. Returns the ids of users whose address looks like another
/// user's: they keep their old key, and sign in with exactly that spelling.
pub async fn update_email_keys(app: &App) -> Result<Vec<String>, StoreError> {
    let mut alike = Vec::new();
    loop {
        let outdated = app.store.list_outdated_email_keys(PAGE).await?;
        if outdated.is_empty() {
            return Ok(alike);
        }
        for (id, email) in outdated {
            if !app.store.update_email_key(&id, &email_key(&email)).await? {
                alike.push(id.to_string());
            }
        }
    }
}
