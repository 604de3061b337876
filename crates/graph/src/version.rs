//! Graph versions: `vNN.N`. A version that has ended is served silently as another one by Meta, so
//! it has to be noticed here. Dates: Meta's Graph API changelog, "Versions".

use std::fmt;

/// Text that is not a version this client may pin.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a Graph version looks like v26.0, and v18.0 is the oldest that is accepted")]
pub struct VersionError;

/// A pinned Graph version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GraphVersion {
    major: u16,
    minor: u16,
}

/// Version, and the last day (`YYYY-MM-DD`) on which the Graph API serves it, where announced.
const ENDS: [(u16, &str); 8] = [
    (18, "2026-01-26"),
    (19, "2026-05-21"),
    (20, "2026-09-24"),
    (21, "2027-01-21"),
    (22, "2027-05-20"),
    (23, "2027-10-08"),
    (24, "2028-02-18"),
    (25, "2028-07-29"),
];

impl GraphVersion {
    /// The newest version this client was written for.
    pub const NEWEST: GraphVersion = GraphVersion { major: 26, minor: 0 };

    /// Reads `vNN.N`, v18.0 or later.
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

    /// The last day on which Meta serves it, as `YYYY-MM-DD`; None where Meta has not said.
    pub fn ends_on(&self) -> Option<&'static str> {
        ENDS.iter().find(|(major, _)| *major == self.major).map(|(_, day)| *day)
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
    fn the_newest_version_has_no_end_yet() {
        assert_eq!(GraphVersion::NEWEST.ends_on(), None);
        assert_eq!(GraphVersion::parse("v20.0").map(|version| version.ends_on()), Ok(Some("2026-09-24")));
    }
}
