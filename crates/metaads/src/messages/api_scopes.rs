//! What an API key may do, for people.

use metaads_store::{ApiKey, ApiScope};

use crate::messages::format::{count, plural};

pub fn scope(scope: ApiScope) -> &'static str {
    match scope {
        ApiScope::ConnectionsRead => "See connections and ad accounts",
        ApiScope::ConnectionsWrite => "Select accounts, renew, sync and disconnect",
        ApiScope::TokensRead => "Read Meta’s access tokens",
        ApiScope::GraphRead => "Read from Meta through the proxy",
        ApiScope::GraphWrite => "Change campaigns at Meta through the proxy",
        ApiScope::ConnectSessions => "Let users of another product connect",
        ApiScope::WebhooksManage => "Manage webhook endpoints",
        ApiScope::MetricsRead => "Read metrics",
    }
}

/// "2 connections, 1 ad account, 100 calls a minute"; empty: no limits.
pub fn limits(key: &ApiKey) -> String {
    let number = |list: &[String]| i64::try_from(list.len()).unwrap_or(i64::MAX);
    let limits = &key.limits;
    let mut parts = Vec::new();
    let mut add = |list: &[String], one, many| {
        if !list.is_empty() {
            parts.push(plural(number(list), one, many));
        }
    };
    add(&limits.connections, "connection", "connections");
    add(&limits.ad_accounts, "ad account", "ad accounts");
    add(&limits.networks, "network", "networks");
    add(&limits.return_origins, "return address", "return addresses");
    if let Some(calls) = limits.calls_per_minute {
        parts.push(format!("{} calls a minute", count(i64::from(calls))));
    }
    parts.join(", ")
}
