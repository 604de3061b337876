//! The audit trail of accounts: what happened, who did it, and from where.

use metaads_store::{AccountEvent, AccountEventEntry, Actor, NewAccountEvent, StoreError, UserId};

use crate::app::App;
use crate::clock::HOUR;

/// Refused attempts are counted in one row per account, address and window.
const WINDOW: i64 = HOUR;
/// As much of a User-Agent as is kept.
const MOST_USER_AGENT_CHARACTERS: usize = 160;

/// Where an action came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The client's IP address; an IPv6 client counts by its /64 network.
    pub address: String,
    pub user_agent: String,
}

impl Origin {
    pub fn new(address: &str, user_agent: &str) -> Origin {
        let visible = user_agent.chars().filter(|character| !character.is_control());
        Origin { address: address.to_owned(), user_agent: visible.take(MOST_USER_AGENT_CHARACTERS).collect() }
    }

    /// The command line on this machine.
    pub fn command_line() -> Origin {
        Origin { address: String::new(), user_agent: String::new() }
    }
}

/// Records what a user did to their own account.
pub async fn record_own(app: &App, user: &UserId, event: AccountEvent, origin: &Origin) {
    record(app, Some(user), Actor::User(user.clone()), event, origin).await;
}

/// Records what the operator did at the command line.
pub async fn record_by_operator(app: &App, user: Option<&UserId>, event: AccountEvent) {
    record(app, user, Actor::Operator, event, &Origin::command_line()).await;
}

/// Records an event. `user`: whose account it concerns. The action itself is done already, so a failure is only logged.
pub async fn record(app: &App, user: Option<&UserId>, actor: Actor, event: AccountEvent, origin: &Origin) {
    let new = new_event(app, user, actor, event, origin);
    if let Err(error) = app.store.insert_account_event(&new).await {
        tracing::error!(%error, event = ?new.event, "an account event could not be recorded");
    }
}

/// Records a refused attempt, which strangers can repeat at will. `user`: whose account it concerns, if there is one.
pub async fn record_refused(
    app: &App,
    user: Option<&UserId>,
    actor: Actor,
    event: AccountEvent,
    origin: &Origin,
) {
    let new = new_event(app, user, actor, event, origin);
    let window = new.at - new.at.rem_euclid(WINDOW);
    if let Err(error) = app.store.tally_account_event(&new, window).await {
        tracing::error!(%error, event = ?new.event, "a refused attempt could not be recorded");
    }
}

/// The events of a user, or of everybody, the newest first.
pub async fn list(
    app: &App,
    user: Option<&UserId>,
    limit: i64,
) -> Result<Vec<AccountEventEntry>, StoreError> {
    app.store.list_account_events(user, limit).await
}

fn new_event(
    app: &App,
    user: Option<&UserId>,
    actor: Actor,
    event: AccountEvent,
    origin: &Origin,
) -> NewAccountEvent {
    NewAccountEvent {
        id: app.new_row_id(),
        at: app.now(),
        user_id: user.cloned(),
        actor,
        event,
        address: origin.address.clone(),
        user_agent: origin.user_agent.clone(),
    }
}
