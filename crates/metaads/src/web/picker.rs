//! Choosing among thousands of ad accounts, a screenful at a time.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use metaads_graph::{AdAccountId, BusinessId};
use metaads_store::{AccountGroup, AdAccount, AdAccountFilter, Connection, Only, Relation};
use serde::Deserialize;
use url::form_urlencoded;

use super::connection::{find, find_to_ask};
use super::extract::{Fields, User, Visit};
use super::frame::{Frame, Section, page};
use super::problem::Problem;
use crate::app::App;
use crate::connections::selection::{self, Chosen};
use crate::connections::standing::Standing;
use crate::words::{self, StandingWords};

/// Rows of one business on a page of its own, and of each business on the page of all.
const ROWS: i64 = 100;
const ROWS_IN_ALL: i64 = 60;
/// Businesses whose rows are shown on the page of all.
const GROUPS_IN_ALL: usize = 10;

#[derive(Template)]
#[template(path = "picker.html")]
struct PickerPage {
    frame: Frame,
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
    standing: StandingWords,
    reason: String,
}

#[derive(Debug, Default, Deserialize)]
pub struct Look {
    q: Option<String>,
    show: Option<String>,
    business: Option<String>,
    after: Option<String>,
    after_id: Option<String>,
    notice: Option<String>,
}

impl Look {
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

    fn filter(&self, connection: &Connection) -> AdAccountFilter {
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

    /// This look at another business, with everything else as it is.
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
    visit: Visit,
    User(who): User,
    Path(id): Path<String>,
    Query(look): Query<Look>,
) -> Result<Response, Problem> {
    let connection = find(&app, &who, &id).await?;
    let mut frame = Frame::new(&app, &visit, Some(&who), Section::Connections, "Choose ad accounts");
    frame.has_actions = true;
    let everything = AdAccountFilter { only: Only::All, search: None, ..look.filter(&connection) };
    let all = app.store.count_ad_accounts(&everything).await?;
    let counts = app.store.count_ad_accounts(&look.filter(&connection)).await?;
    let groups = groups(&app, &connection, &look, &counts).await?;
    let sum =
        |groups: &[AccountGroup], count: fn(&AccountGroup) -> i64| groups.iter().map(count).sum::<i64>();
    let total = sum(&all, |group| group.total);
    let card = super::dashboard::Card::new(&app, &connection, app.now());
    Ok(page(&PickerPage {
        frame,
        is_reading: card.is_reading,
        is_live: card.is_live,
        done: total,
        selected: sum(&all, |group| group.selected),
        unusable: total - sum(&all, |group| group.selectable),
        sides: sides(&look, &all, total),
        query: look.query(),
        show: look.show(),
        group: look.business.clone().unwrap_or_default(),
        notice: match look.notice.as_deref() {
            Some(key) => chosen_words(key),
            None => "",
        },
        name: connection.name,
        total,
        groups,
        id,
    }))
}

fn sides(look: &Look, all: &[AccountGroup], total: i64) -> Vec<Side> {
    let current = look.group();
    let mut sides = vec![Side {
        name: "All".to_owned(),
        href: look.href(None, None),
        count: words::count(total),
        is_current: current.is_none(),
    }];
    sides.extend(all.iter().take(100).map(|group| Side {
        href: look.href(Some(group_key(&group.group_id)), None),
        count: words::count(group.total),
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

/// The businesses of this look with their rows; on the page of all only the first rows of the first ones.
async fn groups(
    app: &App,
    connection: &Connection,
    look: &Look,
    counts: &[AccountGroup],
) -> Result<Vec<Group>, Problem> {
    let single = look.group();
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
            ..look.filter(connection)
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
            selected: words::count(count.selected),
            total: words::count(count.total),
            selectable: words::count(count.selectable),
            is_all_selected: count.selected >= count.selectable && count.selectable > 0,
            more: has_more.then(|| look.href(Some(key), last)),
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
        let words = words::standing(Standing::of(account.account_status, account.is_reachable));
        let disabled = words::disable_reason(account.disable_reason).filter(|_| words.word == "Disabled");
        let reason = match (account.lost_reason.as_deref(), disabled) {
            (Some("role_lost"), _) => words::ROLE_LOST.to_owned(),
            (_, Some(reason)) => format!("Meta disabled it: {reason}."),
            _ => words.reason.to_owned(),
        };
        let zone = words::zone_name(&account.timezone);
        Row {
            place: [account.currency.as_str(), zone.as_str(), words::role(&account.tasks.0)]
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
    let chosen = selection::choose(&app, &who, &connection, scope.as_deref(), &wanted).await?;
    let is_group = !select_all.is_empty() || !clear_all.is_empty();
    let notice = match chosen {
        Chosen { unanswered: 1.., .. } => "some_unanswered",
        Chosen { change, .. } if change.refused > 0 && !is_group => "some_refused",
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

async fn members(app: &App, connection: &Connection, group: &str) -> Result<Vec<String>, Problem> {
    let look = Look { business: Some(group.to_owned()), ..Look::default() };
    let filter = AdAccountFilter { limit: 100_000, ..look.filter(connection) };
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
