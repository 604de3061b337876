//! Connecting a whole business: what it takes, and the address to open on a computer.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::connection::find;
use super::extract::{User, Visit};
use super::frame::{Frame, Section, page};
use super::problem::Problem;
use crate::accounts::sessions::is_handheld;
use crate::app::App;

/// Where somebody at a phone is led to.
pub const PATH: &str = "/connect/business";

#[derive(Template)]
#[template(path = "business.html")]
struct BusinessPage {
    frame: Frame,
    /// The connection that is connected again, or empty; and its name.
    reconnects: String,
    name: String,
    is_handheld: bool,
    link: String,
}

#[derive(Debug, Deserialize)]
pub struct Wanted {
    connection: Option<String>,
}

pub async fn show(
    State(app): State<App>,
    visit: Visit,
    User(who): User,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    if app.config.login_config_id.is_none() {
        return Err(Problem::NotFound);
    }
    let known = match wanted.connection.as_deref() {
        Some(id) => Some(find(&app, &who, id).await?),
        None => None,
    };
    let reconnects = known.as_ref().map_or_else(String::new, |known| known.id.to_string());
    let query = if reconnects.is_empty() { String::new() } else { format!("?connection={reconnects}") };
    Ok(page(&BusinessPage {
        frame: Frame::new(&app, &visit, Some(&who), Section::Connections, "Connect a business"),
        name: known.map_or_else(String::new, |known| known.name),
        is_handheld: is_handheld(&visit.user_agent),
        link: format!("{}{PATH}{query}", app.config.base()),
        reconnects,
    }))
}
