//! What is known of Meta's limits and of its answers that nobody has described.

/// How one allowance stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaRow {
    pub quota: String,
    pub percent: i64,
    /// 0: not blocked.
    pub blocked_until: i64,
    pub seen_at: i64,
}

/// Answers of one kind, counted.
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
