//! The text that people read: from a code or key to words, nothing else. No CSS class, no URL, no decision. What is not
//! here is in a template.

pub mod ad_accounts;
pub mod connection_errors;
pub mod connection_label;
pub mod connection_warnings;
pub mod diagnosis;
pub mod errors;
pub mod format;
pub mod history;
pub mod quotas;
pub mod scopes;
