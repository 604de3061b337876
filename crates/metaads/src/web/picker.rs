//! Choosing among thousands of ad accounts, a screenful at a time.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use metaads_graph::{AdAccountId, BusinessId};
use metaads_store::{AccountGroup, AdAccount, AdAccountFilter, ConnectionSummary, Only, Relation};
use serde::Deserialize;
use url::form_urlencoded;

use crate::app::App;
use crate::codes::account_status::AccountStatus;
use crate::connections::assets::select;
use crate::connections::assets::select::SelectionOutcome;
use crate::messages::ad_accounts;
use crate::messages::ad_accounts::AccountStatusText;
use crate::messages::format;
use crate::web::connection::{find, find_to_ask};
use crate::web::extract::{ClientInfo, Fields, User};
use crate::web::layout::{Layout, Section, page};
use crate::web::problem::Problem;

/// Rows of one business on a page of its own, and of each business on the page of all.
const ROWS: i64 = 100;
const ROWS_IN_ALL: i64 = 60;
/// Businesses whose rows are shown on the page of all.
const GROUPS_IN_ALL: usize = 10;

#[derive(Template)]
#[template(path = "picker.html")]
struct PickerPage {
    layout: Layout,
    id: String,
    name: String,
    is_reading: bool,
    is_live: bool,
    done: i64,
    total: i64,
    selected: i64,
    unusable: i64,
    sides: Vec<Side>,
    groups: Vec<Group>,
    query: String,
    show: &'static str,
    group: String,
    notice: &'static str,
}

struct Side {
    name: String,
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
    more: Option<String>,
}

struct Row {
    id: String,
    name: String,
    place: String,
    is_selected: bool,
    is_selectable: bool,
    standing: AccountStatusText,
    reason: String,
}

#[derive(Debug, Default, Deserialize)]
pub struct PickerQuery {
    q: Option<String>,
    show: Option<String>,
    business: Option<String>,
    after: Option<String>,
    after_id: Option<String>,
    notice: Option<String>,
}

impl PickerQuery {
    fn only(&self) -> Only {
        match self.show.as_deref() {
            Some("chosen") => Only::Selected,
            Some("unusable") => Only::Unusable,
            _ => Only::All,
        }
    }

    fn show(&self) -> &'static str {
        match self.only() {
            Only::All => "",
            Only::Selected => "chosen",
            Only::Unusable => "unusable",
        }
    }

    fn query(&self) -> String {
        self.q.as_deref().unwrap_or_default().trim().chars().take(100).collect()
    }

    /// `none` stands for the accounts in no business.
    fn group(&self) -> Option<String> {
        self.business.as_ref().map(|group| if group == "none" { String::new() } else { group.clone() })
    }

    fn filter(&self, connection: &ConnectionSummary) -> AdAccountFilter {
        let after = self.after.clone().zip(self.after_id.clone());
        AdAccountFilter {
            connection_id: connection.id.clone(),
            group_id: self.group(),
            search: Some(self.query()).filter(|query| !query.is_empty()),
            only: self.only(),
            after,
            limit: ROWS + 1,
        }
    }

    /// This query at another business, with everything else as it is.
    fn href(&self, group: Option<&str>, after: Option<&AdAccount>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::from("?"));
        let text = self.query();
        for (name, value) in
            [("q", text.as_str()), ("show", self.show()), ("business", group.unwrap_or_default())]
        {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if let Some(last) = after {
            query.append_pair("after", &last.name_key).append_pair("after_id", &last.account_id);
        }
        query.finish()
    }
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    User(who): User,
    Path(id): Path<String>,
    Query(query): Query<PickerQuery>,
) -> Result<Response, Problem> {
    let connection = find(&app, &who, &id).await?;
    let mut layout = Layout::new(&app, &client, Some(&who), Section::Connections, "Choose ad accounts");
    layout.has_actions = true;
    let everything = AdAccountFilter { only: Only::All, search: None, ..query.filter(&connection) };
    let all = app.store.count_ad_accounts(&everything).await?;
    let counts = app.store.count_ad_accounts(&query.filter(&connection)).await?;
    let groups = groups(&app, &connection, &query, &counts).await?;
    let sum =
        |groups: &[AccountGroup], count: fn(&AccountGroup) -> i64| groups.iter().map(count).sum::<i64>();
    let total = sum(&all, |group| group.total);
    let card = crate::web::dashboard::Card::new(&app, &connection, app.now());
    Ok(page(&PickerPage {
        layout,
        is_reading: card.is_reading,
        is_live: card.is_live,
        done: total,
        selected: sum(&all, |group| group.selected),
        unusable: total - sum(&all, |group| group.selectable),
        sides: sides(&query, &all, total),
        query: query.query(),
        show: query.show(),
        group: query.business.clone().unwrap_or_default(),
        notice: match query.notice.as_deref() {
            Some(key) => chosen_words(key),
            None => "",
        },
        name: connection.name.clone(),
        total,
        groups,
        id,
    }))
}

fn sides(query: &PickerQuery, all: &[AccountGroup], total: i64) -> Vec<Side> {
    let current = query.group();
    let mut sides = vec![Side {
        name: "All".to_owned(),
        href: query.href(None, None),
        count: format::count(total),
        is_current: current.is_none(),
    }];
    sides.extend(all.iter().take(100).map(|group| Side {
        href: query.href(Some(group_key(&group.group_id)), None),
        count: format::count(group.total),
        is_current: current.as_deref() == Some(group.group_id.as_str()),
        name: group_name(group),
    }));
    sides
}

fn group_key(group_id: &str) -> &str {
    if group_id.is_empty() { "none" } else { group_id }
}

fn group_name(group: &AccountGroup) -> String {
    match (group.group_id.as_str(), group.name.as_str()) {
        ("", _) => "Not in a business".to_owned(),
        (id, "") => format!("Business {id}"),
        (_, name) => name.to_owned(),
    }
}

/// The businesses of this query with their rows; on the page of all only the first rows of the first ones.
async fn groups(
    app: &App,
    connection: &ConnectionSummary,
    query: &PickerQuery,
    counts: &[AccountGroup],
) -> Result<Vec<Group>, Problem> {
    let single = query.group();
    let shown: Vec<&AccountGroup> = counts
        .iter()
        .filter(|count| single.as_ref().is_none_or(|single| *single == count.group_id))
        .collect();
    let in_all = i64::try_from(shown.len().clamp(1, GROUPS_IN_ALL)).unwrap_or(1);
    let limit = if single.is_some() { ROWS } else { (ROWS_IN_ALL / in_all).max(5) };
    let mut groups = Vec::new();
    for (index, count) in shown.into_iter().enumerate().take(100) {
        let is_open = index < GROUPS_IN_ALL;
        let filter = AdAccountFilter {
            group_id: Some(count.group_id.clone()),
            limit: if is_open { limit + 1 } else { 0 },
            ..query.filter(connection)
        };
        let mut rows = app.store.list_ad_accounts(&filter).await?;
        let has_more = !is_open || rows.len() > usize::try_from(limit).unwrap_or_default();
        rows.truncate(usize::try_from(limit).unwrap_or_default());
        let key = group_key(&count.group_id);
        let last = rows.last().filter(|_| single.is_some());
        groups.push(Group {
            id: key.to_owned(),
            name: group_name(count),
            relation: relation(&count.relation),
            selected: format::count(count.selected),
            total: format::count(count.total),
            selectable: format::count(count.selectable),
            is_all_selected: count.selected >= count.selectable && count.selectable > 0,
            more: has_more.then(|| query.href(Some(key), last)),
            rows: rows.into_iter().map(Row::new).collect(),
        });
    }
    Ok(groups)
}

fn relation(text: &str) -> &'static str {
    match Relation::from_text(text) {
        Some(Relation::Owned) => "Owned",
        Some(Relation::Client) => "Client",
        Some(Relation::Shared) => "Shared",
        Some(Relation::Personal) | None => "",
    }
}

impl Row {
    fn new(account: AdAccount) -> Row {
        let words = ad_accounts::standing(AccountStatus::of(account.account_status, account.is_reachable));
        let disabled =
            ad_accounts::disable_reason(account.disable_reason).filter(|_| words.word == "Disabled");
        let reason = match (account.lost_reason.as_deref(), disabled) {
            (Some("role_lost"), _) => ad_accounts::ROLE_LOST.to_owned(),
            (_, Some(reason)) => format!("Meta disabled it: {reason}."),
            _ => words.reason.to_owned(),
        };
        let zone = ad_accounts::zone_name(&account.timezone);
        Row {
            place: [account.currency.as_str(), zone.as_str(), ad_accounts::role(&account.tasks.0)]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" · "),
            is_selected: account.is_selected,
            // What was chosen before it broke can be unticked.
            is_selectable: account.is_selectable || account.is_selected,
            id: account.account_id,
            name: account.account_name,
            standing: words,
            reason,
        }
    }
}

/// Saves the choice. `account_id` (repeated) are the ticked accounts; where `in_view` names the
/// accounts that stood on the page, only those change, else exactly the ticked ones are selected.
/// `select_all` or `clear_all` with a business ticks or clears all its usable accounts.
pub async fn choose(
    State(app): State<App>,
    User(who): User,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Problem> {
    let connection = find_to_ask(&app, &who, &id).await?;
    let mut wanted = ids(&fields.all("account_id"))?;
    let mut scope = fields.has("in_view").then(|| ids(&fields.all("in_view"))).transpose()?;
    let (select_all, clear_all) = (fields.one("select_all"), fields.one("clear_all"));
    for (group, is_ticking) in [(select_all, true), (clear_all, false)] {
        if group.is_empty() {
            continue;
        }
        if group != "none" && BusinessId::parse(group).is_err() {
            return Err(Problem::Invalid);
        }
        let members = members(&app, &connection, group).await?;
        wanted.retain(|id| is_ticking || !members.contains(id));
        scope.get_or_insert_default().extend(members.iter().cloned());
        if is_ticking {
            wanted.extend(members);
        }
    }
    let chosen = select::select(&app, &who, &connection, scope.as_deref(), &wanted).await?;
    let is_group = !select_all.is_empty() || !clear_all.is_empty();
    let notice = match chosen {
        SelectionOutcome { unanswered: 1.., .. } => "some_unanswered",
        SelectionOutcome { change, .. } if change.refused > 0 && !is_group => "some_refused",
        _ => "chosen",
    };
    let group = if select_all.is_empty() { clear_all } else { select_all };
    Ok(Redirect::to(&if is_group {
        format!("/connections/{id}/accounts?business={group}&notice={notice}")
    } else {
        format!("/connections/{id}?notice={notice}")
    })
    .into_response())
}

async fn members(app: &App, connection: &ConnectionSummary, group: &str) -> Result<Vec<String>, Problem> {
    let query = PickerQuery { business: Some(group.to_owned()), ..PickerQuery::default() };
    let filter = AdAccountFilter { limit: 100_000, ..query.filter(connection) };
    let all = app.store.list_ad_accounts(&filter).await?;
    Ok(all
        .into_iter()
        .filter(|account| account.is_selectable || account.is_selected)
        .map(|account| account.account_id)
        .collect())
}

/// What is said after saving a choice.
pub(crate) fn chosen_words(notice: &str) -> &'static str {
    match notice {
        "chosen" => "Your choice is saved.",
        "some_refused" => "Your choice is saved. Some accounts cannot be used and were left out.",
        "some_unanswered" => {
            "Meta did not answer for some of the accounts, so they are not chosen yet. The rest is saved. Tick them again in a minute."
        }
        _ => "",
    }
}

/// Ids with or without `act_`; anything else was not made by our page.
fn ids(texts: &[String]) -> Result<Vec<String>, Problem> {
    let parse = |text: &String| AdAccountId::parse_any(text).map(|id| id.to_string());
    texts.iter().map(parse).collect::<Result<_, _>>().map_err(|_| Problem::Invalid)
}
