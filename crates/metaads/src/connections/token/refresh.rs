//! Token refresh: asking Meta for a new token, and finding out what was really gained. Network only: `check` holds the
//! lease and writes.

use metaads_graph::{AccessToken, GraphError, Recovery, TokenLifetime};
use metaads_store::{Connection, ConnectionKind, Expiry};

use crate::app::App;
use crate::clock::HOUR;
use crate::connections::token::inspect::{TokenStatus, inspect};

/// A new end that is not later by at least this much (milliseconds) is the old one.
const GAIN: i64 = HOUR;

/// What asking for a new token brought.
#[derive(Debug)]
pub enum RefreshOutcome {
    /// A token that lasts longer than the stored one.
    Refreshed { token: AccessToken, status: TokenStatus },
    /// Meta answered, and the token lasts no longer than before.
    Unchanged,
    /// Meta refuses this token. Whether the grant is dead has to be confirmed.
    Refused(GraphError),
}

/// Asks Meta for a new token in the way of this kind. An error is Meta's, the network's or our app's: it says nothing
/// about the connection.
pub async fn refresh(
    app: &App,
    connection: &Connection,
    token: &AccessToken,
) -> Result<RefreshOutcome, GraphError> {
    let issued = match connection.kind {
        ConnectionKind::FacebookUser => app.graph().exchange_long_lived(token).await,
        ConnectionKind::BusinessSystemUser => app.graph().refresh_system_user_token(token).await,
        ConnectionKind::InstagramUser => app.graph().refresh_instagram_token(token).await,
    };
    let issued = match issued {
        Ok(issued) => issued,
        Err(error) => {
            return match error.recovery() {
                Recovery::Grant(_)
                | Recovery::Permission
                | Recovery::Asset
                | Recovery::LoginAgain
                | Recovery::WrongToken
                | Recovery::TwoFactor
                | Recovery::Bug
                | Recovery::Unknown => Ok(RefreshOutcome::Refused(error)),
                Recovery::RetryLater | Recovery::Wait(_) | Recovery::ReduceLimit | Recovery::Operator(_) => {
                    Err(error)
                }
            };
        }
    };
    let mut status = inspect(app, connection, &issued.access_token).await?;
    // Instagram has no inspection: there the answer itself counts.
    if connection.kind == ConnectionKind::InstagramUser
        && let TokenLifetime::Seconds(seconds) = issued.lifetime
    {
        status.expires_at = Expiry::At(app.now().saturating_add(seconds.to_millis()));
    }
    let is_gain = status.invalid.is_none() && lasts_longer(connection.expires_at, status.expires_at);
    Ok(if is_gain {
        RefreshOutcome::Refreshed { token: issued.access_token, status }
    } else {
        RefreshOutcome::Unchanged
    })
}

fn lasts_longer(before: Option<i64>, after: Expiry) -> bool {
    match (before, after) {
        (Some(_), Expiry::Never) => true,
        (Some(before), Expiry::At(after)) => after >= before.saturating_add(GAIN),
        (None, _) | (_, Expiry::Unchanged) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_is_not_later_is_no_gain_and_no_end_at_all_is_one() {
        assert!(!lasts_longer(Some(1_000), Expiry::At(1_000)));
        assert!(!lasts_longer(Some(1_000), Expiry::At(500)));
        assert!(!lasts_longer(Some(1_000), Expiry::Unchanged));
        assert!(!lasts_longer(None, Expiry::At(i64::MAX)));
        assert!(lasts_longer(Some(1_000), Expiry::At(1_000 + HOUR)));
        assert!(lasts_longer(Some(1_000), Expiry::Never));
    }
}
