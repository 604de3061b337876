//! "Why is my ad account missing?"

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use metaads_graph::AdAccountId;
use metaads_store::{AdAccountFilter, ConnectionStatus, Only};
use serde::Deserialize;

use crate::app::App;
use crate::connections::assets::diagnose;
use crate::connections::assets::diagnose::{Answer, Facts};
use crate::messages::connection_label;
use crate::messages::diagnosis;
use crate::messages::diagnosis::DiagnosisText;
use crate::messages::diagnosis::Help;
use crate::messages::format;
use crate::web::connection::{find, find_to_ask};
use crate::web::extract::{ClientInfo, Fields, User};
use crate::web::layout::{Layout, Section, page};
use crate::web::problem::Problem;

#[derive(Template)]
#[template(path = "diagnose.html")]
struct DiagnosePage {
    layout: Layout,
    id: String,
    name: String,
    first_name: String,
    is_live: bool,
    /// "1,307 ad accounts in 3 businesses"; when they were read.
    found: String,
    read_on: Option<String>,
    reasons: Vec<DiagnosisText>,
    /// What was found out about the one account that was asked for.
    answer: Option<DiagnosisText>,
    account: String,
    /// What is wrong with the number that was typed.
    problem: &'static str,
}

/// In the address, where what was typed is no number of an ad account.
const NO_NUMBER: &str = "no_number";

#[derive(Debug, Deserialize)]
pub struct DiagnoseQuery {
    account: Option<String>,
    answer: Option<String>,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    User(who): User,
    Path(id): Path<String>,
    Query(query): Query<DiagnoseQuery>,
) -> Result<Response, Problem> {
    let connection = find(&app, &who, &id).await?;
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
        pages: app.store.list_pages(&connection.id).await?,
    };
    let first_name = connection_label::ConnectionLabel::of(&connection).name.to_owned();
    let reasons = diagnose::reasons(&app, &connection, &facts);
    let typed = query.account.unwrap_or_default();
    let account = AdAccountId::parse_any(typed.trim()).map(|id| id.to_string()).ok();
    let answer = query.answer.as_deref().and_then(Answer::from_text).zip(account.as_deref());
    let answer = answer.map(|(answer, account)| diagnosis::answer(answer, account, &first_name));
    let businesses = format::plural(connection.assets.businesses, "business", "businesses");
    let accounts = format::plural(connection.assets.ad_accounts, "ad account", "ad accounts");
    Ok(page(&DiagnosePage {
        layout: Layout::new(&app, &client, Some(&who), Section::Connections, "Why is my ad account missing?"),
        is_live: !connection.state.is_revoked(),
        found: if connection.assets.businesses > 0 {
            format!("{accounts} in {businesses}")
        } else {
            accounts
        },
        read_on: connection.last_synced_at.map(format::day_and_time),
        reasons: reasons.iter().map(|reason| diagnosis::missing(reason, &first_name)).collect(),
        answer,
        problem: match query.answer.as_deref() {
            Some(NO_NUMBER) => "That is no ad account number. It is made of digits, as in act_123456789.",
            _ => "",
        },
        account: account.unwrap_or_else(|| typed.chars().take(40).collect()),
        name: connection.name.clone(),
        first_name,
        id,
    }))
}

/// Asks Meta for one account.
pub async fn look_for(
    State(app): State<App>,
    User(who): User,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Problem> {
    let connection = find_to_ask(&app, &who, &id).await?;
    let typed = fields.one("account").trim();
    let query = |pairs: &[(&str, &str)]| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs);
        Redirect::to(&format!("/connections/{id}/missing?{}#one", query.finish())).into_response()
    };
    let Ok(account) = AdAccountId::parse_any(typed) else {
        let short: String = typed.chars().take(40).collect();
        return Ok(query(&[("account", &short), ("answer", NO_NUMBER)]));
    };
    let answer = diagnose::look_for(&app, &connection, &account).await?;
    Ok(query(&[("account", account.as_str()), ("answer", answer.as_str())]))
}
