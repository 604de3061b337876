//! Passwords that attackers try first, and simple variants of them.
//!
//! `common_passwords.txt` is sorted and has 15,000 passwords of ten characters or more, and 4,100 shorter words that
//! become long enough with a few characters before or after them. The words are from the lists of zxcvbn (MIT),
//! zxcvbn-ts (MIT), popular-passwords (MIT) and Django (BSD-3-Clause), which took them from published leaks.

use unicode_normalization::UnicodeNormalization as _;

const LIST: &str = include_str!("common_passwords.txt");

/// Digits and signs around a word of the list that make no other password of it.
const MOST_AFFIX_CHARACTERS: usize = 6;
/// Steps of a long password that neither repeat a key nor go to a neighboring one: with so few, it is a pattern.
const FEWEST_STEPS: usize = 3;
/// Distinct characters of a password that is no mere repetition.
const FEWEST_DISTINCT: usize = 4;

/// Whether a password is a common one: on the list, or such a word in other letters (`P@ssw0rd`), backwards, repeated,
/// with separators, or with a few digits and signs around it; or a pattern of neighboring keys, letters or digits.
pub fn is_common(password: &str) -> bool {
    is_in(&LIST.lines().collect::<Vec<_>>(), password)
}

fn is_in(list: &[&str], password: &str) -> bool {
    let plain: String = password.nfkc().flat_map(char::to_lowercase).collect();
    let distinct: std::collections::HashSet<char> = plain.chars().collect();
    if distinct.len() < FEWEST_DISTINCT || is_pattern(&plain) {
        return true;
    }
    let has = |word: &str| list.binary_search(&word).is_ok();
    let joined: String =
        plain.chars().filter(|character| !matches!(character, ' ' | '.' | '-' | '_' | ',')).collect();
    [plain, joined].iter().any(|text| is_variant(text, &has))
}

fn is_variant(text: &str, has: &impl Fn(&str) -> bool) -> bool {
    let is_word = |word: &str| {
        let backwards: String = word.chars().rev().collect();
        let reads = |word: &str| READINGS.iter().any(|reading| has(&read_as(word, reading)));
        [word, &backwards].into_iter().any(|word| has(word) || reads(word))
    };
    let is_sign = |character: char| !character.is_alphabetic();
    let length = |text: &str| text.chars().count();
    [text, repeated_unit(text)].into_iter().any(|whole| {
        // A symbol may be an affix or stand for a letter (`$unshine99`), so both are tried.
        let cores = [
            whole,
            whole.trim_matches(is_sign),
            whole.trim_start_matches(is_sign),
            whole.trim_end_matches(is_sign),
            whole.trim_end_matches(|character: char| character.is_ascii_digit()),
        ];
        cores.into_iter().any(|core| length(whole) - length(core) <= MOST_AFFIX_CHARACTERS && is_word(core))
    })
}

/// The letters that digits and symbols replace; `1` and `!` have two readings.
const READINGS: [&[(char, char)]; 2] = [
    &[
        ('0', 'o'),
        ('1', 'i'),
        ('!', 'i'),
        ('3', 'e'),
        ('4', 'a'),
        ('@', 'a'),
        ('5', 's'),
        ('$', 's'),
        ('7', 't'),
        ('+', 't'),
        ('8', 'b'),
        ('9', 'g'),
        ('6', 'g'),
    ],
    &[
        ('0', 'o'),
        ('1', 'l'),
        ('!', 'l'),
        ('|', 'l'),
        ('3', 'e'),
        ('4', 'a'),
        ('@', 'a'),
        ('5', 's'),
        ('$', 's'),
        ('7', 't'),
        ('8', 'b'),
        ('2', 'z'),
    ],
];

fn read_as(word: &str, reading: &[(char, char)]) -> String {
    let read = |character| {
        reading.iter().find(|(sign, _)| *sign == character).map_or(character, |(_, letter)| *letter)
    };
    word.chars().map(read).collect()
}

/// The shortest text whose repetition is `text`; `text` itself if it repeats nothing.
fn repeated_unit(text: &str) -> &str {
    let ends = text.char_indices().map(|(at, _)| at).skip(1);
    let mut units = ends.filter(|&end| text.len().is_multiple_of(end)).map(|end| &text[..end]);
    units.find(|unit| unit.repeat(text.len() / unit.len()) == text).unwrap_or(text)
}

/// Rows of keys; a key's neighbors are at most one row and one column away.
const KEYS: [&[&str]; 2] = [
    &["1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"],
    &["1234567890-=", "azertyuiop", "qsdfghjklm", "wxcvbn,;:!"],
];

fn is_pattern(text: &str) -> bool {
    let steps: Vec<(char, char)> = text.chars().zip(text.chars().skip(1)).collect();
    let is_small = |(from, to): (char, char)| (from as u32).abs_diff(to as u32) <= 1;
    KEYS.iter().any(|keys| {
        let near = |(from, to)| match (key_of(keys, from), key_of(keys, to)) {
            (Some((row, column)), Some((other_row, other_column))) => {
                row.abs_diff(other_row) <= 1 && column.abs_diff(other_column) <= 1
            }
            _ => false,
        };
        steps.iter().filter(|step| !is_small(**step) && !near(**step)).count() < FEWEST_STEPS
    })
}

fn key_of(keys: &[&str], character: char) -> Option<(usize, usize)> {
    keys.iter()
        .enumerate()
        .find_map(|(row, text)| Some((row, text.chars().position(|key| key == character)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_has_more_than_three_thousand_long_passwords() {
        let list: Vec<&str> = LIST.lines().collect();
        assert!(list.is_sorted());
        assert!(list.iter().filter(|word| word.chars().count() >= 10).count() > 3_000);
        for word in list.iter().filter(|word| word.chars().count() >= 10) {
            assert!(is_in(&list, word), "{word}");
            assert!(is_in(&list, &word.to_uppercase()), "{word}");
        }
    }

    #[test]
    fn variants_of_common_passwords_are_common() {
        for password in [
            "1234567890",
            "Password123",
            "P@ssw0rd2026",
            "p@$$w0rd!!!!",
            "Pa55word12345",
            "drowssap1234",
            "passwordpassword",
            "pass-word-123",
            "p a s s w o r d 1",
            "Qwertz123456",
            "qwertyuiop",
            "1qaz2wsx3edc",
            "aaaaaaaaaaaa",
            "abcdefghijkl",
            "zyxwvutsrq",
            "abcabcabcabc",
            "dragon2024!",
            "!!Sunshine99",
            "$unshine1234",
            "iloveyou1234",
            "letmein!!!!",
            "Welcome2026!",
            "\u{ff30}\u{ff41}ssword123",
            "monkeymonkey",
            "monkey99monkey99",
            "1q2w3e4r5t6y",
            "adminadmin",
            "azertyuiop",
        ] {
            assert!(is_common(password), "{password}");
        }
    }

    #[test]
    fn unusual_passwords_are_accepted() {
        for password in [
            "three odd words here",
            "entirely different words",
            "correct gravel lantern",
            "kV9#mTz2qLw8",
            "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c} \u{438}\u{437} \u{441}\u{43b}\u{43e}\u{432} \u{1f511}",
            "ひらがなのパスワード",
            "sunflower tax 17 ladder",
            "Nordwind-Kessel-41",
        ] {
            assert!(!is_common(password), "{password}");
        }
    }
}
