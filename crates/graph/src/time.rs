//! Meta's units of time. Meta sends whole seconds; the service stores Unix milliseconds. Each unit has one
//! conversion, which keeps nonsense from Meta within the range that the service can store.

/// 9999-12-31T23:59:59Z in Unix milliseconds.
const MAX_MILLIS: i64 = 253_402_300_799_000;

/// A moment, in seconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixSeconds(i64);

/// A duration in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seconds(i64);

impl UnixSeconds {
    pub const fn new(seconds: i64) -> UnixSeconds {
        UnixSeconds(seconds)
    }

    pub const fn from_millis(millis: i64) -> UnixSeconds {
        UnixSeconds(millis / 1000)
    }

    /// The number as Meta sent it.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Unix milliseconds, clamped to the years 1970 to 9999.
    pub fn to_millis(self) -> i64 {
        to_millis(self.0)
    }
}

impl Seconds {
    pub const fn new(seconds: i64) -> Seconds {
        Seconds(seconds)
    }

    /// The number as Meta sent it.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Milliseconds, clamped to the same range as [`UnixSeconds::to_millis`].
    pub fn to_millis(self) -> i64 {
        to_millis(self.0)
    }
}

fn to_millis(seconds: i64) -> i64 {
    seconds.saturating_mul(1000).clamp(0, MAX_MILLIS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversion_to_millis_clamps_absurd_values() {
        assert_eq!(UnixSeconds::new(1_624_244_156).to_millis(), 1_624_244_156_000);
        assert_eq!(UnixSeconds::new(i64::MAX).to_millis(), MAX_MILLIS);
        assert_eq!(UnixSeconds::new(-1).to_millis(), 0);
        assert_eq!(Seconds::new(3_600).to_millis(), 3_600_000);
        assert_eq!(Seconds::new(i64::MAX).to_millis(), MAX_MILLIS);
        assert_eq!(Seconds::new(i64::MIN).to_millis(), 0);
    }
}
