//! E-mail addresses as account names.

/// The key under which two spellings of an address are one account: trimmed, lower case, without control
/// characters (PostgreSQL refuses NUL).
pub fn email_key(email: &str) -> String {
    email.trim().to_lowercase().chars().filter(|character| !character.is_control()).collect()
}

/// Whether text can be an address: something, one @, a host without spaces. Only sending mail can tell more.
pub fn is_email(email: &str) -> bool {
    let Some((local, host)) = email.rsplit_once('@') else { return false };
    let plain = |text: &str| {
        !text.is_empty() && !text.chars().any(|character| character.is_whitespace() || character.is_control())
    };
    email.len() <= 254
        && plain(local)
        && plain(host)
        && !local.contains('@')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !host.contains(['<', '>', '"', ',', ';'])
        && !local.contains(['<', '>', '"', ',', ';'])
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn addresses_are_distinguished_from_other_text() {
        for good in ["a@b.example", "lena.marsh+ads@nordlicht.example", "ü@müller.example", "root@localhost"]
        {
            assert!(is_email(good), "{good}");
        }
        let long = format!("{}@b.example", "a".repeat(250));
        for bad in
            ["", "a", "@b", "a@", "a b@c.example", "a@b@c.example", "a@.example", "<a@b.example>", &long]
        {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
