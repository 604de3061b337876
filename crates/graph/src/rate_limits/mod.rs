//! Meta's rate limits. `limiter` remembers what the usage headers of every response report and decides
//! whether a call may be sent; `report` is what the service stores and shares between replicas. The headers
//! themselves are parsed in [`crate::usage`].

mod limiter;
mod quota_keys;
mod report;

pub use limiter::Priority;
pub(crate) use limiter::RateLimiter;
pub(crate) use quota_keys::QuotaKeys;
pub use report::{QuotaState, UnrecognizedError, UsageReport};
