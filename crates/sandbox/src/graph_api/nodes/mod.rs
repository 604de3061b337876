//! Nodes, their fields and their edges.

mod access;
mod app;
mod context;
mod edges;
mod fields;
mod paging;
pub(crate) mod permissions;
pub(crate) mod picture;
pub(crate) mod read;
mod render;
pub(crate) mod selection;
