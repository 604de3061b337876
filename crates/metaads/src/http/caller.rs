//! Who is calling. Today that is always a signed-in browser; an API key becomes a second way here, so surfaces take a
//! [`Caller`] and never read a session cookie themselves.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use metaads_store::{SignedIn, UserId};

use crate::accounts::sessions;
use crate::app::App;
use crate::concurrency::Slot;
use crate::http::client_info::ClientInfo;
use crate::http::problem::Problem;

/// Longest address that a person comes back to after signing in.
pub const MAX_NEXT_BYTES: usize = 2 * 1024;

/// A known caller. Without one, the request ends as [`Problem::SignedOut`].
#[derive(Debug, Clone)]
pub struct Caller {
    pub user_id: UserId,
    pub session: SignedIn,
    /// One of the requests that this user may have at the same moment, until the request ends.
    _slot: Arc<Slot>,
}

/// A caller who is an admin of this installation.
#[derive(Debug)]
pub struct AdminCaller(pub Caller);

/// For pages that signed-out visitors see too.
#[derive(Debug)]
pub struct MaybeCaller(pub Option<Caller>);

impl FromRequestParts<App> for MaybeCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<MaybeCaller, Problem> {
        let Some(token) = ClientInfo::of(parts, app).session_token else { return Ok(MaybeCaller(None)) };
        let Some(session) = sessions::find(app, &token).await? else { return Ok(MaybeCaller(None)) };
        // A request that names its caller twice takes one slot.
        let slot = match parts.extensions.get::<Arc<Slot>>() {
            Some(slot) => Arc::clone(slot),
            None => {
                let slot = app.concurrency().users.take(session.user_id.as_str()).await;
                Arc::new(slot.ok_or(Problem::Busy)?)
            }
        };
        parts.extensions.insert(Arc::clone(&slot));
        Ok(MaybeCaller(Some(Caller { user_id: session.user_id.clone(), session, _slot: slot })))
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Caller, Problem> {
        let MaybeCaller(caller) = MaybeCaller::from_request_parts(parts, app).await?;
        caller.ok_or_else(|| {
            // After signing in, the browser can only repeat a GET.
            let is_page = parts.method == Method::GET;
            let next = parts.uri.path_and_query().filter(|_| is_page).map(ToString::to_string);
            let next = next.filter(|next| next.len() <= MAX_NEXT_BYTES);
            Problem::SignedOut { next: next.unwrap_or_else(|| "/dashboard".to_owned()) }
        })
    }
}

impl FromRequestParts<App> for AdminCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<AdminCaller, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        if caller.session.is_admin { Ok(AdminCaller(caller)) } else { Err(Problem::Forbidden) }
    }
}
