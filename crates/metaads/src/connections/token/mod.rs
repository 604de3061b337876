//! A stored token's life: checked daily, refreshed in time, handed out by the broker.
//!
//! `check` is the one path: the job, the page's button and the broker all use it. `evaluate` decides what Meta's
//! answers mean, `schedule` when to check again.

pub mod broker;
pub mod check;
mod evaluate;
pub mod inspect;
pub mod open;
pub mod outcome;
mod refresh;
pub mod schedule;
