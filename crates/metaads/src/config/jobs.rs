//! Background jobs.

use std::time::Duration;

use crate::config::source::{Mistakes, Source};

#[derive(Debug)]
pub struct JobsConfig {
    /// `METAADS_JOBS_INTERVAL`: due jobs are looked for at least this often.
    pub interval: Duration,
}

impl JobsConfig {
    pub(super) fn read(source: &Source, mistakes: &mut Mistakes) -> JobsConfig {
        let default = Duration::from_secs(30);
        JobsConfig { interval: source.with("METAADS_JOBS_INTERVAL", default, mistakes, duration) }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "must be a time such as 30s, 500ms or 2m".to_owned();
    let digits = text.find(|character: char| !character.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let millis = match unit {
        "ms" => number,
        "s" => number.saturating_mul(1000),
        "m" => number.saturating_mul(60_000),
        _ => return Err(wrong()),
    };
    if (100..=3_600_000).contains(&millis) { Ok(Duration::from_millis(millis)) } else { Err(wrong()) }
}
