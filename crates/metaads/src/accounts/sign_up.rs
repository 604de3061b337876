//! Making an account.

use metaads_store::{NewUser, UserId};

use super::throttle::{self, Bucket};
use super::{AccountError, email_key, passwords};
use crate::app::App;
use crate::config::Registration;

/// Registers a user. The first one, or whoever METAADS_ADMIN_EMAILS names, gets the admin role.
pub async fn register(app: &App, email: &str, password: &str, address: &str) -> Result<UserId, AccountError> {
    if app.config.registration != Registration::Open {
        return Err(AccountError::RegistrationClosed);
    }
    let email = email.trim();
    if !is_email(email) {
        return Err(AccountError::EmailImpossible);
    }
    passwords::check(password, email)?;
    if !throttle::allow(app, &Bucket::Register { address }).await? {
        return Err(AccountError::Throttled);
    }
    let key = email_key(email);
    let is_admin = match app.config.admin_emails.as_slice() {
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

/// What can be an address: something, one @, a host with no blanks. Only mail can tell more.
fn is_email(email: &str) -> bool {
    let Some((local, host)) = email.rsplit_once('@') else { return false };
    let plain = |text: &str| {
        !text.is_empty() && !text.chars().any(|character| character.is_whitespace() || character.is_control())
    };
    email.len() <= 254
        && plain(local)
        && plain(host)
        && !local.contains('@')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !host.contains(['<', '>', '"', ',', ';'])
        && !local.contains(['<', '>', '"', ',', ';'])
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn addresses_are_told_from_other_text() {
        for good in ["a@b.example", "lena.marsh+ads@nordlicht.example", "ü@müller.example", "root@localhost"]
        {
            assert!(is_email(good), "{good}");
        }
        let long = format!("{}@b.example", "a".repeat(250));
        for bad in
            ["", "a", "@b", "a@", "a b@c.example", "a@b@c.example", "a@.example", "<a@b.example>", &long]
        {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
