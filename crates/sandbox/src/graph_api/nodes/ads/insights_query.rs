//! What an insights call asks for: the level, the days, and how they are split.

use serde_json::Value;

use crate::calendar::{date, date_text, days_from_text, midnight};
use crate::graph_api::error::GraphError;

/// Figures are kept for 37 months.
const KEPT_DAYS: i64 = 1_126;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Account,
    Campaign,
    AdSet,
    Ad,
}

#[derive(Debug)]
pub(super) struct InsightsQuery {
    pub(super) level: Level,
    /// First and last day of each row, in days since 1970.
    pub(super) periods: Vec<(i64, i64)>,
}

impl InsightsQuery {
    /// `own`: the level of the object whose insights are read. `today`: days since 1970.
    pub(super) fn parse<'a>(
        param: impl Fn(&str) -> Option<&'a str>,
        own: Level,
        today: i64,
    ) -> Result<InsightsQuery, GraphError> {
        let level = match param("level") {
            None => own,
            Some("account") => Level::Account,
            Some("campaign") => Level::Campaign,
            Some("adset") => Level::AdSet,
            Some("ad") => Level::Ad,
            Some(_) => {
                let message = "(#100) Param level must be one of {ad, adset, campaign, account}";
                return Err(GraphError::oauth(100, message));
            }
        };
        let (since, until) = match param("time_range") {
            Some(range) => time_range(range)?,
            None => preset(param("date_preset").unwrap_or("last_30d"), today)?,
        };
        if since > until {
            return Err(GraphError::oauth(100, "(#100) The start date must not be after the end date."));
        }
        if since < today - KEPT_DAYS {
            let message = "(#3018) The start date of the time range cannot be beyond 37 months from the \
                           current date";
            return Err(GraphError::oauth(3018, message));
        }
        let periods = split(since, until, param("time_increment").unwrap_or("all_days"))?;
        Ok(InsightsQuery { level, periods })
    }

    pub(super) fn first_day(&self) -> String {
        self.periods.first().map(|(since, _)| date_text(*since)).unwrap_or_default()
    }

    pub(super) fn last_day(&self) -> String {
        self.periods.last().map(|(_, until)| date_text(*until)).unwrap_or_default()
    }
}

fn time_range(text: &str) -> Result<(i64, i64), GraphError> {
    let range: Value = serde_json::from_str(text).unwrap_or_default();
    let day = |name: &str| range[name].as_str().and_then(days_from_text);
    day("since").zip(day("until")).ok_or_else(|| {
        GraphError::oauth(100, "(#100) Param time_range must contain since and until as YYYY-MM-DD.")
    })
}

fn preset(name: &str, today: i64) -> Result<(i64, i64), GraphError> {
    let yesterday = today - 1;
    let (year, month, _) = date(today);
    let first_of_month = midnight(year, month, 1) / 86_400;
    let last_days = |text: &str| text.strip_prefix("last_")?.strip_suffix('d')?.parse::<i64>().ok();
    Ok(match name {
        "today" => (today, today),
        "yesterday" => (yesterday, yesterday),
        "this_month" => (first_of_month, today),
        "last_month" => {
            let (year, month, _) = date(first_of_month - 1);
            (midnight(year, month, 1) / 86_400, first_of_month - 1)
        }
        "this_year" => (midnight(year, 1, 1) / 86_400, today),
        "maximum" | "data_maximum" => (today - KEPT_DAYS, today),
        name => match last_days(name).filter(|days| [3, 7, 14, 28, 30, 90].contains(days)) {
            Some(days) => (today - days, yesterday),
            None => {
                let message = "(#100) Param date_preset must be one of {today, yesterday, this_month, \
                               last_month, this_year, maximum, data_maximum, last_3d, last_7d, last_14d, \
                               last_28d, last_30d, last_90d}";
                return Err(GraphError::oauth(100, message));
            }
        },
    })
}

/// One period for all days, one for each month, or one for each number of days.
fn split(since: i64, until: i64, increment: &str) -> Result<Vec<(i64, i64)>, GraphError> {
    if increment == "all_days" {
        return Ok(vec![(since, until)]);
    }
    let days = increment.parse::<i64>().ok().filter(|days| (1..=90).contains(days));
    if days.is_none() && increment != "monthly" {
        let message = "(#100) Param time_increment must be monthly, all_days, or a number between 1 and 90";
        return Err(GraphError::oauth(100, message));
    }
    let mut periods = Vec::new();
    let mut start = since;
    while start <= until {
        let next = days.map_or_else(|| next_month(start), |days| start + days);
        periods.push((start, until.min(next - 1)));
        start = next;
    }
    Ok(periods)
}

fn next_month(day: i64) -> i64 {
    match date(day) {
        (year, 12, _) => midnight(year + 1, 1, 1) / 86_400,
        (year, month, _) => midnight(year, month + 1, 1) / 86_400,
    }
}
