//! The people, businesses, ad accounts, Pages and Instagram accounts of the sandbox.
//!
//! Built once at startup from small tables and never changed. Nothing here knows JSON or HTTP.

mod access;
pub(crate) mod ad_accounts;
pub(crate) mod ad_objects;
pub(crate) mod bulk_users;
pub(crate) mod delivery;
mod generated_ads;
mod ids;
pub(crate) mod instagram_profile;
mod names;
pub(crate) mod pages;
pub(crate) mod people;
pub(crate) mod persona;
mod populate;
mod populate_pages;
pub(crate) mod tables;
