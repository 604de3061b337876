//! Email addresses as account names: one key for all spellings of an address.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use icu_properties::props::{EnumeratedProperty as _, GeneralCategory};
use unicode_normalization::UnicodeNormalization as _;

/// The key under which spellings of an address that look alike are one account: composed or decomposed, in compatibility
/// forms (full width, ligatures), in upper or lower case, with or without invisible characters, and with the domain
/// in Unicode or in its ASCII form. Letters of different scripts stay different.
///
/// A change of this rule needs a new `EMAIL_KEY_VERSION`.
pub fn email_key(email: &str) -> String {
    let folded = fold(email);
    let Some((local, host)) = folded.rsplit_once('@') else { return folded };
    match idna::domain_to_ascii(host) {
        Ok(ascii) if !ascii.is_empty() => format!("{local}@{ascii}"),
        Ok(_) | Err(_) => folded,
    }
}

/// The key that version 1 made. An account whose new key belonged to another account already keeps this one.
pub fn email_key_of_version_1(email: &str) -> String {
    email.trim().to_lowercase().chars().filter(|character| !character.is_control()).collect()
}

/// An address as it is stored and shown: as typed, but trimmed, composed, and without invisible characters.
pub fn shown_email(email: &str) -> String {
    visible(email).nfc().collect::<String>().trim().to_owned()
}

/// Whether text can be an address: something, one @, a host without spaces. Only sending mail can tell more.
pub fn is_email(email: &str) -> bool {
    let key = email_key(email);
    let Some((local, host)) = key.rsplit_once('@') else { return false };
    let plain = |text: &str| !text.is_empty() && !text.chars().any(char::is_whitespace);
    email.len() <= 254
        && key.len() <= 254
        && plain(local)
        && plain(host)
        && !local.contains('@')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !host.contains(['<', '>', '"', ',', ';'])
        && !local.contains(['<', '>', '"', ',', ';'])
}

fn fold(text: &str) -> String {
    // Through upper case, so that letters with one capital are one (ß and ss, σ and ς).
    let cased = visible(text).nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    let folded: String = cased.collect();
    visible(&folded).nfkc().collect::<String>().trim().to_owned()
}

fn visible(text: &str) -> impl Iterator<Item = char> + '_ {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    text.chars().filter(move |&character| {
        let is_format = matches!(
            GeneralCategory::for_char(character),
            GeneralCategory::Control | GeneralCategory::Format | GeneralCategory::Unassigned
        );
        // The blank Braille pattern is a symbol that shows nothing.
        !is_format && !ignorable.contains(character) && character != '\u{2800}'
    })
}

#[cfg(test)]
mod tests {
    use super::{email_key, email_key_of_version_1, is_email, shown_email};

    #[test]
    fn addresses_are_distinguished_from_other_text() {
        for good in ["a@b.example", "lena.marsh+ads@nordlicht.example", "ü@müller.example", "root@localhost"]
        {
            assert!(is_email(good), "{good}");
        }
        let long = format!("{}@b.example", "a".repeat(250));
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a b@c.example",
            "a\u{a0}b@c.example",
            "a@b@c.example",
            "a\u{ff20}b@c.example",
            "\u{200b}@b.example",
            "a@.example",
            "<a@b.example>",
            &long,
        ] {
            assert!(!is_email(bad), "{bad:?}");
        }
    }

    #[test]
    fn spellings_that_look_alike_have_one_key() {
        for (spellings, key) in [
            (
                vec!["ann@b.example", "Ann@B.Example", " ann@b.example\n", "a\u{200b}nn@b.example"],
                "ann@b.example",
            ),
            (vec!["ann\u{ad}@b.example", "ann@b\u{2060}.example", "\u{202e}ann@b.example"], "ann@b.example"),
            (
                vec!["\u{ff41}nn@b.example", "ann\u{ff20}b\u{3002}example", "ann\u{fe0f}@b.example"],
                "ann@b.example",
            ),
            (
                vec!["ann\u{2800}@b.example", "ann\u{fff9}@b.example", "ann\u{e0041}@b.example"],
                "ann@b.example",
            ),
            (
                vec!["jos\u{e9}@b.example", "jose\u{301}@b.example", "JOSE\u{200d}\u{301}@b.example"],
                "jos\u{e9}@b.example",
            ),
            (vec!["stra\u{df}e@b.example", "STRASSE@b.example"], "strasse@b.example"),
            (vec!["\u{3c3}\u{3c2}@b.example", "\u{3a3}\u{3a3}@b.example"], "\u{3c3}\u{3c3}@b.example"),
            (
                vec!["a@m\u{fc}ller.example", "a@MU\u{308}LLER.example", "a@xn--mller-kva.example"],
                "a@xn--mller-kva.example",
            ),
            (vec!["o\u{fb03}ce@b.example"], "office@b.example"),
        ] {
            for spelling in spellings {
                assert_eq!(email_key(spelling), key, "{spelling:?}");
                assert_eq!(email_key(&email_key(spelling)), key, "{spelling:?}");
            }
        }
        assert_ne!(email_key("ann@b.example"), email_key("\u{430}nn@b.example"));
        assert_eq!(email_key_of_version_1(" Jose\u{301}@B.example"), "jose\u{301}@b.example");
    }

    #[test]
    fn an_address_is_shown_as_typed_without_what_nobody_sees() {
        assert_eq!(shown_email(" Jose\u{301}\u{200b}@B.example "), "Jos\u{e9}@B.example");
    }
}
