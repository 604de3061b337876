//! What every HTTP surface shares: who is calling, what went wrong, and the middleware around all of them.

pub mod api_caller;
pub mod body;
pub mod caller;
pub mod client_info;
pub mod form_fields;
pub mod middleware;
pub mod owned_connection;
pub mod problem;
pub mod problem_json;
pub mod request_target;
pub mod socket_phase;
