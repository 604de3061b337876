//! Ending a connection: a page that says what else ends, and the press that does it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::{ConnectionKind, ConnectionStatus, DisconnectMode};

use crate::app::App;
use crate::connections::disconnect;
use crate::messages::connection_label;
use crate::messages::format;
use crate::web::connection::find;
use crate::web::extract::{ClientInfo, Fields, User};
use crate::web::layout::{Layout, Section, page};
use crate::web::problem::Problem;

#[derive(Template)]
#[template(path = "disconnect.html")]
struct DisconnectPage {
    layout: Layout,
    id: String,
    name: String,
    first_name: String,
    accounts: String,
    pages: String,
    /// Connections of other people here that rest on the same grant.
    others: usize,
    others_words: String,
    /// Whom the person deals with: Facebook or Instagram.
    is_instagram: bool,
    is_system_user: bool,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    User(who): User,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let connection = find(&app, &who, &id).await?;
    if connection.state.is_revoked() {
        return Ok(Redirect::to(&format!("/connections/{id}")).into_response());
    }
    let others = disconnect::others_on_grant(&app, &connection).await?;
    let count = i64::try_from(others).unwrap_or_default();
    let title = format!("Disconnect {}?", connection.name);
    Ok(page(&DisconnectPage {
        layout: Layout::new(&app, &client, Some(&who), Section::Connections, &title),
        first_name: connection_label::ConnectionLabel::of(&connection).name.to_owned(),
        accounts: format::plural(connection.assets.selected, "chosen ad account", "chosen ad accounts"),
        pages: format!(
            "{} and {}",
            format::plural(connection.assets.pages, "Page", "Pages"),
            format::plural(connection.assets.instagram_accounts, "Instagram account", "Instagram accounts")
        ),
        others_words: format::plural(count, "other connection", "other connections"),
        others,
        is_instagram: connection.kind == ConnectionKind::InstagramUser,
        is_system_user: connection.kind == ConnectionKind::BusinessSystemUser,
        name: connection.name.clone(),
        id,
    }))
}

pub async fn act(
    State(app): State<App>,
    User(who): User,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Problem> {
    let connection = find(&app, &who, &id).await?;
    let how = match fields.one("how") {
        // The safer of the two, as the page presets it.
        // Instagram gives programs no way to end it there.
        _ if connection.kind == ConnectionKind::InstagramUser => DisconnectMode::Forget,
        "" => disconnect::default_mode(&app, &connection).await?,
        text => DisconnectMode::from_text(text).ok_or(Problem::Invalid)?,
    };
    disconnect::disconnect(&app, &who, &connection, how).await?;
    Ok(Redirect::to(&format!("/connections/{id}")).into_response())
}

/// Takes a disconnected connection off the list, with its accounts and history.
pub async fn remove(
    State(app): State<App>,
    User(who): User,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let connection = find(&app, &who, &id).await?;
    if !disconnect::purge(&app, &who, &connection.id).await? {
        return Err(Problem::Invalid);
    }
    Ok(Redirect::to("/dashboard?notice=removed").into_response())
}
