//! The `fields` parameter: `name,campaigns.limit(5){name,adsets{id}}`. Only the names that are expanded matter here.
//! Source: Graph API, "Field expansion".

/// Deeper nesting is not read.
const DEEPEST: usize = 12;

/// The text cannot be read as a list of fields.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// Every name that leads on to other objects: with fields of its own, in braces or by `.fields()`, or with a modifier.
pub fn expanded_names(text: &str) -> Result<Vec<String>, Malformed> {
    let mut reader = Reader { rest: text, names: Vec::new() };
    reader.list(DEEPEST)?;
    if reader.rest.is_empty() { Ok(reader.names) } else { Err(Malformed) }
}

struct Reader<'a> {
    rest: &'a str,
    names: Vec<String>,
}

impl<'a> Reader<'a> {
    fn list(&mut self, depth: usize) -> Result<(), Malformed> {
        let depth = depth.checked_sub(1).ok_or(Malformed)?;
        loop {
            self.field(depth)?;
            if !self.take(',') {
                return Ok(());
            }
        }
    }

    fn field(&mut self, depth: usize) -> Result<(), Malformed> {
        let name = self.word();
        let mut is_expanded = false;
        loop {
            if self.take('.') {
                is_expanded = true;
                let modifier = self.word().to_owned();
                if !self.take('(') {
                    return Err(Malformed);
                }
                match modifier.as_str() {
                    "fields" => {
                        self.list(depth)?;
                        self.expect(')')?;
                    }
                    "" => return Err(Malformed),
                    _ => self.arguments()?,
                }
            } else if self.take('{') {
                is_expanded = true;
                self.list(depth)?;
                self.expect('}')?;
            } else {
                break;
            }
        }
        if is_expanded {
            self.names.push(name.to_owned());
        }
        Ok(())
    }

    /// Up to the parenthesis that closes the arguments of a modifier. They may be JSON.
    fn arguments(&mut self) -> Result<(), Malformed> {
        let (mut open, mut quote, mut is_escaped) = (1, None, false);
        for (at, letter) in self.rest.char_indices() {
            match (quote, letter) {
                _ if is_escaped => is_escaped = false,
                (Some(_), '\\') => is_escaped = true,
                (Some(mark), letter) if letter == mark => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(letter),
                (None, '(') => open += 1,
                (None, ')') => open -= 1,
                (None, _) => {}
            }
            if open == 0 {
                self.rest = &self.rest[at + 1..];
                return Ok(());
            }
        }
        Err(Malformed)
    }

    fn word(&mut self) -> &'a str {
        self.skip_space();
        let is_part =
            |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':' || letter == '-';
        let end = self.rest.find(|letter| !is_part(letter)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.skip_space();
        word
    }

    fn take(&mut self, letter: char) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(letter) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, letter: char) -> Result<(), Malformed> {
        if self.take(letter) { Ok(()) } else { Err(Malformed) }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_expanded_name_is_found_however_it_is_written() {
        let names = |text| expanded_names(text).expect(text);
        assert!(names("id,name,account_id").is_empty());
        assert!(names("").is_empty());
        assert_eq!(names("campaigns{name}"), ["campaigns"]);
        assert_eq!(names("a{b{c{d}}},e"), ["c", "b", "a"]);
        assert_eq!(names("ads.limit(5).fields(id,creative{body})"), ["creative", "ads"]);
        assert_eq!(
            names("insights.time_range({\"since\":\"2026-01-01\"}).filtering([{a:')'}]){spend}"),
            ["insights"]
        );
        assert_eq!(names("business . limit(1) { owned_ad_accounts }"), ["business"]);
        assert_eq!(names("campaigns.limit(3)"), ["campaigns"]);
    }

    #[test]
    fn what_cannot_be_read_is_malformed() {
        for bad in ["a{b", "a}", "a(b)", "a.b", "a.b(", "a{b}c", "a.fields(b", "a;b", "a.(b)", "a{}}", "%7b"]
        {
            assert_eq!(expanded_names(bad), Err(Malformed), "{bad}");
        }
        assert_eq!(expanded_names(&"a{".repeat(50)), Err(Malformed));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_no_brace_is_overlooked(text in "[a-c{}().,'\"\\\\ ]{0,40}") {
            if let Ok(names) = expanded_names(&text) {
                let braces = text.matches('{').count();
                let quoted = text.contains(['"', '\'', '(']);
                prop_assert!(quoted || names.len() >= usize::from(braces > 0));
            }
        }
    }
}
