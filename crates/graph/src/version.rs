//! Graph versions: `vNN.N`, and when they end. Meta silently serves another version in place of one that has
//! ended, so the end has to be known here. Dates: Meta's Graph API changelog, "Versions".

use std::fmt;

/// The text is not a version that this client can pin.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a Graph version looks like v26.0, and v18.0 is the oldest that is accepted")]
pub struct VersionError;

/// A pinned Graph version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GraphVersion {
    major: u16,
    minor: u16,
}

/// One row of Meta's version calendar. Days are `YYYY-MM-DD`; None: not announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    pub major: u16,
    pub released: &'static str,
    /// Last day of the Graph API.
    pub graph_until: Option<&'static str>,
    /// Last day of the Marketing API (ad accounts and everything in them).
    pub marketing_until: Option<&'static str>,
}

const fn release(
    major: u16,
    released: &'static str,
    graph_until: Option<&'static str>,
    marketing_until: Option<&'static str>,
) -> Release {
    Release { major, released, graph_until, marketing_until }
}

/// Meta's version calendar. The exact last days of the Marketing API before v23.0 are not confirmed, so those
/// versions have the day of the next one.
pub const RELEASES: [Release; 9] = [
    release(18, "2023-09-12", Some("2026-01-26"), Some("2026-06-09")),
    release(19, "2024-01-23", Some("2026-05-21"), Some("2026-06-09")),
    release(20, "2024-05-21", Some("2026-09-24"), Some("2026-06-09")),
    release(21, "2024-10-02", Some("2027-01-21"), Some("2026-06-09")),
    release(22, "2025-01-21", Some("2027-05-20"), Some("2026-06-09")),
    release(23, "2025-05-29", Some("2027-10-08"), Some("2026-06-09")),
    release(24, "2025-10-08", Some("2028-02-18"), Some("2026-10-06")),
    release(25, "2026-02-18", Some("2028-07-29"), None),
    release(26, "2026-07-29", None, None),
];

impl GraphVersion {
    /// The newest version this client was written for.
    pub const NEWEST: GraphVersion = GraphVersion { major: 26, minor: 0 };

    /// Parses `vNN.N`, v18.0 or later.
    pub fn parse(text: &str) -> Result<GraphVersion, VersionError> {
        let (major, minor) =
            text.strip_prefix('v').and_then(|rest| rest.split_once('.')).ok_or(VersionError)?;
        let number = |part: &str| {
            let plain = (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| part.parse::<u16>().ok()).flatten().ok_or(VersionError)
        };
        let version = GraphVersion { major: number(major)?, minor: number(minor)? };
        if version.major < 18 { Err(VersionError) } else { Ok(version) }
    }

    /// Its row in the calendar; None: newer than this client.
    pub fn release(&self) -> Option<&'static Release> {
        RELEASES.iter().find(|release| release.major == self.major)
    }

    /// The last day on which Meta serves both APIs in it, as `YYYY-MM-DD`; None: not announced.
    pub fn ends_on(&self) -> Option<&'static str> {
        let release = self.release()?;
        [release.graph_until, release.marketing_until].into_iter().flatten().min()
    }
}

impl fmt::Display for GraphVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_from_18_on_are_accepted() {
        for good in ["v18.0", "v26.0", "v27.1"] {
            assert_eq!(GraphVersion::parse(good).map(|version| version.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "26.0", "v26", "v17.0", "v26.0.1", "v+26.0", "v26.x", "V26.0", "v99999.0", " v26.0"] {
            assert_eq!(GraphVersion::parse(bad), Err(VersionError), "{bad}");
        }
    }

    #[test]
    fn the_newest_version_has_no_end_date_yet() {
        assert_eq!(GraphVersion::NEWEST.ends_on(), None);
        let ends = |text: &str| GraphVersion::parse(text).map(|version| version.ends_on());
        assert_eq!(ends("v20.0"), Ok(Some("2026-06-09")));
        assert_eq!(ends("v24.0"), Ok(Some("2026-10-06")), "the Marketing API ends first");
        assert_eq!(ends("v25.0"), Ok(Some("2028-07-29")));
    }
}
