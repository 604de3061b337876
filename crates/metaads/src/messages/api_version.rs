//! How long Meta serves the API version in use, for admins and `metaads doctor`.

use crate::messages::format::plural;

pub const NOT_ANNOUNCED: &str = "not announced";

pub fn ends_soon(version: &str, day: &str, days: i32, newest: &str) -> String {
    let days = plural(i64::from(days), "more day", "more days");
    format!("Meta serves {version} until {day}, {days}: set META_API_VERSION to {newest}")
}

pub fn ended(version: &str, day: &str, newest: &str) -> String {
    format!(
        "Meta has ended {version} for ads products on {day} and may serve another version instead or refuse calls: set META_API_VERSION to {newest}"
    )
}

pub fn served_until(day: &str) -> String {
    format!("Meta serves it to ads products until {day}.")
}

pub const NO_END: &str = "Meta has announced no end for it.";

/// The exact day is not confirmed.
pub fn before(day: &str) -> String {
    format!("before {day}")
}
