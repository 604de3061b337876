//! Stable codes: the vocabulary that the domain, its messages and the outside share. No text for people, no decisions.

pub mod account_status;
pub mod diagnosis;
pub mod error_code;
pub mod notice;
pub mod weak_password;
