//! "Why is my ad account missing?": the reasons that the stored assets suggest, and a lookup of one account at Meta.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use metaads_graph::AdAccountId;
use serde::Deserialize;

use crate::app::App;
use crate::codes::diagnosis::{LookupResult, MissingReason, UnreadWhy};
use crate::connections::assets::diagnose;
use crate::connections::status;
use crate::http::client_info::ClientInfo;
use crate::http::form_fields::FormFields;
use crate::http::owned_connection::{OwnedConnection, OwnedConnectionForMetaCall};
use crate::http::problem::Problem;
use crate::messages::connection_label::ConnectionLabel;
use crate::messages::connection_status::reach;
use crate::messages::diagnosis::{self, DiagnosisText};
use crate::messages::format;
use crate::urls;
use crate::web::layout::{Layout, Section, page};

/// What was typed is kept up to this many characters.
const MAX_TYPED: usize = 40;
/// In the URL, where what was typed is not the number of an ad account.
const NOT_A_NUMBER: &str = "no_number";

#[derive(Template)]
#[template(path = "diagnose.html")]
struct DiagnosePage {
    layout: Layout,
    id: String,
    name: String,
    first_name: String,
    is_connected: bool,
    /// "1,307 ad accounts in 3 businesses", and when they were synced.
    found: String,
    synced_at: Option<String>,
    reasons: Vec<Diagnosis>,
    /// The result for the one account that was looked up.
    result: Option<Diagnosis>,
    account: String,
    /// What is wrong with the number that was typed; may be empty.
    problem: &'static str,
}

struct Diagnosis {
    text: DiagnosisText,
    remedy: Remedy,
}

/// The one thing that helps.
enum Remedy {
    /// Facebook asks again, for what was declined or not selected.
    AskAgain,
    Reconnect,
    Sync,
    /// The picker, with this query.
    Show(String),
    /// A page of Meta's.
    Meta(&'static str),
    /// Only an admin of this site can act.
    Admin,
    /// It resolves by itself, or somebody else has to act.
    None,
}

#[derive(Debug, Deserialize)]
pub struct DiagnoseQuery {
    account: Option<String>,
    answer: Option<String>,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    OwnedConnection { caller, connection }: OwnedConnection,
    Query(query): Query<DiagnoseQuery>,
) -> Result<Response, Problem> {
    let first_name = ConnectionLabel::of(&connection).name.to_owned();
    let reasons = diagnose::missing_reasons(&app, &connection).await?;
    let typed = query.account.unwrap_or_default();
    let account = AdAccountId::parse_any(typed.trim()).map(|id| id.to_string()).ok();
    let mut layout = Layout::new(&app, &client, Some(&caller), Section::Connections).await?;
    layout.is_refused = query.answer.as_deref() == Some(NOT_A_NUMBER);
    let result = query.answer.as_deref().and_then(LookupResult::from_text).zip(account.as_deref());
    Ok(page(&DiagnosePage {
        layout,
        id: connection.id.to_string(),
        is_connected: status::is_connected(&connection),
        found: reach(connection.assets.ad_accounts, connection.assets.businesses),
        synced_at: connection.last_synced_at.map(format::day_and_time),
        reasons: reasons.iter().map(|reason| Diagnosis::of_reason(reason, &first_name)).collect(),
        result: result.map(|(result, account)| Diagnosis::of_lookup(result, account, &first_name)),
        problem: match query.answer.as_deref() {
            Some(NOT_A_NUMBER) => diagnosis::NOT_A_NUMBER,
            _ => "",
        },
        account: account.unwrap_or_else(|| typed.chars().take(MAX_TYPED).collect()),
        name: connection.name.clone(),
        first_name,
    }))
}

/// Asks Meta for one account.
pub async fn look_for(
    State(app): State<App>,
    OwnedConnectionForMetaCall(owned): OwnedConnectionForMetaCall,
    fields: FormFields,
) -> Result<Response, Problem> {
    let connection = owned.connection;
    let typed = fields.one("account").trim();
    let back = |pairs: &[(&str, &str)]| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs);
        let id = &connection.id;
        Redirect::to(&format!("/connections/{id}/missing?{}", query.finish())).into_response()
    };
    let Ok(account) = AdAccountId::parse_any(typed) else {
        let short: String = typed.chars().take(MAX_TYPED).collect();
        return Ok(back(&[("account", &short), ("answer", NOT_A_NUMBER)]));
    };
    let result = diagnose::look_for(&app, &connection, &account).await?;
    Ok(back(&[("account", account.as_str()), ("answer", result.as_str())]))
}

impl Diagnosis {
    fn of_reason(reason: &MissingReason, who: &str) -> Diagnosis {
        let remedy = match reason {
            MissingReason::NotConnected => Remedy::Reconnect,
            MissingReason::SyncRunning => Remedy::None,
            MissingReason::NotRead { why: UnreadWhy::RateLimited | UnreadWhy::Unavailable, .. } => {
                Remedy::None
            }
            MissingReason::NotRead { why: UnreadWhy::TwoFactor, .. } => Remedy::Meta(urls::SECURITY_SETTINGS),
            MissingReason::SyncFailed
            | MissingReason::NotRead { why: UnreadWhy::Refused | UnreadWhy::Endless, .. }
            | MissingReason::InstagramNotProfessional { .. }
            | MissingReason::InstagramNotLinked { .. } => Remedy::Sync,
            MissingReason::Permission { .. }
            | MissingReason::LimitedOnFacebook { .. }
            | MissingReason::InstagramPageNotSelected { .. } => Remedy::AskAgain,
            MissingReason::RoleTooLow { .. } => Remedy::Meta(urls::BUSINESS_SETTINGS),
            MissingReason::AppReview | MissingReason::PermissionNotOffered { .. } => Remedy::Admin,
            MissingReason::NoneExist => Remedy::Meta(urls::ADS_MANAGER),
            MissingReason::Unusable { .. } => Remedy::Show("show=unusable".to_owned()),
        };
        Diagnosis { text: diagnosis::missing(reason, who), remedy }
    }

    fn of_lookup(result: LookupResult, account: &str, who: &str) -> Diagnosis {
        let remedy = match result {
            LookupResult::Listed | LookupResult::Found => Remedy::Show(format!("q={account}")),
            LookupResult::Hidden | LookupResult::NoPermission => Remedy::AskAgain,
            LookupResult::RoleTooLow => Remedy::Meta(urls::BUSINESS_SETTINGS),
            LookupResult::TwoFactor => Remedy::Meta(urls::SECURITY_SETTINGS),
            LookupResult::MetaUnavailable => Remedy::None,
            LookupResult::NotConnected => Remedy::Reconnect,
        };
        Diagnosis { text: diagnosis::lookup(result, account, who), remedy }
    }
}
