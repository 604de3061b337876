//! Meta's login and Graph API as a client sees them.
//!
//! It knows HTTP and Meta's words; it knows no user of ours, no table and no page. Every call goes
//! through one private `send` in [`client`], which sets a deadline, follows no redirect, bounds the
//! body and logs without secrets. Facts about Meta stand beside the code that relies on them, with
//! the page of Meta's documentation they come from.

mod assets;
mod batch;
mod client;
mod dialog;
mod error;
mod hooks;
mod ids;
mod instagram;
mod json;
mod meaning;
mod meter;
mod oauth;
mod paging;
mod reading;
mod subscriptions;
#[cfg(test)]
mod tests;
mod usage;
mod version;

pub use assets::{AdAccount, Business, InstagramAccount, Permission, Person};
pub use assets::{PERMISSION_GRANTED, Page};
pub use client::{Graph, InstagramApp, MetaApp, Now};
pub use dialog::{
    Again, Asks, Callback, CallbackError, DialogAnswer, DialogRequest, PkceChallenge, PkceVerifier,
};
pub use error::{GraphError, Refusal};
pub use hooks::{Change, HookError, SignedRequest, check_event, open_signed_request, read_event};
pub use ids::{AccessToken, AdAccountId, AppId, AppScopedUserId, AppSecret, AuthorizationCode, BusinessId};
pub use ids::{IdError, InstagramId, PageId};
pub use instagram::{InstagramGrant, InstagramProfile};
pub use meaning::{Budget, DeadGrant, Fault, Recovery};
pub use meter::{Learned, Standing, Unknown};
pub use oauth::{GranularScope, IssuedToken, TokenInspection, TokenLifetime};
pub use paging::ListPage;
pub use reading::{Profile, Reading, SystemUser};
pub use subscriptions::Subscription;
pub use usage::{Allowance, Mark, Usage};
pub use version::{GraphVersion, RELEASES, Release, VersionError};
