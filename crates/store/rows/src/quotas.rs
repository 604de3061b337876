//! Meta's quotas as all replicas know them, and errors that the classification does not recognize.

/// How much of a quota is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaRow {
    /// `app`, `person:<digest>`, `ad_account:<id>`, `use_case:<id>:<type>`, `object:<id>`.
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
    /// Of the newest one.
    pub fbtrace_id: Option<String>,
}
