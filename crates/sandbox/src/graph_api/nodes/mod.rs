//! Nodes, their fields and their edges.

mod access;
pub(crate) mod ads;
mod app;
mod context;
mod edges;
mod field_value;
mod fields;
mod paging;
pub(crate) mod permissions;
pub(crate) mod picture;
pub(crate) mod read;
mod render;
pub(crate) mod selection;
