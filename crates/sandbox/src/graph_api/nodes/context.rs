//! What a read of the graph is done with.

use crate::graph_api::tokens::caller::AuthContext;
use crate::http::request::Request;
use crate::state::shared::SharedState;

pub(crate) struct Context<'a> {
    pub(crate) shared: &'a SharedState,
    pub(crate) auth: &'a AuthContext,
    pub(crate) request: &'a Request,
}
