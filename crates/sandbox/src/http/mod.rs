//! Requests, replies and the HTML layout: what `dialog`, `graph_api` and `control` have in common.

pub(crate) mod html;
pub(crate) mod reply;
pub(crate) mod request;
