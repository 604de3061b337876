//! The login dialog.

pub(crate) mod answer;
mod asset_selection;
mod authorize;
mod configurations;
pub(crate) mod handler;
pub(crate) mod pages;
mod request;
pub(crate) mod without_browser;
