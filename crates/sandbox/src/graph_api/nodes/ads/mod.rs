//! Ad objects: their fields, edges and insights, and creating and changing them.

mod creatives;
pub(crate) mod edges;
pub(crate) mod fields;
pub(crate) mod images;
pub(crate) mod insights;
mod insights_query;
mod reports;
mod uploads;
mod validate;
pub(crate) mod writes;
