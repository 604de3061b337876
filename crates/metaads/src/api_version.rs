//! How long Meta serves the pinned version: told to the operator in good time, loudly once it is over.

use jiff::civil::Date;
use metaads_graph::GraphVersion;

/// From so many days before the end the operator is told.
const WARNED_DAYS: i32 = 90;

/// How a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Served,
    /// Meta serves it for so many days more, until this one.
    EndsSoon {
        days: i32,
        day: &'static str,
    },
    /// Meta may serve another version in its place, or refuse.
    GrantRevocation {
        day: &'static str,
    },
}

/// `now` in milliseconds since the epoch.
pub fn standing(version: &GraphVersion, now: i64) -> Standing {
    let Some(day) = version.ends_on() else { return Standing::Served };
    let today =
        jiff::Timestamp::from_millisecond(now).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).date();
    let end: Date = day.parse().expect("the calendar's days are days");
    match (end - today).get_days() {
        ..0 => Standing::GrantRevocation { day },
        days @ 0..=WARNED_DAYS => Standing::EndsSoon { days, day },
        _ => Standing::Served,
    }
}

/// What to tell the operator; None: nothing.
pub fn warning(version: &GraphVersion, now: i64) -> Option<String> {
    let newest = GraphVersion::NEWEST;
    match standing(version, now) {
        Standing::Served => None,
        Standing::EndsSoon { days, day } => Some(format!(
            "Meta serves {version} until {day}, {days} days more: set META_API_VERSION to {newest}"
        )),
        Standing::GrantRevocation { day } => Some(format!(
            "Meta has ended {version} for ads products on {day} and may serve another version in its place or refuse: set META_API_VERSION to {newest}"
        )),
    }
}

/// How the version in use stands, in a sentence.
pub fn words(version: &GraphVersion, now: i64) -> String {
    match (warning(version, now), version.ends_on()) {
        (Some(warning), _) => format!("{warning}."),
        (None, Some(day)) => format!("Meta serves it to ads products until {day}."),
        (None, None) => "Meta has announced no end for it.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(version: &str, day: &str) -> Standing {
        let noon: jiff::Timestamp = format!("{day}T12:00:00Z").parse().expect("a moment");
        standing(&GraphVersion::parse(version).expect("a version"), noon.as_millisecond())
    }

    #[test]
    fn the_operator_is_told_ninety_days_before_the_end() {
        let day = "2028-07-29";
        assert_eq!(on("v25.0", "2028-04-29"), Standing::Served);
        assert_eq!(on("v25.0", "2028-04-30"), Standing::EndsSoon { days: 90, day });
        assert_eq!(on("v25.0", "2028-07-29"), Standing::EndsSoon { days: 0, day });
        assert_eq!(on("v25.0", "2028-07-30"), Standing::GrantRevocation { day });
        assert_eq!(on("v26.0", "2040-01-01"), Standing::Served);
    }
}
