//! How long Meta serves the pinned API version: a warning in time, and a loud one once it has ended.

use jiff::civil::Date;
use metaads_graph::GraphVersion;

use crate::messages::api_version as text;

/// From this many days before the end, admins are warned.
const WARNED_DAYS: i32 = 90;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionStatus {
    Served,
    /// Meta serves it for this many more days, until this one.
    EndsSoon {
        days: i32,
        day: &'static str,
    },
    /// Meta may serve another version instead, or refuse calls.
    Ended {
        day: &'static str,
    },
}

/// `now` in Unix milliseconds.
pub fn version_status(version: &GraphVersion, now: i64) -> VersionStatus {
    let Some(day) = version.ends_on() else { return VersionStatus::Served };
    let today =
        jiff::Timestamp::from_millisecond(now).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).date();
    let end: Date = day.parse().expect("the release table has valid dates");
    match (end - today).get_days() {
        ..0 => VersionStatus::Ended { day },
        days @ 0..=WARNED_DAYS => VersionStatus::EndsSoon { days, day },
        _ => VersionStatus::Served,
    }
}

/// The warning for admins; None while there is nothing to do.
pub fn warning(version: &GraphVersion, now: i64) -> Option<String> {
    let newest = GraphVersion::NEWEST.to_string();
    match version_status(version, now) {
        VersionStatus::Served => None,
        VersionStatus::EndsSoon { days, day } => {
            Some(text::ends_soon(&version.to_string(), day, days, &newest))
        }
        VersionStatus::Ended { day } => Some(text::ended(&version.to_string(), day, &newest)),
    }
}

/// The status of the version in one sentence.
pub fn summary(version: &GraphVersion, now: i64) -> String {
    match (warning(version, now), version.ends_on()) {
        (Some(warning), _) => format!("{warning}."),
        (None, Some(day)) => text::served_until(day),
        (None, None) => text::NO_END.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(version: &str, day: &str) -> VersionStatus {
        let noon: jiff::Timestamp = format!("{day}T12:00:00Z").parse().expect("a moment");
        version_status(&GraphVersion::parse(version).expect("a version"), noon.as_millisecond())
    }

    #[test]
    fn a_version_ends_soon_from_ninety_days_before_its_end() {
        let day = "2028-07-29";
        assert_eq!(on("v25.0", "2028-04-29"), VersionStatus::Served);
        assert_eq!(on("v25.0", "2028-04-30"), VersionStatus::EndsSoon { days: 90, day });
        assert_eq!(on("v25.0", "2028-07-29"), VersionStatus::EndsSoon { days: 0, day });
        assert_eq!(on("v25.0", "2028-07-30"), VersionStatus::Ended { day });
        assert_eq!(on("v26.0", "2040-01-01"), VersionStatus::Served);
    }
}
