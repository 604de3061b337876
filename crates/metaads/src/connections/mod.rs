//! Meta identities linked to users: what connects them, keeps their tokens alive and reads what they reach.
//! Decisions only; nothing here knows the web framework.

pub mod assets;
pub mod connect;
pub mod disconnect;
pub mod granular_scopes;
pub mod graph_proxy;
pub mod permissions;
pub mod status;
pub mod token;
