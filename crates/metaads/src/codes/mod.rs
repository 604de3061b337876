//! Stable codes: the vocabulary that the domain, its messages and the outside share. No text for people, no decisions.

pub mod account_status;
pub mod error_code;
