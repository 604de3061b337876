//! Meta's logins: the dialog's URL, its callback, and everything about tokens. Facebook Login and Facebook
//! Login for Business share `oauth`; Instagram Login has its own hosts and shapes in `instagram`.

mod callback;
mod inspection;
mod instagram;
mod issued_token;
mod login_dialog;
mod oauth;
mod pkce;
mod revoke;

pub use callback::{AuthorizationResponse, Callback, CallbackError};
pub use inspection::{GranularScope, TokenExpiry, TokenInspection};
pub use instagram::{InstagramGrant, InstagramProfile};
pub use issued_token::{IssuedToken, TokenLifetime};
pub use login_dialog::{AuthType, DialogRequest, InstagramReauth, PermissionRequest};
pub use pkce::{PkceChallenge, PkceVerifier};

#[cfg(test)]
pub(crate) use instagram::parse_grant;
#[cfg(test)]
pub(crate) use issued_token::parse_issued_token;
#[cfg(test)]
pub(crate) use revoke::parse_success;
