//! The source tree as tokens: without comments, and without the tests at the end of a file.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A source file of the product.
pub struct Source {
    /// From the root of the repository.
    pub path: String,
    pub text: String,
    pub tokens: Vec<Token>,
}

/// An identifier, a literal or a punctuation mark.
pub struct Token {
    pub line: usize,
    pub text: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Source {
        let stream: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        Source { path: path.to_owned(), text: text.to_owned(), tokens }
    }

    /// Whether its path begins with one of these.
    pub fn is_under(&self, prefixes: &[&str]) -> bool {
        prefixes.iter().any(|prefix| self.path.starts_with(prefix))
    }

    /// The lines in which a word is named: an identifier, or a path such as `task::spawn`. `env::var*` is the beginning
    /// of one.
    pub fn lines_naming(&self, words: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for word in words {
            let (word, is_prefix) = word.strip_suffix('*').map_or((*word, false), |word| (word, true));
            let parts: Vec<&str> = word.split("::").collect();
            for at in 0..self.tokens.len() {
                if self.names_at(at, &parts, is_prefix) {
                    found.push(format!("{}:{}: {word}", self.path, self.tokens[at].line));
                }
            }
        }
        found
    }

    fn names_at(&self, at: usize, parts: &[&str], is_prefix: bool) -> bool {
        parts.iter().enumerate().all(|(index, part)| {
            let token = |at: usize| self.tokens.get(at).map(|token| token.text.as_str());
            let is_last = index + 1 == parts.len();
            let is_path = index == 0
                || (token(at + 3 * index - 1), token(at + 3 * index - 2)) == (Some(":"), Some(":"));
            is_path
                && token(at + 3 * index).is_some_and(|found| match is_last && is_prefix {
                    true => found.starts_with(part),
                    false => found == *part,
                })
        })
    }

    /// The lines of string literals that contain one of these.
    pub fn strings_with(&self, parts: &[&str]) -> Vec<String> {
        let is_string = |token: &&Token| token.text.contains('"');
        let found = self.tokens.iter().filter(is_string);
        found
            .filter(|token| parts.iter().any(|part| token.text.contains(part)))
            .map(|token| format!("{}:{}: {}", self.path, token.line, token.text))
            .collect()
    }
}

/// Leaves out what is compiled for tests only.
fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let is_test = matches!(&tree, TokenTree::Punct(mark) if mark.as_char() == '#')
            && matches!(trees.peek(), Some(TokenTree::Group(group)) if is_cfg_test(group));
        if is_test {
            // The item that it belongs to ends with its block, or with a semicolon.
            for tree in trees.by_ref() {
                let is_end = match &tree {
                    TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                    TokenTree::Punct(mark) => mark.as_char() == ';',
                    TokenTree::Ident(_) | TokenTree::Literal(_) => false,
                };
                if is_end {
                    break;
                }
            }
            continue;
        }
        let line = tree.span().start().line;
        let mut push = |text: String| tokens.push(Token { line, text });
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                push(open.to_owned());
                flatten(group.stream(), tokens);
                tokens.push(Token { line: group.span_close().start().line, text: close.to_owned() });
            }
            // Doc comments are attributes with a string.
            TokenTree::Ident(word) if word == "doc" => push("doc".to_owned()),
            TokenTree::Ident(word) => push(word.to_string()),
            TokenTree::Punct(mark) => push(mark.to_string()),
            TokenTree::Literal(literal) => push(literal.to_string()),
        }
    }
}

fn is_cfg_test(group: &Group) -> bool {
    group.delimiter() == Delimiter::Bracket && group.stream().to_string().replace(' ', "") == "cfg(test)"
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/metaads is two below").to_owned()
}

pub fn files_under(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_under(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What the product is compiled from: `crates/**`, without tests and benches.
pub fn sources() -> Vec<Source> {
    let root = root();
    let mut sources = Vec::new();
    for file in files_under(&root.join("crates"), "rs") {
        let path = file.strip_prefix(&root).unwrap_or(&file).to_string_lossy().into_owned();
        let is_test = path.contains("/tests/") || path.contains("/benches/") || path.ends_with("_tests.rs");
        if !is_test {
            let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
            sources.push(Source::new(&path, &text));
        }
    }
    assert!(sources.len() > 80, "the sources are not where they were: {}", root.display());
    sources
}

#[test]
fn comments_and_tests_are_not_code() {
    let text =
        "a(); // b\n/* c */ d::e(\"f g\");\n#[cfg(test)]\nmod tests { h(); }\n#[cfg(test)]\nuse i;\nj();";
    let source = Source::new("a.rs", text);
    let lines = |words: &[&str]| source.lines_naming(words).len();
    assert_eq!(lines(&["a", "d::e", "j"]), 3);
    assert_eq!(lines(&["b", "c", "h", "i", "f", "d::a", "e::d"]), 0);
    assert_eq!(lines(&["d::*", "j*"]), 2);
    assert_eq!(source.strings_with(&["f g"]), ["a.rs:2: \"f g\""]);
}
