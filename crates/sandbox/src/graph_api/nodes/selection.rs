//! Parses field selections: `id,business{id,name},owned_ad_accounts.limit(5).after(x){id}`.

use crate::graph_api::error::GraphError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// For example `limit(5)`.
    pub(crate) modifiers: Vec<(String, String)>,
    /// The selection between the braces, parsed and as written.
    pub(crate) inner: Option<Vec<Field>>,
    pub(crate) inner_text: String,
}

/// Bounds the recursion. No real selection is nested deeper.
const DEPTH: usize = 8;

pub(crate) fn parse(text: &str) -> Result<Vec<Field>, GraphError> {
    let mut rest = text;
    let fields = parse_list(&mut rest, DEPTH)?;
    match rest.is_empty() {
        true => Ok(fields),
        false => Err(syntax_error(rest)),
    }
}

fn parse_list(rest: &mut &str, depth: usize) -> Result<Vec<Field>, GraphError> {
    let mut fields = Vec::new();
    loop {
        let name = word(rest);
        // Meta ignores empty names ("id,,name").
        if !name.is_empty() {
            fields.push(parse_field(name, rest, depth)?);
        }
        match rest.strip_prefix(',') {
            Some(more) => *rest = more,
            None => return Ok(fields),
        }
    }
}

fn parse_field(name: String, rest: &mut &str, depth: usize) -> Result<Field, GraphError> {
    let mut field = Field { name, modifiers: Vec::new(), inner: None, inner_text: String::new() };
    loop {
        if let Some(more) = rest.strip_prefix('.') {
            *rest = more;
            let modifier = word(rest);
            let (value, more) = rest
                .strip_prefix('(')
                .and_then(|more| more.split_once(')'))
                .ok_or_else(|| syntax_error(rest))?;
            field.modifiers.push((modifier, value.trim().to_owned()));
            *rest = more;
        } else if let Some(more) = rest.strip_prefix('{') {
            if depth == 0 {
                return Err(syntax_error(rest));
            }
            *rest = more;
            field.inner = Some(parse_list(rest, depth - 1)?);
            let closed = rest.strip_prefix('}').ok_or_else(|| syntax_error(rest))?;
            field.inner_text = more[..more.len() - rest.len()].to_owned();
            *rest = closed.trim_start();
        } else {
            return Ok(field);
        }
    }
}

fn word(rest: &mut &str) -> String {
    let text = rest.trim_start();
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len());
    let (word, more) = text.split_at(end);
    *rest = more.trim_start();
    word.to_owned()
}

fn syntax_error(rest: &str) -> GraphError {
    let near: String = rest.chars().take(12).collect();
    GraphError::oauth(2500, format!("Syntax error \"Expected end of string instead of \"{near}\".\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_fields_and_modifiers() {
        let fields = parse("id, businesses.limit(50){id,owned_ad_accounts.limit(5).after(x=){id}}")
            .expect("a valid selection");
        assert_eq!(fields[1].name, "businesses");
        assert_eq!(fields[1].modifiers, [("limit".to_owned(), "50".to_owned())]);
        assert_eq!(fields[1].inner_text, "id,owned_ad_accounts.limit(5).after(x=){id}");
        let inner = fields[1].inner.as_ref().expect("a nested selection");
        assert_eq!(inner[1].modifiers[1], ("after".to_owned(), "x=".to_owned()));
    }

    #[test]
    fn unbalanced_selections_are_refused() {
        assert!(parse("a{b").is_err());
        assert!(parse("a.limit(5").is_err());
        assert!(parse("a}").is_err());
        assert!(parse(&"a{".repeat(1000)).is_err());
    }
}
