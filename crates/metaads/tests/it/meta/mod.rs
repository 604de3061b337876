//! What Meta says and does: limits, versions, kinds of login, calls of its own.

mod calls;
mod limits;
mod logins;
mod mended;
mod missing;
mod operator;
mod standing;
