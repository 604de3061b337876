//! What every read of the graph needs: the state, who is asking, and the request.

use crate::graph_api::tokens::caller::AuthContext;
use crate::http::request::Request;
use crate::state::shared::SharedState;

pub(crate) struct Context<'a> {
    pub(crate) shared: &'a SharedState,
    pub(crate) auth: &'a AuthContext,
    pub(crate) request: &'a Request,
}
