//! Renewing a token ("refresh" is our word for it): asking Meta for a new one and finding out what was
//! really gained. Network only: [`crate::connections::token::check`] holds the lease and writes.

use metaads_graph::{AccessToken, GraphError, Recovery, TokenLifetime};
use metaads_store::{Connection, ConnectionKind, Expiry};

use crate::app::App;
use crate::clock::HOUR;
use crate::connections::connect::grant::seconds_to_ms;
use crate::connections::token::inspect::{TokenStatus, inspect};

/// A new end that is not later by at least this much is the old one.
const GAIN: i64 = HOUR;

/// What asking for a new token brought.
#[derive(Debug)]
pub enum RefreshOutcome {
    /// A token that lasts longer than the stored one.
    Refreshed { token: AccessToken, finding: TokenStatus },
    /// Meta answered, and the token lasts no longer than before: not renewed yet.
    Unchanged,
    /// Meta refuses this token for a reason that may be the grant's end: to be confirmed.
    GrantRefused(GraphError),
    /// Meta refuses for a reason that says nothing about the grant.
    Refused(GraphError),
}

/// Asks Meta for a new token in the way of this kind. An error is Meta's or the network's, or our own
/// app's; it says nothing about the connection.
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
                Recovery::Grant(_) => Ok(RefreshOutcome::GrantRefused(error)),
                Recovery::Permission
                | Recovery::Asset
                | Recovery::LoginAgain
                | Recovery::WrongToken
                | Recovery::Bug
                | Recovery::Unknown => Ok(RefreshOutcome::Refused(error)),
                Recovery::RetryLater | Recovery::Wait(_) | Recovery::AskForLess | Recovery::Operator(_) => {
                    Err(error)
                }
            };
        }
    };
    let mut finding = inspect(app, connection, &issued.access_token).await?;
    // Instagram has no inspection: there the answer's own word counts.
    if connection.kind == ConnectionKind::InstagramUser
        && let TokenLifetime::Seconds(seconds) = issued.lifetime
    {
        finding.expires_at = Expiry::At(app.now().saturating_add(seconds_to_ms(seconds)));
    }
    let is_gain = finding.dead.is_none() && lasts_longer(connection.expires_at, finding.expires_at);
    Ok(if is_gain {
        RefreshOutcome::Refreshed { token: issued.access_token, finding }
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
    fn the_same_end_is_no_gain_and_never_is_one() {
        assert!(!lasts_longer(Some(1_000), Expiry::At(1_000)));
        assert!(!lasts_longer(Some(1_000), Expiry::At(500)));
        assert!(!lasts_longer(Some(1_000), Expiry::Unchanged));
        assert!(!lasts_longer(None, Expiry::At(i64::MAX)));
        assert!(lasts_longer(Some(1_000), Expiry::At(1_000 + HOUR)));
        assert!(lasts_longer(Some(1_000), Expiry::Never));
    }
}
