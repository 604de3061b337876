//! Connecting a business: what it takes, and the link to open on a computer.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use crate::accounts::sessions::is_handheld;
use crate::app::App;
use crate::http::caller::Caller;
use crate::http::client_info::ClientInfo;
use crate::http::owned_connection::find_owned;
use crate::http::problem::Problem;
use crate::web::layout::{Layout, Section, page};

/// People on a phone are redirected here.
pub const PATH: &str = "/connect/business";

#[derive(Template)]
#[template(path = "business.html")]
struct BusinessPage {
    layout: Layout,
    /// Id of the connection to reconnect, and its name; or empty.
    reconnects: String,
    name: String,
    is_handheld: bool,
    link: String,
}

#[derive(Debug, Deserialize)]
pub struct BusinessQuery {
    connection: Option<String>,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    Query(query): Query<BusinessQuery>,
) -> Result<Response, Problem> {
    if app.config.meta_login.config_id.is_none() {
        return Err(Problem::NotFound);
    }
    let known = match query.connection.as_deref() {
        Some(id) => Some(find_owned(&app, &caller, id).await?),
        None => None,
    };
    let reconnects = known.as_ref().map_or_else(String::new, |known| known.id.to_string());
    let query = if reconnects.is_empty() { String::new() } else { format!("?connection={reconnects}") };
    Ok(page(&BusinessPage {
        layout: Layout::new(&app, &client, Some(&caller), Section::Connections).await?,
        name: known.map_or_else(String::new, |known| known.name.clone()),
        is_handheld: is_handheld(&client.user_agent),
        link: format!("{}{PATH}{query}", app.config.base()),
        reconnects,
    }))
}
