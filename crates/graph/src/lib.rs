//! A client for Meta's login and Graph API.
//!
//! It knows HTTP and Meta's terms; it knows no user of ours, no table and no page. Every call goes through
//! one private `send` in `client`, which sets a timeout, follows no redirect, bounds the body and logs no
//! secrets. A fact about Meta is documented next to the code that relies on it, with the page of Meta's
//! documentation that it is from.
//!
//! Where to look: `login` (dialog, callback, tokens), `assets` (ad accounts, Pages and other lists),
//! `webhooks` (Meta's calls to us), `error` (what can go wrong and error classification), `rate_limits` and
//! `usage` (quotas).

mod assets;
mod batch;
mod client;
mod endpoint;
mod error;
mod forward;
mod headers;
mod ids;
mod json;
mod login;
mod meta_app;
mod rate_limits;
mod response;
#[cfg(test)]
mod tests;
mod time;
mod usage;
mod version;
mod webhooks;

pub use assets::{AdAccount, Business, Edge, InstagramAccount, ListPage, PERMISSION_GRANTED, Page};
pub use assets::{FirstLists, Permission, Person, Profile, SystemUser};
pub use client::{Graph, Now};
pub use endpoint::Endpoint;
pub use error::{ApiError, DeadGrant, GraphError, Misconfiguration, Recovery};
pub use forward::{ForwardError, ForwardedAnswer, ForwardedBody, ForwardedCall, Pieces};
pub use ids::{AccessToken, AdAccountId, AppId, AppScopedUserId, AppSecret, AuthorizationCode, BusinessId};
pub use ids::{IdError, InstagramId, PageId};
pub use login::{AuthType, DialogRequest, InstagramReauth, PermissionRequest, PkceChallenge, PkceVerifier};
pub use login::{AuthorizationResponse, Callback, CallbackError, InstagramGrant, InstagramProfile};
pub use login::{GranularScope, IssuedToken, TokenExpiry, TokenInspection, TokenLifetime};
pub use meta_app::{InstagramApp, MetaApp};
pub use rate_limits::{Priority, QuotaState, UnrecognizedError, UsageReport};
pub use reqwest::Method;
pub use time::{Seconds, UnixSeconds};
pub use usage::{Quota, QuotaUsage, ReportedQuota, Usage};
pub use version::{GraphVersion, RELEASES, Release, VersionError};
pub use webhooks::{Change, SignedRequest, Subscription, WebhookError};
pub use webhooks::{parse_event, parse_signed_request, verify_event};
