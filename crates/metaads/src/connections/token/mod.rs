//! A stored token's life: checked daily, refreshed in time, handed out by the broker.

pub mod broker;
pub mod check;
mod evaluate;
mod inspect;
pub mod open;
mod refresh;
pub mod schedule;
