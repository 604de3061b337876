//! Why an ad account, Page or Instagram account is not there: found out from what was read of a connection, and
//! for one account by asking Meta for it. Each reason names the one thing that helps.

use std::collections::HashMap;

use metaads_graph::{AccessToken, AdAccountId, Edge, Recovery};
use metaads_store::{
    AccountGroup, Business, Connection, ConnectionKind, ConnectionState, Page, StoreError, SyncState,
    UnreadList, UnreadReason,
};

use crate::app::App;
use crate::clock::MINUTE;
use crate::connections::assets::rows;
use crate::connections::token::broker::{TokenError, fresh_token};
use crate::connections::{granular_scopes, permissions};

/// Permissions without which no ad account can be listed.
const ADS: [&str; 2] = ["ads_read", "ads_management"];

/// What keeps something back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Disconnected, or waiting for its person: what is shown is what was there then.
    NotConnected,
    StillReading,
    /// Meta did not answer; we try again.
    ReadingStuck,
    /// A permission is not there. Without it, something cannot be listed.
    Permission {
        scope: String,
        has_lapsed: bool,
    },
    /// In Facebook's window some were ticked and others not: so many are.
    NotTicked {
        ad_accounts: usize,
    },
    /// The person is in these businesses, and has no role on any of their ad accounts.
    RoleTooLow {
        businesses: Vec<String>,
    },
    /// Meta would not show the lists of these businesses this time.
    ListRefused {
        businesses: Vec<String>,
    },
    /// The Meta app lacks an approval.
    AppReview,
    /// There is none: neither under the person's name nor in a business.
    NoneExist,
    /// So many cannot be used; they are listed with their reason.
    Unusable {
        number: i64,
    },
    /// Pages whose Instagram account is a personal one.
    InstagramNotProfessional {
        pages: Vec<String>,
    },
    /// Pages without an Instagram account.
    InstagramNotLinked {
        pages: Vec<String>,
    },
}

/// What was read.
#[derive(Debug)]
pub struct Facts {
    pub groups: Vec<AccountGroup>,
    pub businesses: Vec<Business>,
    pub unread: Vec<UnreadList>,
    pub pages: Vec<Page>,
}

/// Every reason that what was read gives, the likeliest first.
pub fn reasons(app: &App, connection: &Connection, facts: &Facts) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if !matches!(connection.state, ConnectionState::Active { .. }) {
        reasons.push(Reason::NotConnected);
    }
    match connection.sync_state {
        SyncState::Running => reasons.push(Reason::StillReading),
        SyncState::Failed => reasons.push(Reason::ReadingStuck),
        SyncState::Idle => {}
    }
    reasons.extend(missing_permissions(app, connection));
    reasons.extend(ticks(connection));
    reasons.extend(businesses(facts));
    if facts.unread.iter().any(|list| list.reason == UnreadReason::AppReview) {
        reasons.push(Reason::AppReview);
    }
    let number: i64 = facts.groups.iter().map(|group| group.total - group.selectable).sum();
    if number > 0 {
        reasons.push(Reason::Unusable { number });
    }
    let has_none = facts.groups.is_empty() && connection.kind != ConnectionKind::InstagramUser;
    if has_none && reasons.is_empty() {
        reasons.push(Reason::NoneExist);
    }
    reasons.extend(instagram(connection, &facts.pages));
    reasons
}

fn missing_permissions(app: &App, connection: &Connection) -> Vec<Reason> {
    let asked = permissions::asked(app, connection.kind, &connection.scopes);
    let missing = asked.into_iter().filter(|scope| !connection.scopes.has(scope));
    // The one of the two that is there lists as well as the other.
    let has_ads = ADS.iter().any(|scope| connection.scopes.has(scope));
    missing
        .filter(|scope| !(has_ads && ADS.contains(&scope.as_str())))
        .map(|scope| Reason::Permission { has_lapsed: connection.expired_scopes.has(&scope), scope })
        .collect()
}

fn ticks(connection: &Connection) -> Option<Reason> {
    let granular = granular_scopes::parse(&connection.granular_scopes);
    let ticked = granular.into_iter().find(|(scope, _)| ADS.contains(&scope.as_str()));
    ticked.map(|(_, ids)| Reason::NotTicked { ad_accounts: ids.len() })
}

/// Businesses that show no ad account, by why.
fn businesses(facts: &Facts) -> Vec<Reason> {
    let (mut low, mut refused) = (Vec::new(), Vec::new());
    for business in &facts.businesses {
        let is_about_accounts = |list: &&UnreadList| {
            list.business_id == business.business_id && list.list.ends_with("_ad_accounts")
        };
        let unread = facts.unread.iter().find(is_about_accounts);
        let has_accounts = facts.groups.iter().any(|group| group.group_id == business.business_id);
        match unread.map(|list| list.reason) {
            Some(UnreadReason::Refused) => refused.push(business.name.clone()),
            Some(UnreadReason::AppReview) => {}
            // Meta lets a person see a business without letting them see what it has.
            Some(UnreadReason::Permission | UnreadReason::Unreachable) if !has_accounts => {
                low.push(business.name.clone())
            }
            None if !has_accounts => low.push(business.name.clone()),
            None | Some(UnreadReason::Permission | UnreadReason::Unreachable) => {}
        }
    }
    let low = (!low.is_empty()).then_some(Reason::RoleTooLow { businesses: low });
    let refused = (!refused.is_empty()).then_some(Reason::ListRefused { businesses: refused });
    low.into_iter().chain(refused).collect()
}

fn instagram(connection: &Connection, pages: &[Page]) -> Vec<Reason> {
    // Without the permission, Meta says nothing of Instagram: then that is the reason, and it is told above.
    if !connection.scopes.has("instagram_basic") {
        return Vec::new();
    }
    let named = |is_wanted: fn(&&Page) -> bool| -> Vec<String> {
        pages.iter().filter(is_wanted).map(|page| page.name.clone()).collect()
    };
    let personal = named(|page| page.has_linked_instagram && !page.has_instagram);
    let without = named(|page| !page.has_linked_instagram && !page.has_instagram);
    let personal = (!personal.is_empty()).then_some(Reason::InstagramNotProfessional { pages: personal });
    let without = (!without.is_empty()).then_some(Reason::InstagramNotLinked { pages: without });
    personal.into_iter().chain(without).collect()
}

/// What Meta says about one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is in the list already.
    Listed,
    /// Meta shows it: it stands in the list now.
    Found,
    /// Meta does not show it to this connection: not shared, not ticked, or no such account.
    Hidden,
    /// It is there, and the person may not read it.
    RoleTooLow,
    /// The permission is missing.
    NoPermission,
    Away,
    NotConnected,
}

impl Answer {
    const ALL: [Answer; 7] = [
        Answer::Listed,
        Answer::Found,
        Answer::Hidden,
        Answer::RoleTooLow,
        Answer::NoPermission,
        Answer::Away,
        Answer::NotConnected,
    ];

    /// As it stands in an address of ours.
    pub fn as_str(self) -> &'static str {
        match self {
            Answer::Listed => "listed",
            Answer::Found => "found",
            Answer::Hidden => "hidden",
            Answer::RoleTooLow => "role",
            Answer::NoPermission => "permission",
            Answer::Away => "away",
            Answer::NotConnected => "not_connected",
        }
    }

    pub fn from_text(text: &str) -> Option<Answer> {
        Answer::ALL.into_iter().find(|answer| answer.as_str() == text)
    }
}

/// Asks Meta for one account. What it shows is put into the list, so that it can be chosen.
pub async fn look_for(app: &App, connection: &Connection, id: &AdAccountId) -> Result<Answer, StoreError> {
    let known = app.store.list_account_statuses(&connection.id, &[id.to_string()]).await?;
    if known.iter().any(|account| account.is_reachable) {
        return Ok(Answer::Listed);
    }
    if connection.state.is_revoked() {
        return Ok(Answer::NotConnected);
    }
    match fresh_token(app, connection, 10 * MINUTE).await {
        Ok(fresh) => ask(app, connection, &fresh.token, id).await,
        Err(TokenError::Unavailable) => Ok(Answer::Away),
        Err(TokenError::Store(error)) => Err(error),
        Err(TokenError::Disconnected | TokenError::NeedsPerson(_) | TokenError::Unreadable) => {
            Ok(Answer::NotConnected)
        }
    }
}

async fn ask(
    app: &App,
    connection: &Connection,
    token: &AccessToken,
    id: &AdAccountId,
) -> Result<Answer, StoreError> {
    let may_list = ADS.iter().any(|scope| connection.scopes.has(scope));
    let answers = app.graph().read_ad_accounts(token, std::slice::from_ref(id)).await;
    let answer = answers.map(|mut answers| answers.pop());
    match answer {
        Ok(Some(Ok(account))) => {
            let row = rows::new_ad_account(&account, &Edge::MyAdAccounts, &HashMap::new());
            app.store.add_ad_account(&connection.id, &row, app.now()).await?;
            Ok(Answer::Found)
        }
        Ok(Some(Err(error))) | Err(error) => Ok(match error.recovery() {
            Recovery::Asset if may_list => Answer::Hidden,
            Recovery::Permission if may_list => Answer::RoleTooLow,
            Recovery::Asset | Recovery::Permission => Answer::NoPermission,
            _ => Answer::Away,
        }),
        Ok(None) => Ok(Answer::Away),
    }
}
