//! What the rate limiter has learned, in a form that the service can store and share.

use crate::endpoint::Endpoint;

/// The last known state of one quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaState {
    /// `app`, `instagram app`, `person:<hash>`, `ad_account:<id>`, `use_case:<id>:<type>`, `object:<id>`.
    pub key: String,
    pub percent: u32,
    /// Unix milliseconds; 0: not blocked.
    pub blocked_until: i64,
    /// Unix milliseconds.
    pub seen_at: i64,
}

/// Errors that the classification does not know or that are our own mistake, counted per endpoint, status, code and subcode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnrecognizedError {
    pub endpoint: Endpoint,
    pub status: u16,
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    pub count: i64,
    /// Of the newest one.
    pub fbtrace_id: Option<String>,
}

/// What was learned since the last report.
#[derive(Debug, Default)]
pub struct UsageReport {
    pub quotas: Vec<QuotaState>,
    pub unrecognized: Vec<UnrecognizedError>,
    /// The version that Meta served in place of the pinned one.
    pub served_version: Option<String>,
    /// Meta's own warning about an Ads API version.
    pub version_warning: Option<String>,
    /// The Marketing API's access tier, as last seen.
    pub access_tier: Option<String>,
    /// How far Meta's clock is ahead of ours (milliseconds), as last seen; to the second.
    pub clock_skew_ms: Option<i64>,
}
