//! Access tokens: issuing, finding and inspecting them, and checking their proof.

pub(crate) mod appsecret_proof;
pub(crate) mod authorization_code;
pub(crate) mod caller;
pub(crate) mod debug_token;
pub(crate) mod issue;
pub(crate) mod lookup;
pub(crate) mod page_token;
