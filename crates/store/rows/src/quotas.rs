//! Usage of Meta's quotas, shared between replicas, and counts of errors that the classification does not recognize.

/// The usage of one quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaRow {
    /// `app`, `instagram app`, `person:<digest>`, `ad_account:<id>`, `use_case:<id>:<type>`, `object:<id>`.
    pub quota: String,
    pub percent: i64,
    /// Unix milliseconds; 0: not blocked.
    pub blocked_until: i64,
    pub seen_at: i64,
}

/// Unrecognized errors of one kind, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnrecognizedError {
    /// Endpoint, HTTP status, code/subcode.
    pub kind: String,
    pub times: i64,
    pub first_at: i64,
    pub last_at: i64,
    /// Meta's trace id of the newest one.
    pub fbtrace_id: Option<String>,
}
