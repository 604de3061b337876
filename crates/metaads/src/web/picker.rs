//! Selecting among thousands of ad accounts, a screenful at a time.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use metaads_graph::{AdAccountId, BusinessId};
use metaads_store::{AccountGroup, AdAccount, AdAccountFilter, ConnectionSummary};

use crate::app::App;
use crate::codes::notice::Notice;
use crate::connections::assets::select::{self, SelectError, SelectionOutcome};
use crate::http::client_info::ClientInfo;
use crate::http::form_fields::ManyFields;
use crate::http::owned_connection::{OwnedConnection, OwnedConnectionForMetaCall};
use crate::http::problem::Problem;
use crate::messages::ad_accounts;
use crate::messages::format;
use crate::web::account_status_view::AccountStatusView;
use crate::web::connection_card::ConnectionCard;
use crate::web::layout::{Layout, Section, page};
use crate::web::notice_view::NoticeView;
use crate::web::picker_query::{NO_BUSINESS, PickerQuery};

/// Rows of a business on a page of its own, and of all businesses together on the page of all.
const ROWS: i64 = 100;
const ROWS_OF_ALL: i64 = 60;
/// Businesses whose rows are shown on the page of all; further ones are listed without rows.
const OPEN_GROUPS: usize = 10;
/// Businesses on one page.
const GROUPS: usize = 100;

#[derive(Template)]
#[template(path = "picker.html")]
struct PickerPage {
    layout: Layout,
    id: String,
    name: String,
    is_syncing: bool,
    is_connected: bool,
    total: i64,
    selected: i64,
    unusable: i64,
    businesses: Vec<BusinessLink>,
    /// Links to the businesses before and after those of this page.
    earlier: Option<String>,
    later: Option<String>,
    groups: Vec<Group>,
    /// How many accounts the query matches.
    matches: String,
    query: String,
    /// The page answers a search, even an empty one.
    has_searched: bool,
    show: &'static str,
    group: String,
    notice: Option<NoticeView>,
}

/// An entry of the side bar.
struct BusinessLink {
    /// None: all businesses.
    name: Option<String>,
    href: String,
    count: String,
    is_current: bool,
}

struct Group {
    id: String,
    name: String,
    relation: &'static str,
    selected: String,
    total: String,
    selectable: String,
    is_all_selected: bool,
    rows: Vec<Row>,
    /// The link to the rows that are not shown.
    more: Option<String>,
}

struct Row {
    id: String,
    name: String,
    place: String,
    is_selected: bool,
    is_selectable: bool,
    status: AccountStatusView,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    OwnedConnection { caller, connection }: OwnedConnection,
    Query(query): Query<PickerQuery>,
) -> Result<Response, Problem> {
    let mut layout = Layout::new(&app, &client, Some(&caller), Section::Connections).await?;
    let all = app.store.count_ad_accounts(&PickerQuery::default().filter(&connection, ROWS)).await?;
    let matching = match query.is_filtering() {
        true => &app.store.count_ad_accounts(&query.filter(&connection, ROWS)).await?,
        false => &all,
    };
    let groups = groups(&app, &connection, &query, matching).await?;
    let sum = |count: fn(&AccountGroup) -> i64| all.iter().map(count).sum::<i64>();
    let total = sum(|group| group.total);
    let card = ConnectionCard::new(&app, &connection, app.now());
    layout.has_actions = card.is_connected && total > 0;
    let from = query.from();
    Ok(page(&PickerPage {
        layout,
        id: connection.id.to_string(),
        is_syncing: card.is_syncing,
        is_connected: card.is_connected,
        selected: sum(|group| group.selected),
        unusable: total - sum(|group| group.selectable),
        businesses: business_links(&query, &all, total),
        earlier: (from > 0).then(|| query.page_href(from.saturating_sub(GROUPS))),
        later: (all.len() > from + GROUPS).then(|| query.page_href(from + GROUPS)),
        matches: matches(&query, matching),
        query: query.search(),
        has_searched: query.has_searched(),
        show: query.show(),
        group: query.business.clone().unwrap_or_default(),
        notice: NoticeView::of(&client, query.notice.as_deref()),
        name: connection.name.clone(),
        total,
        groups,
    }))
}

/// "12 accounts match “shoes”."
fn matches(query: &PickerQuery, matching: &[AccountGroup]) -> String {
    let group = query.group();
    let shown = matching.iter().filter(|count| group.as_ref().is_none_or(|id| *id == count.group_id));
    ad_accounts::matches(shown.map(|count| count.total).sum(), &query.search())
}

fn business_links(query: &PickerQuery, all: &[AccountGroup], total: i64) -> Vec<BusinessLink> {
    let current = query.group();
    let link = |group: &AccountGroup| BusinessLink {
        href: query.href(Some(group_key(&group.group_id)), None),
        count: format::count(group.total),
        is_current: current.as_deref() == Some(group.group_id.as_str()),
        name: Some(ad_accounts::business_name(&group.group_id, &group.name)),
    };
    let first = BusinessLink {
        name: None,
        href: query.href(None, None),
        count: format::count(total),
        is_current: current.is_none(),
    };
    std::iter::once(first).chain(all.iter().skip(query.from()).take(GROUPS).map(link)).collect()
}

fn group_key(group_id: &str) -> &str {
    if group_id.is_empty() { NO_BUSINESS } else { group_id }
}

/// The businesses of this query with their rows; on the page of all only the first rows of the first ones.
async fn groups(
    app: &App,
    connection: &ConnectionSummary,
    query: &PickerQuery,
    matching: &[AccountGroup],
) -> Result<Vec<Group>, Problem> {
    let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let filter = query.filter(connection, ROWS + 1);
    if let Some(single) = query.group() {
        let Some(count) = matching.iter().find(|count| count.group_id == single) else {
            return Ok(Vec::new());
        };
        let rows = app.store.list_ad_accounts(&filter).await?;
        return Ok(vec![Group::new(query, count, rows, ROWS)]);
    }
    let shown: Vec<&AccountGroup> = matching.iter().skip(query.from()).take(GROUPS).collect();
    let limit = (ROWS_OF_ALL / number(shown.len().clamp(1, OPEN_GROUPS))).max(5);
    let mut groups = Vec::new();
    for (index, count) in shown.into_iter().enumerate() {
        let group_id = Some(count.group_id.clone());
        let rows = match index < OPEN_GROUPS {
            true => {
                let filter = AdAccountFilter { group_id, limit: limit + 1, ..filter.clone() };
                app.store.list_ad_accounts(&filter).await?
            }
            false => Vec::new(),
        };
        groups.push(Group::new(query, count, rows, limit));
    }
    Ok(groups)
}

impl Group {
    /// `rows` are at most one more than `limit`; a group without rows is closed.
    fn new(query: &PickerQuery, count: &AccountGroup, mut rows: Vec<AdAccount>, limit: i64) -> Group {
        let limit = usize::try_from(limit).unwrap_or_default();
        let has_more = rows.is_empty() || rows.len() > limit;
        rows.truncate(limit);
        let key = group_key(&count.group_id);
        // Only the page of a single business continues after its last row.
        let last = rows.last().filter(|_| query.business.is_some());
        Group {
            id: key.to_owned(),
            name: ad_accounts::business_name(&count.group_id, &count.name),
            relation: ad_accounts::relation(count.relation),
            selected: format::count(count.selected),
            total: format::count(count.total),
            selectable: format::count(count.selectable),
            is_all_selected: count.selected >= count.selectable && count.selectable > 0,
            more: has_more.then(|| query.href(Some(key), last)),
            rows: rows.into_iter().map(Row::new).collect(),
        }
    }
}

impl Row {
    fn new(account: AdAccount) -> Row {
        let zone = ad_accounts::zone_name(&account.timezone);
        Row {
            place: [account.currency.as_str(), zone.as_str(), ad_accounts::role(&account.tasks.0)]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" · "),
            is_selected: account.is_selected,
            // One that was selected before it broke can be deselected.
            is_selectable: account.is_selectable || account.is_selected,
            status: AccountStatusView::of(&account),
            id: account.account_id,
            name: account.account_name,
        }
    }
}

/// Saves the selection. `account_id` (repeated) are the selected accounts; where `in_view` names the accounts that the
/// page showed, only those change, else exactly these are selected. `select_all` or `clear_all` with a business selects
/// or deselects all its usable accounts.
pub async fn select(
    State(app): State<App>,
    OwnedConnectionForMetaCall(owned): OwnedConnectionForMetaCall,
    ManyFields(fields): ManyFields,
) -> Result<Response, Problem> {
    let OwnedConnection { caller, connection } = owned;
    let mut wanted = ids(&fields.all("account_id"))?;
    let mut scope = fields.has("in_view").then(|| ids(&fields.all("in_view"))).transpose()?;
    let (select_all, clear_all) = (fields.one("select_all"), fields.one("clear_all"));
    for (group, is_selecting) in [(select_all, true), (clear_all, false)] {
        if group.is_empty() {
            continue;
        }
        if group != NO_BUSINESS && BusinessId::parse(group).is_err() {
            return Err(Problem::Invalid);
        }
        let members = members(&app, &connection, group).await?;
        wanted.retain(|id| is_selecting || !members.contains(id));
        scope.get_or_insert_default().extend(members.iter().cloned());
        if is_selecting {
            wanted.extend(members);
        }
    }
    let outcome = match select::select(&app, &caller.user_id, &connection, scope.as_deref(), &wanted).await {
        Ok(outcome) => outcome,
        Err(SelectError::RateLimited) => return Err(Problem::RateLimited),
        Err(SelectError::Store(error)) => return Err(error.into()),
    };
    let is_group = !select_all.is_empty() || !clear_all.is_empty();
    let notice = match outcome {
        SelectionOutcome { unanswered: 1.., .. } => Notice::SomeUnanswered,
        SelectionOutcome { change, .. } if change.refused > 0 && !is_group => Notice::SomeRefused,
        SelectionOutcome { .. } => Notice::Selected,
    };
    let (id, notice) = (&connection.id, notice.as_str());
    let group = if select_all.is_empty() { clear_all } else { select_all };
    Ok(Redirect::to(&if is_group {
        format!("/connections/{id}/accounts?business={group}&notice={notice}")
    } else {
        format!("/connections/{id}?notice={notice}")
    })
    .into_response())
}

/// Ids of all accounts of a business that can be selected or deselected.
async fn members(app: &App, connection: &ConnectionSummary, group: &str) -> Result<Vec<String>, Problem> {
    const BATCH: i64 = 5_000;
    let query = PickerQuery::of_business(group);
    let mut filter: AdAccountFilter = query.filter(connection, BATCH);
    let mut members = Vec::new();
    loop {
        let batch = app.store.list_ad_accounts(&filter).await?;
        let Some(last) = batch.last() else { return Ok(members) };
        filter.after = Some((last.name_key.clone(), last.account_id.clone()));
        let usable = batch.into_iter().filter(|account| account.is_selectable || account.is_selected);
        members.extend(usable.map(|account| account.account_id));
    }
}

/// Ids with or without `act_`; our page sends nothing else.
fn ids(texts: &[String]) -> Result<Vec<String>, Problem> {
    let parse = |text: &String| AdAccountId::parse_any(text).map(|id| id.to_string());
    texts.iter().map(parse).collect::<Result<_, _>>().map_err(|_| Problem::Invalid)
}
