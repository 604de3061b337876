//! Conversions between calendar dates and seconds since 1970, in UTC.

/// Midnight of a date, in seconds since 1970.
pub(crate) const fn midnight(year: i64, month: i64, day: i64) -> i64 {
    // Howard Hinnant's `days_from_civil`.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_part = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_part + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468) * 86_400
}

/// Year, month and day of a number of days since 1970 (Howard Hinnant's `civil_from_days`).
pub(crate) fn date(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_part = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_part + 2) / 5 + 1;
    let month = if month_part < 10 { month_part + 3 } else { month_part - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// `2026-11-22`, from days since 1970.
pub(crate) fn date_text(days: i64) -> String {
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The inverse of `date_text`; `None` if it is not a date.
pub(crate) fn days_from_text(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let days = midnight(year, month, day).div_euclid(86_400);
    ((1970..=9999).contains(&year) && date_text(days) == text).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_counts_seconds_since_1970() {
        assert_eq!(midnight(1970, 1, 1), 0);
        assert_eq!(midnight(2000, 3, 1), 951_868_800);
        assert_eq!(midnight(2026, 11, 22), 1_795_305_600);
    }

    #[test]
    fn dates_are_read_and_written() {
        assert_eq!(days_from_text("1970-01-02"), Some(1));
        assert_eq!(days_from_text(&date_text(20_779)), Some(20_779));
        for wrong in ["2026-02-30", "2026-13-01", "2026-1-1", "tomorrow", ""] {
            assert_eq!(days_from_text(wrong), None, "{wrong}");
        }
    }
}
