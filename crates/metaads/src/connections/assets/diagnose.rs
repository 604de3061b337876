//! Why an ad account, Page or Instagram account is not there: found out from what was read of a connection, and
//! for one account by asking Meta for it. Each reason names the one thing that helps.

use std::collections::HashMap;

use metaads_graph::{AccessToken, AdAccountId, Edge, Recovery};
use metaads_store::{
    AccountGroup, AdAccountFilter, Business, Connection, ConnectionKind, JobPayload, Page, StoreError,
    SyncState, UnreadList, UnreadReason,
};

use crate::app::App;
use crate::codes::diagnosis::{LookupResult, MissingReason, UnreadWhy};
use crate::connections::assets::rows;
use crate::connections::assets::sync_plan::SyncPlan;
use crate::connections::assets::sync_task::{Delay, SyncTask};
use crate::connections::granular_scopes::Reach;
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
    /// What the running sync has still to read; empty if none is running.
    pending: Vec<SyncTask>,
}

/// Every reason that the stored assets suggest, the likeliest first.
pub async fn missing_reasons(app: &App, connection: &Connection) -> Result<Vec<MissingReason>, StoreError> {
    let everything = AdAccountFilter::all(&connection.id, 0);
    let facts = Facts {
        groups: app.store.count_ad_accounts(&everything).await?,
        businesses: app.store.list_businesses(&connection.id).await?,
        unread: app.store.list_unread_lists(&connection.id).await?,
        pages: app.store.list_pages(&connection.id, "", "", MAX_PAGES).await?,
        pending: pending(app, connection).await?,
    };
    Ok(reasons(app, connection, &facts))
}

async fn pending(app: &App, connection: &Connection) -> Result<Vec<SyncTask>, StoreError> {
    let payload = app.store.find_sync_plan(&connection.id).await?;
    Ok(payload
        .map(|text| SyncPlan::from_payload(&JobPayload::Sync(text), connection).tasks)
        .unwrap_or_default())
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
    reasons.extend(unread_lists(facts));
    reasons.extend(role_too_low(facts));
    if facts.unread.iter().any(|list| list.reason == UnreadReason::AppReview) {
        reasons.push(MissingReason::AppReview);
    }
    let number: i64 = facts.groups.iter().map(|group| group.total - group.selectable).sum();
    if number > 0 {
        reasons.push(MissingReason::Unusable { number });
    }
    let has_none = facts.groups.is_empty() && connection.kind != ConnectionKind::InstagramUser;
    // Only a complete sync shows that there is nothing.
    let is_complete = facts.pending.is_empty() && !facts.unread.iter().any(is_about_accounts);
    if has_none && is_complete && reasons.is_empty() {
        reasons.push(MissingReason::NoneExist);
    }
    if facts.pending.is_empty() {
        reasons.extend(instagram(connection, &facts.pages));
    }
    reasons
}

fn missing_permissions(app: &App, connection: &Connection) -> Vec<MissingReason> {
    let asked = permissions::asked(app, connection.kind, &connection.scopes);
    let not_offered = permissions::not_offered(app, connection);
    let missing = asked.into_iter().filter(|scope| !connection.scopes.has(scope));
    // Either of the two is enough to list ad accounts.
    let has_ads = permissions::can_list_ad_accounts(&connection.scopes);
    missing
        .filter(|scope| !(has_ads && ADS_SCOPES.contains(&scope.as_str())))
        .map(|scope| match not_offered.has(&scope) {
            true => MissingReason::PermissionNotOffered { scope },
            false => MissingReason::Permission { has_expired: connection.expired_scopes.has(&scope), scope },
        })
        .collect()
}

fn asset_limits(connection: &Connection) -> Option<MissingReason> {
    let granular = granular_scopes::parse(&connection.granular_scopes);
    let limited = granular.into_iter().find(|(scope, _)| ADS_SCOPES.contains(&scope.as_str()));
    limited.map(|(_, ids)| MissingReason::LimitedOnFacebook { ad_accounts: ids.len() })
}

/// Whether a list shows ad accounts, or the businesses that have them.
fn is_about_accounts(list: &UnreadList) -> bool {
    list.list.ends_with("ad_accounts") || list.list == "adaccounts" || list.list == "businesses"
}

/// Lists of ad accounts that were not read, by why: what is in them is not known.
fn unread_lists(facts: &Facts) -> Vec<MissingReason> {
    let mut found: Vec<(UnreadWhy, Vec<String>)> = Vec::new();
    let mut add = |why: UnreadWhy, whose: String| match found.iter_mut().find(|(known, _)| *known == why) {
        Some((_, names)) if names.contains(&whose) => {}
        Some((_, names)) => names.push(whose),
        None => found.push((why, vec![whose])),
    };
    for task in &facts.pending {
        let whose = task.edge.business().map(|business| business.name.clone()).unwrap_or_default();
        match task.delay {
            _ if !task.edge.is_about_accounts() => {}
            Some(Delay::RateLimited) => add(UnreadWhy::RateLimited, whose),
            Some(Delay::Unavailable) => add(UnreadWhy::Unavailable, whose),
            None => {}
        }
    }
    for list in facts.unread.iter().filter(|list| is_about_accounts(list)) {
        let why = match list.reason {
            UnreadReason::Refused => UnreadWhy::Refused,
            UnreadReason::RateLimited => UnreadWhy::RateLimited,
            UnreadReason::TwoFactor => UnreadWhy::TwoFactor,
            UnreadReason::Endless => UnreadWhy::Endless,
            // These say something about the person, and have reasons of their own.
            UnreadReason::Permission | UnreadReason::Unreachable | UnreadReason::AppReview => continue,
        };
        add(why, list.business_name.clone());
    }
    found.into_iter().map(|(why, businesses)| MissingReason::NotRead { businesses, why }).collect()
}

/// Businesses that show no ad account although every list of theirs was read, or refused for lack of a role.
fn role_too_low(facts: &Facts) -> Option<MissingReason> {
    let is_low = |business: &&Business| {
        let has_accounts = facts.groups.iter().any(|group| group.group_id == business.business_id);
        let is_pending = facts.pending.iter().any(|task| {
            let of_it = task.edge.business().is_some_and(|one| one.id == business.business_id);
            of_it && task.edge.is_about_accounts()
        });
        let mut unread = facts.unread.iter().filter(|list| list.business_id == business.business_id);
        let is_known = unread.all(|list| {
            let is_role = matches!(list.reason, UnreadReason::Permission | UnreadReason::Unreachable);
            is_role || !is_about_accounts(list)
        });
        !has_accounts && !is_pending && is_known
    };
    // Meta lets a person see a business without letting them see what it has.
    let low: Vec<String> =
        facts.businesses.iter().filter(is_low).map(|business| business.name.clone()).collect();
    (!low.is_empty()).then_some(MissingReason::RoleTooLow { businesses: low })
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
    // Instagram's permission names the Page of each account that was selected. A Page that nothing shows was not.
    let granular = granular_scopes::parse(&connection.granular_scopes);
    let named = granular.iter().filter(|(scope, _)| scope == "instagram_basic").flat_map(|(_, ids)| ids);
    let hidden = named.filter(|id| !pages.iter().any(|page| page.page_id == **id)).count();
    let hidden = (hidden > 0 && pages.len() < MAX_PAGES as usize)
        .then_some(MissingReason::InstagramPageNotSelected { number: hidden });
    personal.into_iter().chain(without).chain(hidden).collect()
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
            let row = rows::new_ad_account(&account, &Edge::MyAdAccounts, &HashMap::new(), &Reach::All);
            app.store.add_ad_account(&connection.id, &row, app.now()).await?;
            Ok(LookupResult::Found)
        }
        Ok(Some(Err(error))) | Err(error) => Ok(match error.recovery() {
            Recovery::Asset if may_list => LookupResult::Hidden,
            Recovery::Permission if may_list => LookupResult::RoleTooLow,
            Recovery::Asset | Recovery::Permission => LookupResult::NoPermission,
            Recovery::TwoFactor => LookupResult::TwoFactor,
            _ => LookupResult::MetaUnavailable,
        }),
        Ok(None) => Ok(LookupResult::MetaUnavailable),
    }
}
