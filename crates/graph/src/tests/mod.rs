//! Whole answers of Meta's, and whatever else may come in their place.

mod anything;
mod describe;
mod samples;
