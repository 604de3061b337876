//! The login dialog: its pages, and the answers to them.

pub(crate) mod answer;
mod asset_selection;
mod authorize;
mod configurations;
pub(crate) mod handler;
mod login_request;
pub(crate) mod pages;
pub(crate) mod without_browser;
