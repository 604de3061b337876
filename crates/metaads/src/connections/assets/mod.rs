//! What a connection reaches: syncing asset lists, selecting ad accounts, checking their status, and diagnosing why
//! something is missing.

pub mod diagnose;
mod fetch;
pub mod rows;
pub mod select;
pub mod status_check;
pub mod sync;
pub mod sync_plan;
pub mod sync_task;
