//! Settings that tests and the control page may change while the sandbox runs.

use std::collections::HashMap;
use std::time::Duration;

use super::outage::Outage;

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) latency: Duration,
    pub(crate) is_app_active: bool,
    pub(crate) omits_expires_in: bool,
    /// Lifetime of exchanged tokens; `None` means they never expire.
    pub(crate) token_lifetime: Option<Duration>,
    pub(crate) drops_pkce: bool,
    pub(crate) requires_proof: bool,
    pub(crate) rejects_retired_versions: bool,
    pub(crate) redirect_uris: Vec<String>,
    /// With its end, in seconds since 1970.
    pub(crate) outage: Option<(Outage, i64)>,
    /// Ad account number to `(account_status, disable_reason)`.
    pub(crate) ad_account_statuses: HashMap<u64, (i64, i64)>,
}

impl Settings {
    pub(super) fn new(latency: Duration) -> Settings {
        Settings {
            latency,
            is_app_active: true,
            omits_expires_in: false,
            token_lifetime: Some(Duration::from_secs(5_184_000)),
            drops_pkce: false,
            requires_proof: true,
            rejects_retired_versions: false,
            redirect_uris: Vec::new(),
            outage: None,
            ad_account_statuses: HashMap::new(),
        }
    }
}
