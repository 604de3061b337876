//! The form field for a duration in minutes.

use crate::http::params::Params;
use crate::state::shared::SharedState;

/// A week. For more, advance the clock.
const MAX_MINUTES: i64 = 7 * 24 * 60;

pub(crate) fn ends_at(shared: &SharedState, form: &Params) -> Option<i64> {
    let minutes: i64 = form.get("minutes")?.trim().parse().ok()?;
    (1..=MAX_MINUTES).contains(&minutes).then(|| shared.clock.now_seconds() + minutes * 60)
}

pub(crate) const FIELD: &str = "<label>for <input type=\"number\" name=\"minutes\" value=\"5\" min=\"1\" max=\"10080\"> \
                       minutes</label>\n";

pub(crate) fn time(seconds: i64) -> String {
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}
