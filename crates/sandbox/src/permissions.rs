//! `/{user}/permissions`: reading what was granted, taking back one permission or all.

use crate::edges;
use crate::envelope::{GraphError, Reply};
use crate::graph::success;
use crate::nodes::Context;
use crate::params::Request;
use crate::shared::Shared;
use crate::viewer::{Insight, Viewer, identify};

pub(crate) fn serve(
    shared: &Shared,
    request: &Request,
    permission: Option<&str>,
) -> Result<Reply, GraphError> {
    let insight = insight(shared, request)?;
    let user_id = shared.world.people[insight.person].user_id.as_str();
    match (request.method.as_str(), permission) {
        ("GET", None) => {
            let context = Context { shared, insight: &insight, request };
            Ok(Reply::json(&edges::permissions(&context)))
        }
        ("DELETE", Some(permission)) => {
            if permission == "public_profile" {
                return Err(GraphError::oauth(100, "(#100) Permission public_profile cannot be revoked"));
            }
            match shared.change(|grants| grants.revoke(user_id, permission)) {
                true => Ok(success()),
                false => Err(GraphError::oauth(100, format!("(#100) Invalid permission: {permission}"))),
            }
        }
        ("DELETE", None) => {
            shared.change(|grants| grants.kill(user_id, 458));
            Ok(success())
        }
        (method, _) => Err(GraphError::unsupported(method, request.segment(0))),
    }
}

/// The person meant: by their own token, or by their id with the app's token.
fn insight(shared: &Shared, request: &Request) -> Result<Insight, GraphError> {
    let id = request.segment(0);
    match identify(shared, request)? {
        Viewer::Person(insight) => {
            let own = &shared.world.people[insight.person].user_id;
            match id == "me" || id == own {
                true => Ok(insight),
                false => Err(GraphError::unsupported(&request.method, id)),
            }
        }
        Viewer::App => {
            let person = shared.world.person(id);
            let grant = shared.grants().grant(id).cloned();
            match (person, grant) {
                (Some(person), Some(grant)) => {
                    Ok(Insight { person, grant, token: String::new(), page: None })
                }
                _ => Err(GraphError::unsupported(&request.method, id)),
            }
        }
    }
}
