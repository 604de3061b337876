//! The Graph proxy: a program's call goes to Meta with the token of a connection in place of the program's key, within
//! what the key allows, and the answer comes back without any token.
//!
//! `call` parses and cleans a call, `requirements` says what it touches, `forward` decides and sends, `rewrite` cleans
//! the answer. The one thing to know: what cannot be resolved to an ad account is refused to a key that is limited to
//! some.

pub mod call;
mod edges;
mod fields;
pub mod forward;
mod requirements;
mod resolve;
mod rewrite;
