//! Disconnecting: a page that says what else ends, the form that does it, and removal from the list.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::{ConnectionKind, DisconnectMode};

use crate::app::App;
use crate::codes::notice::Notice;
use crate::connections::disconnect;
use crate::connections::status;
use crate::http::client_info::ClientInfo;
use crate::http::form_fields::FormFields;
use crate::http::owned_connection::OwnedConnection;
use crate::http::problem::Problem;
use crate::messages::connection_label::ConnectionLabel;
use crate::messages::format;
use crate::web::layout::{Layout, Section, page};
use crate::web::notice_view;

#[derive(Template)]
#[template(path = "disconnect.html")]
struct DisconnectPage {
    layout: Layout,
    id: String,
    name: String,
    first_name: String,
    has_selected: bool,
    accounts: String,
    pages: String,
    instagram: String,
    /// Other connections here that use the same grant, and their number as text.
    others: usize,
    others_text: String,
    is_revoke_preset: bool,
    is_instagram: bool,
    is_system_user: bool,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    OwnedConnection { caller, connection }: OwnedConnection,
) -> Result<Response, Problem> {
    let id = connection.id.to_string();
    if !status::is_connected(&connection) {
        return Ok(Redirect::to(&format!("/connections/{id}")).into_response());
    }
    let others = disconnect::others_on_grant(&app, &connection).await?;
    let count = i64::try_from(others).unwrap_or_default();
    Ok(page(&DisconnectPage {
        layout: Layout::new(&app, &client, Some(&caller), Section::Connections).await?,
        first_name: ConnectionLabel::of(&connection).name.to_owned(),
        has_selected: connection.assets.selected > 0,
        accounts: format::plural(connection.assets.selected, "selected ad account", "selected ad accounts"),
        pages: format::plural(connection.assets.pages, "Page", "Pages"),
        instagram: format::plural(
            connection.assets.instagram_accounts,
            "Instagram account",
            "Instagram accounts",
        ),
        others_text: format::plural(count, "other connection", "other connections"),
        others,
        is_revoke_preset: disconnect::default_mode(connection.kind, others) == DisconnectMode::Revoke,
        is_instagram: connection.kind == ConnectionKind::InstagramUser,
        is_system_user: connection.kind == ConnectionKind::BusinessSystemUser,
        name: connection.name.clone(),
        id,
    }))
}

pub async fn act(
    State(app): State<App>,
    OwnedConnection { caller, connection }: OwnedConnection,
    fields: FormFields,
) -> Result<Response, Problem> {
    let chosen = match fields.one("how") {
        "" => None,
        text => Some(DisconnectMode::from_text(text).ok_or(Problem::Invalid)?),
    };
    disconnect::disconnect_as_chosen(&app, &caller.user_id, &connection, chosen).await?;
    let response = Redirect::to(&format!("/connections/{}", connection.id)).into_response();
    Ok(notice_view::show_next(&app, response, Notice::Disconnected))
}

/// Removes a disconnected connection from the list, with its assets and history.
pub async fn remove(
    State(app): State<App>,
    OwnedConnection { caller, connection }: OwnedConnection,
) -> Result<Response, Problem> {
    if !disconnect::purge(&app, &caller.session, &connection.id).await? {
        return Err(Problem::Invalid);
    }
    let notice = Notice::ConnectionRemoved.as_str();
    Ok(Redirect::to(&format!("/dashboard?notice={notice}")).into_response())
}
