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
mod ids;
mod json;
mod oauth;
mod version;

pub use assets::{AdAccount, Business, InstagramAccount, ListPage, Permission, Person, Profile, Reading};
pub use assets::{PERMISSION_GRANTED, Page};
pub use client::{Graph, MetaApp};
pub use dialog::{Callback, CallbackError, DialogAnswer, DialogRequest, PkceChallenge, PkceVerifier};
pub use error::{DeadGrant, GraphError, Recovery, Refusal};
pub use ids::{AccessToken, AdAccountId, AppId, AppScopedUserId, AppSecret, AuthorizationCode, BusinessId};
pub use ids::{IdError, InstagramId, PageId};
pub use oauth::{GranularScope, IssuedToken, TokenInspection, TokenLifetime};
pub use version::{GraphVersion, VersionError};
