//! Why an ad account, Page or Instagram account is not there: found out from what was read of a connection, and
//! for one account by asking Meta for it. Each reason names the one thing that helps.

use std::collections::HashMap;

use metaads_graph::{AccessToken, AdAccountId, Edge, Recovery};
use metaads_store::{
    AccountGroup, AdAccountFilter, Business, Connection, ConnectionKind, Only, Page, StoreError, SyncState,
    UnreadList, UnreadReason,
};

use crate::app::App;
use crate::codes::diagnosis::{LookupResult, MissingReason};
use crate::connections::assets::rows;
use crate::connections::permissions::ADS_SCOPES;
use crate::connections::token::broker::{TokenError, fresh_token};
use crate::connections::{granular_scopes, permissions, status};

/// Pages that are considered.
const MAX_PAGES: i64 = 1_000;

/// What the last sync stored.
#[derive(Debug)]
struct Facts {
    groups: Vec<AccountGroup>,
    businesses: Vec<Business>,
    unread: Vec<UnreadList>,
    pages: Vec<Page>,
}

/// Every reason that the stored assets suggest, the likeliest first.
pub async fn missing_reasons(app: &App, connection: &Connection) -> Result<Vec<MissingReason>, StoreError> {
    let everything = AdAccountFilter {
        connection_id: connection.id.clone(),
        group_id: None,
        search: None,
        only: Only::All,
        after: None,
        limit: 0,
    };
    let facts = Facts {
        groups: app.store.count_ad_accounts(&everything).await?,
        businesses: app.store.list_businesses(&connection.id).await?,
        unread: app.store.list_unread_lists(&connection.id).await?,
        pages: app.store.list_pages(&connection.id, "", "", MAX_PAGES).await?,
    };
    Ok(reasons(app, connection, &facts))
}

fn reasons(app: &App, connection: &Connection, facts: &Facts) -> Vec<MissingReason> {
    let mut reasons = Vec::new();
    if !status::is_working(connection) {
        reasons.push(MissingReason::NotConnected);
    }
    match connection.sync_state {
        SyncState::Running => reasons.push(MissingReason::SyncRunning),
        SyncState::Failed => reasons.push(MissingReason::SyncFailed),
        SyncState::Idle => {}
    }
    reasons.extend(missing_permissions(app, connection));
    reasons.extend(asset_limits(connection));
    reasons.extend(businesses(facts));
    if facts.unread.iter().any(|list| list.reason == UnreadReason::AppReview) {
        reasons.push(MissingReason::AppReview);
    }
    let number: i64 = facts.groups.iter().map(|group| group.total - group.selectable).sum();
    if number > 0 {
        reasons.push(MissingReason::Unusable { number });
    }
    let has_none = facts.groups.is_empty() && connection.kind != ConnectionKind::InstagramUser;
    if has_none && reasons.is_empty() {
        reasons.push(MissingReason::NoneExist);
    }
    reasons.extend(instagram(connection, &facts.pages));
    reasons
}

fn missing_permissions(app: &App, connection: &Connection) -> Vec<MissingReason> {
    let asked = permissions::asked(app, connection.kind, &connection.scopes);
    let missing = asked.into_iter().filter(|scope| !connection.scopes.has(scope));
    // Either of the two is enough to list ad accounts.
    let has_ads = permissions::can_list_ad_accounts(&connection.scopes);
    missing
        .filter(|scope| !(has_ads && ADS_SCOPES.contains(&scope.as_str())))
        .map(|scope| MissingReason::Permission { has_expired: connection.expired_scopes.has(&scope), scope })
        .collect()
}

fn asset_limits(connection: &Connection) -> Option<MissingReason> {
    let granular = granular_scopes::parse(&connection.granular_scopes);
    let limited = granular.into_iter().find(|(scope, _)| ADS_SCOPES.contains(&scope.as_str()));
    limited.map(|(_, ids)| MissingReason::LimitedOnFacebook { ad_accounts: ids.len() })
}

/// Businesses that show no ad account, by why.
fn businesses(facts: &Facts) -> Vec<MissingReason> {
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
                low.push(business.name.clone());
            }
            None if !has_accounts => low.push(business.name.clone()),
            None | Some(UnreadReason::Permission | UnreadReason::Unreachable) => {}
        }
    }
    let low = (!low.is_empty()).then_some(MissingReason::RoleTooLow { businesses: low });
    let refused = (!refused.is_empty()).then_some(MissingReason::ListRefused { businesses: refused });
    low.into_iter().chain(refused).collect()
}

fn instagram(connection: &Connection, pages: &[Page]) -> Vec<MissingReason> {
    // Without the permission, Meta reports nothing about Instagram; `missing_permissions` gives that reason.
    if !connection.scopes.has("instagram_basic") {
        return Vec::new();
    }
    let named = |is_wanted: fn(&&Page) -> bool| -> Vec<String> {
        pages.iter().filter(is_wanted).map(|page| page.name.clone()).collect()
    };
    let personal = named(|page| page.has_linked_instagram && !page.has_instagram);
    let without = named(|page| !page.has_linked_instagram && !page.has_instagram);
    let personal =
        (!personal.is_empty()).then_some(MissingReason::InstagramNotProfessional { pages: personal });
    let without = (!without.is_empty()).then_some(MissingReason::InstagramNotLinked { pages: without });
    personal.into_iter().chain(without).collect()
}

/// Asks Meta for one account. An account that Meta returns is added to the list, so that it can be selected.
pub async fn look_for(
    app: &App,
    connection: &Connection,
    id: &AdAccountId,
) -> Result<LookupResult, StoreError> {
    let known = app.store.list_account_statuses(&connection.id, &[id.to_string()]).await?;
    if known.iter().any(|account| account.is_reachable) {
        return Ok(LookupResult::Listed);
    }
    if !status::is_connected(connection) {
        return Ok(LookupResult::NotConnected);
    }
    match fresh_token(app, connection).await {
        Ok(fresh) => ask(app, connection, &fresh.token, id).await,
        Err(TokenError::Store(error)) => Err(error),
        Err(TokenError::Unavailable) => Ok(LookupResult::MetaUnavailable),
        Err(_) => Ok(LookupResult::NotConnected),
    }
}

async fn ask(
    app: &App,
    connection: &Connection,
    token: &AccessToken,
    id: &AdAccountId,
) -> Result<LookupResult, StoreError> {
    let may_list = permissions::can_list_ad_accounts(&connection.scopes);
    let answers = app.graph().read_ad_accounts(token, std::slice::from_ref(id)).await;
    let answer = answers.map(|mut answers| answers.pop());
    match answer {
        Ok(Some(Ok(account))) => {
            let row = rows::new_ad_account(&account, &Edge::MyAdAccounts, &HashMap::new());
            app.store.add_ad_account(&connection.id, &row, app.now()).await?;
            Ok(LookupResult::Found)
        }
        Ok(Some(Err(error))) | Err(error) => Ok(match error.recovery() {
            Recovery::Asset if may_list => LookupResult::Hidden,
            Recovery::Permission if may_list => LookupResult::RoleTooLow,
            Recovery::Asset | Recovery::Permission => LookupResult::NoPermission,
            _ => LookupResult::MetaUnavailable,
        }),
        Ok(None) => Ok(LookupResult::MetaUnavailable),
    }
}
