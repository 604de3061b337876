//! Requests, replies and the HTML layout, shared by `dialog`, `graph_api` and `control`.

pub(crate) mod html;
pub(crate) mod params;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod sent;
