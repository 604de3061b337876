//! Connecting a whole business: what it takes, and the address to open on a computer.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use crate::accounts::sessions::is_handheld;
use crate::app::App;
use crate::web::connection::find;
use crate::web::extract::{ClientInfo, User};
use crate::web::layout::{Layout, Section, page};
use crate::web::problem::Problem;

/// Where somebody at a phone is led to.
pub const PATH: &str = "/connect/business";

#[derive(Template)]
#[template(path = "business.html")]
struct BusinessPage {
    layout: Layout,
    /// The connection that is connected again, or empty; and its name.
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
    User(who): User,
    Query(query): Query<BusinessQuery>,
) -> Result<Response, Problem> {
    if app.config.meta_login.config_id.is_none() {
        return Err(Problem::NotFound);
    }
    let known = match query.connection.as_deref() {
        Some(id) => Some(find(&app, &who, id).await?),
        None => None,
    };
    let reconnects = known.as_ref().map_or_else(String::new, |known| known.id.to_string());
    let query = if reconnects.is_empty() { String::new() } else { format!("?connection={reconnects}") };
    Ok(page(&BusinessPage {
        layout: Layout::new(&app, &client, Some(&who), Section::Connections, "Connect a business"),
        name: known.map_or_else(String::new, |known| known.name.clone()),
        is_handheld: is_handheld(&client.user_agent),
        link: format!("{}{PATH}{query}", app.config.base()),
        reconnects,
    }))
}
