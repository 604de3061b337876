//! `/{user}/permissions`: lists the granted permissions, revokes one or all of them.

use serde_json::json;

use super::context::Context;
use super::edges;
use crate::graph_api::error::GraphError;
use crate::graph_api::tokens::caller::{AuthContext, Caller, identify};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::state::shared::SharedState;

/// `in_path`: the permission in the path. The official SDKs send it as a parameter instead.
pub(crate) fn serve(
    shared: &SharedState,
    request: &Request,
    in_path: Option<&str>,
) -> Result<Reply, GraphError> {
    let auth = auth(shared, request)?;
    let user_id = shared.world.people[auth.person].user_id.as_str();
    match (request.method.as_str(), in_path) {
        ("GET", None) => {
            let context = Context { shared, auth: &auth, request };
            Ok(Reply::json(&edges::permissions(&context)))
        }
        // Meta's documentation promises `true` here.
        ("DELETE", Some(permission)) => {
            revoke(shared, user_id, permission).map(|()| Reply::json(&true.into()))
        }
        // The official Python SDK cannot parse a bare `true`, so this form answers like other edges.
        ("DELETE", None) => {
            match request.params.get("permission") {
                Some(permission) => revoke(shared, user_id, permission)?,
                None => shared.change(|grants| grants.invalidate_tokens(user_id, 458)),
            }
            Ok(Reply::json(&json!({"success": true})))
        }
        (method, _) => Err(GraphError::unsupported(method, request.segment(0))),
    }
}

fn revoke(shared: &SharedState, user_id: &str, permission: &str) -> Result<(), GraphError> {
    if permission == "public_profile" {
        return Err(GraphError::oauth(100, "(#100) Permission public_profile cannot be revoked"));
    }
    match shared.change(|grants| grants.revoke(user_id, permission)) {
        true => Ok(()),
        false => Err(GraphError::oauth(100, format!("(#100) Invalid permission: {permission}"))),
    }
}

/// The person is identified by their own token, or by their id with the app's token.
fn auth(shared: &SharedState, request: &Request) -> Result<AuthContext, GraphError> {
    let id = request.segment(0);
    match identify(shared, request)? {
        Caller::User(auth) => {
            let own = &shared.world.people[auth.person].user_id;
            match id == "me" || id == own {
                true => Ok(auth),
                false => Err(GraphError::unsupported(&request.method, id)),
            }
        }
        Caller::App => {
            let person = shared.world.person(id);
            let grant = shared.grants().grant(id).cloned();
            match (person, grant) {
                (Some(person), Some(grant)) => {
                    Ok(AuthContext { person, grant, token: String::new(), page: None })
                }
                _ => Err(GraphError::unsupported(&request.method, id)),
            }
        }
    }
}
