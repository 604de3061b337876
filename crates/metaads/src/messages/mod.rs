//! Message texts that people read on pages and in the API: from a code or key to words. No CSS class, no icon, no URL,
//! no decision. Text that needs no code is in the templates. One file per topic, so that a second language can follow.
//!
//! Not here: what `metaads doctor` and the other commands print, which is next to the check that finds it.

pub mod account_errors;
pub mod account_events;
pub mod ad_accounts;
pub mod api_scopes;
pub mod api_version;
pub mod connection_errors;
pub mod connection_label;
pub mod connection_status;
pub mod connection_warnings;
pub mod data_deletion;
pub mod diagnosis;
pub mod errors;
pub mod format;
pub mod history;
pub mod import_token;
pub mod notices;
pub mod operator_notices;
pub mod outgoing_webhooks;
pub mod quotas;
pub mod scopes;
pub mod webhooks;
