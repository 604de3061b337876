//! Rate limits on requests, kept in the database so that replicas share them.
//!
//! Guessing is slowed down per account and per address. No attacker can lock an owner out: a browser that has signed in
//! to the account before has a bucket of its own. A success counts too, in a bucket that only those can fill who know
//! the password.

pub mod full_buckets;

use metaads_store::{ConnectSessionId, StoreError, UserId};

use crate::app::App;
use crate::clock::MINUTE;

/// What is counted. Buckets hold no e-mail address in clear.
#[derive(Debug)]
pub enum Bucket<'a> {
    /// Sign-ins to one account from browsers it does not know.
    SignInUnknownDevice {
        email_key: &'a str,
    },
    /// Sign-ins to one account from one browser that it knows.
    SignInKnownDevice {
        device_hash: &'a str,
    },
    /// Successful sign-ins to one account.
    SignedIn {
        user: &'a UserId,
    },
    /// Sign-ins from one address.
    SignInAddress {
        address: &'a str,
    },
    Register {
        address: &'a str,
    },
    /// Authorizations that one user starts.
    Connect {
        user: &'a UserId,
    },
    /// Authorizations that start in one connect session.
    ConnectSession {
        session: &'a ConnectSessionId,
    },
    /// Actions of one user that call Meta at once.
    AskMeta {
        user: &'a UserId,
    },
    /// Calls to Meta that the actions of one user cause. All users share the app's quotas.
    MetaCalls {
        user: &'a UserId,
    },
    /// Checks of the current password by a signed-in user.
    PasswordCheck {
        user: &'a UserId,
    },
}

impl Bucket<'_> {
    fn name(&self) -> String {
        match self {
            Bucket::SignInUnknownDevice { email_key } => {
                format!("sign-in:{}", crate::random::hash(email_key))
            }
            Bucket::SignInKnownDevice { device_hash } => format!("sign-in-device:{device_hash}"),
            Bucket::SignInAddress { address } => format!("sign-in-address:{address}"),
            Bucket::SignedIn { user } => format!("signed-in:{user}"),
            Bucket::Register { address } => format!("register:{address}"),
            Bucket::Connect { user } => format!("connect:{user}"),
            Bucket::ConnectSession { session } => format!("connect-session:{session}"),
            Bucket::AskMeta { user } => format!("ask-meta:{user}"),
            Bucket::MetaCalls { user } => format!("meta-calls:{user}"),
            Bucket::PasswordCheck { user } => format!("password:{user}"),
        }
    }

    /// Hits allowed, and the window in milliseconds.
    fn limit(&self) -> (i64, i64) {
        match self {
            Bucket::SignInUnknownDevice { .. } | Bucket::SignInKnownDevice { .. } => (10, 15 * MINUTE),
            Bucket::SignedIn { .. } => (30, 15 * MINUTE),
            Bucket::SignInAddress { .. } => (60, 15 * MINUTE),
            Bucket::Register { .. } => (20, 60 * MINUTE),
            Bucket::Connect { .. } | Bucket::AskMeta { .. } => (60, 10 * MINUTE),
            Bucket::ConnectSession { .. } => (20, 10 * MINUTE),
            Bucket::MetaCalls { .. } => (3_000, 10 * MINUTE),
            Bucket::PasswordCheck { .. } => (10, 15 * MINUTE),
        }
    }
}

/// What a hit on a bucket means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    /// The first refusal in this window, as far as this process knows.
    JustFull,
    Refused,
}

/// Counts one hit. False if there were too many.
pub async fn allow(app: &App, bucket: &Bucket<'_>) -> Result<bool, StoreError> {
    Ok(hit(app, bucket).await? == Verdict::Allowed)
}

/// Renewing a token takes this many calls, looking for an account one less.
const LEAST_CALLS: usize = 2;

/// Counts an action that calls Meta immediately, with the calls that it causes at least. False if the user has had too
/// many: all users share the app's quotas at Meta.
pub async fn allow_meta_action(app: &App, user: &UserId) -> Result<bool, StoreError> {
    Ok(allow(app, &Bucket::AskMeta { user }).await? && pay_for_calls(app, user, LEAST_CALLS).await?)
}

/// Pays for this number of calls to Meta, before they are made. False if the user has caused too many; an action that
/// alone costs more than the limit is allowed as the first of its window.
pub async fn pay_for_calls(app: &App, user: &UserId, calls: usize) -> Result<bool, StoreError> {
    let calls = i64::try_from(calls).unwrap_or(i64::MAX);
    Ok(calls == 0 || hit_by(app, &Bucket::MetaCalls { user }, calls).await? == Verdict::Allowed)
}

/// Counts one hit. A bucket that is known to be full is not counted: a refused request writes nothing.
pub async fn hit(app: &App, bucket: &Bucket<'_>) -> Result<Verdict, StoreError> {
    hit_by(app, bucket, 1).await
}

async fn hit_by(app: &App, bucket: &Bucket<'_>, number: i64) -> Result<Verdict, StoreError> {
    if !app.config.accounts.has_rate_limits {
        return Ok(Verdict::Allowed);
    }
    if is_full(app, bucket) {
        return Ok(Verdict::Refused);
    }
    let ((limit, window), name) = (bucket.limit(), bucket.name());
    let counted = app.store.hit_rate_limit(&name, app.now(), window, number).await?;
    if counted.hits <= limit.max(number) {
        return Ok(Verdict::Allowed);
    }
    app.full_buckets.insert(name, counted.ends_at, app.now());
    Ok(Verdict::JustFull)
}

/// Whether this process knows that a bucket is full. Counts nothing.
pub fn is_full(app: &App, bucket: &Bucket<'_>) -> bool {
    let (_, window) = bucket.limit();
    app.config.accounts.has_rate_limits && app.full_buckets.has(&bucket.name(), app.now(), window)
}

/// Forgets the hits, after the person has proved who they are.
pub async fn clear(app: &App, bucket: &Bucket<'_>) -> Result<(), StoreError> {
    app.full_buckets.remove(&bucket.name());
    app.store.clear_rate_limit(&bucket.name()).await
}
