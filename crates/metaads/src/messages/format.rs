//! Dates, numbers and names in text. Dates and times are in UTC; the page's script shows times in the reader's zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;

fn zoned(at: i64) -> jiff::Zoned {
    Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(TimeZone::UTC)
}

/// "20 Nov", or "20 Nov 2025" in a year other than that of `now`.
pub fn day(at: i64, now: i64) -> String {
    let (at, now) = (zoned(at), zoned(now));
    let format = if at.year() == now.year() { "%-d %b" } else { "%-d %b %Y" };
    at.strftime(format).to_string()
}

/// "20 Nov 2026, 08:12 UTC".
pub fn day_and_time(at: i64) -> String {
    zoned(at).strftime("%-d %b %Y, %H:%M UTC").to_string()
}

/// For `<time datetime>` and JSON: RFC 3339 in whole seconds.
pub fn iso(at: i64) -> String {
    zoned(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// 1307 as "1,307".
pub fn count(number: i64) -> String {
    let digits = number.abs().to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if number < 0 { format!("-{grouped}") } else { grouped }
}

/// "1 Page", "41 Pages".
pub fn plural(number: i64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// The name used in a sentence; a name in a script without spaces is used whole.
pub fn first_name(name: &str) -> &str {
    name.split_whitespace().next().unwrap_or(name)
}

/// First letter of the first and of the last word; one letter for scripts without capitals.
pub fn initials(name: &str) -> String {
    let plain = name.split_once(['(', '（']).map_or(name, |(plain, _)| plain);
    let mut words =
        plain.split_whitespace().filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()));
    let Some(first) = words.next() else { return "?".to_owned() };
    if !(first.is_lowercase() || first.is_uppercase()) {
        return first.to_string();
    }
    first.to_uppercase().chain(words.next_back().into_iter().flat_map(char::to_uppercase)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_dates_and_names_are_formatted_for_people() {
        assert_eq!([count(0), count(999), count(1307), count(1_000_000)], ["0", "999", "1,307", "1,000,000"]);
        assert_eq!(plural(1, "Page", "Pages"), "1 Page");
        let now = 1_795_384_800_000;
        assert_eq!(day(now, now), "22 Nov");
        assert_eq!(day(now - 366 * 86_400_000, now), "21 Nov 2025");
        assert_eq!(iso(now), "2026-11-22T22:00:00Z");
        assert_eq!(initials("Aylin Kaya-Öztürk"), "AK");
        assert_eq!(initials("田中 芽衣"), "田");
        assert_eq!(initials("Mei Tanaka (田中 芽衣)"), "MT");
        assert_eq!(initials("  "), "?");
    }
}
