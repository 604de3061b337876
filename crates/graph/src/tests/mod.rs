//! Complete responses of Meta's, and arbitrary input in place of them.

mod describe;
mod fuzz;
mod samples;
