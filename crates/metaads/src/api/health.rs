//! What is wrong with a connection and its selected ad accounts, who can fix it, and where.

use axum::Json;
use axum::extract::State;
use metaads_store::{AdAccountFilter, ApiScope, Only};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::api_connection::ApiConnection;
use crate::api::refusals::{Refusals, WhoName};
use crate::app::App;
use crate::codes::account_status::AccountStatus;
use crate::codes::error_code::Code;
use crate::connections::status;
use crate::http::problem::Problem;
use crate::messages::errors::error_text;
use crate::messages::format::iso;

/// Issues of ad accounts that one answer lists.
const MOST: usize = 1_000;

/// How a connection is doing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthBody {
    #[schema(value_type = crate::api::connections::ConnectionStatusName)]
    status: &'static str,
    issues: Vec<Issue>,
}

/// Something that is wrong. Exactly one of `connection_id` and `account_id` is there.
#[derive(Debug, Serialize, ToSchema)]
pub struct Issue {
    /// A code that /help/errors/{code} explains.
    #[schema(example = "password_changed")]
    code: String,
    #[schema(format = DateTime)]
    since: Option<String>,
    #[schema(value_type = WhoName)]
    who: &'static str,
    /// What to do, for the person.
    remedy: &'static str,
    /// The page on which it is done.
    #[schema(format = Uri)]
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Uuid)]
    connection_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
}

/// Says what is wrong with a connection and its selected ad accounts.
#[utoipa::path(get, path = "/api/v1/connections/{id}/health", tag = "Connections",
    params(("id" = String, Path, format = Uuid)), responses((status = 200, body = HealthBody), Refusals))]
pub async fn show(
    State(app): State<App>,
    ApiConnection { caller, connection }: ApiConnection,
) -> Result<Json<HealthBody>, Problem> {
    caller.require(ApiScope::ConnectionsRead)?;
    let page = format!("{}/connections/{}", app.config.base(), connection.id);
    let mut issues = Vec::new();
    if let Some(code) = status::reason(&connection) {
        let since = connection.state.since();
        let issue = Issue::new(code, (since > 0).then_some(since), page.clone());
        issues.push(Issue { connection_id: Some(connection.id.to_string()), ..issue });
    }
    let mut filter = AdAccountFilter {
        account_ids: caller.ad_accounts().map(<[String]>::to_vec),
        only: Only::Selected,
        ..AdAccountFilter::all(&connection.id, 500)
    };
    loop {
        let accounts = app.store.list_ad_accounts(&filter).await?;
        let Some(last) = accounts.last() else { break };
        filter.after = Some((last.name_key.clone(), last.account_id.clone()));
        let mut troubled = Vec::new();
        for account in accounts {
            let status = AccountStatus::of(account.account_status, account.is_reachable);
            let reason = account.lost_reason.as_deref().or(status.reason()).and_then(Code::from_text);
            troubled.extend(reason.map(|code| (account.account_id, code)));
        }
        let ids: Vec<String> = troubled.iter().map(|(id, _)| id.clone()).collect();
        let statuses = if ids.is_empty() {
            Vec::new()
        } else {
            app.store.list_account_statuses(&connection.id, &ids).await?
        };
        for (id, code) in troubled {
            let changed = statuses.iter().find(|status| status.account_id == id);
            let since = changed.map(|status| status.status_changed_at).filter(|at| *at > 0);
            let issue = Issue::new(code, since, format!("{page}/accounts?q={id}"));
            issues.push(Issue { account_id: Some(id), ..issue });
        }
        if issues.len() >= MOST {
            break;
        }
    }
    Ok(Json(HealthBody { status: status::api_status(&connection, app.now()), issues }))
}

impl Issue {
    fn new(code: Code, since: Option<i64>, url: String) -> Issue {
        Issue {
            code: code.as_str().to_owned(),
            since: since.map(iso),
            who: code.responsible_party().as_str(),
            remedy: error_text(code).remedy,
            url,
            connection_id: None,
            account_id: None,
        }
    }
}
