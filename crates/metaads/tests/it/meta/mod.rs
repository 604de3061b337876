//! Meta beyond the plain Facebook login: other logins, rate limits, webhooks, account status.

mod account_status;
mod business_login;
mod data_deletion;
mod diagnose;
mod import_token;
pub mod inbound_webhooks;
mod instagram_login;
mod only_what_is_known;
mod operator;
mod proxy;
mod rate_limits;
mod regressions;
mod responsible_party;
