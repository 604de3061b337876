//! Cleans an answer while it streams: the token, other tokens and proofs become the caller's key or nothing, and Meta's
//! address becomes ours, also in JSON inside of JSON strings. Memory is constant.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aho_corasick::{AhoCorasick, MatchKind};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};

/// As much of the end of what has arrived is held back: a match is never longer.
const HELD_BACK: usize = 1_024;
/// Shorter words are no tokens, whatever they start with.
const SHORTEST_TOKEN: usize = 32;

/// What is replaced by what.
#[derive(Debug)]
pub struct Replacements {
    finder: AhoCorasick,
    /// One for each pattern of the finder.
    actions: Vec<Action>,
    key: Bytes,
}

#[derive(Debug)]
enum Action {
    ReplaceBy(Bytes),
    /// A word that starts like a token of Meta's.
    ReplaceWord,
    /// An error that says that the token is dead.
    Note,
}

/// What the answer of one call must not show, and its replacements.
pub struct Secrets<'a> {
    pub token: &'a str,
    pub proof: &'a str,
    /// The caller's API key.
    pub key: &'a str,
    /// Where Meta's API is, without a slash at the end.
    pub graph_url: &'a str,
    /// Where the proxy is, without a slash at the end.
    pub proxy_url: &'a str,
}

impl Replacements {
    pub fn new(secrets: &Secrets<'_>) -> Replacements {
        let mut patterns = vec![secrets.token.to_owned(), secrets.proof.to_owned()];
        let mut actions = vec![Action::ReplaceBy(owned(secrets.key)), Action::ReplaceBy(Bytes::new())];
        // In plain text, in JSON, and in JSON that is text in JSON. Meta escapes slashes.
        for slash in ["/", "\\/", "\\\\\\/"] {
            patterns.push(format!("{}{slash}", secrets.graph_url.replace('/', slash)));
            actions
                .push(Action::ReplaceBy(owned(&format!("{}{slash}", secrets.proxy_url.replace('/', slash)))));
        }
        for start in ["EAA", "IGAA", "IGQ"] {
            patterns.push(start.to_owned());
            actions.push(Action::ReplaceWord);
        }
        for code in ["\"code\":190", "\\\"code\\\":190"] {
            patterns.push(code.to_owned());
            actions.push(Action::Note);
        }
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&patterns);
        let finder = finder.expect("a few short patterns always build");
        Replacements { finder, actions, key: owned(secrets.key) }
    }

    /// Cleans what has arrived; `rest` keeps what may be the start of a match, or nothing at the end.
    fn clean(&self, rest: &mut BytesMut, is_end: bool, has_dead_token: &AtomicBool) -> Bytes {
        let safe = if is_end { rest.len() } else { rest.len().saturating_sub(HELD_BACK) };
        let mut cleaned = BytesMut::with_capacity(rest.len());
        let mut done = 0;
        while done < safe {
            let Some(found) = self.finder.find(&rest[done..]).filter(|found| done + found.start() < safe)
            else {
                break;
            };
            let (start, mut end) = (done + found.start(), done + found.end());
            cleaned.extend_from_slice(&rest[done..start]);
            match &self.actions[found.pattern().as_usize()] {
                Action::ReplaceBy(bytes) => cleaned.extend_from_slice(bytes),
                Action::ReplaceWord => {
                    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'-';
                    end += rest[end..].iter().take_while(|byte| is_word(byte)).count();
                    let starts_word = start == 0 || !is_word(&rest[start - 1]);
                    if starts_word && end - start >= SHORTEST_TOKEN {
                        cleaned.extend_from_slice(&self.key);
                    } else {
                        cleaned.extend_from_slice(&rest[start..end]);
                    }
                }
                Action::Note => {
                    has_dead_token.store(true, Ordering::Relaxed);
                    cleaned.extend_from_slice(&rest[start..end]);
                }
            }
            done = end;
        }
        if done < safe {
            cleaned.extend_from_slice(&rest[done..safe]);
            done = safe;
        }
        let _ = rest.split_to(done);
        cleaned.freeze()
    }

    /// A short text, such as a header.
    pub fn clean_text(&self, text: &str) -> String {
        let mut bytes = BytesMut::from(text.as_bytes());
        String::from_utf8_lossy(&self.clean(&mut bytes, true, &AtomicBool::default())).into_owned()
    }
}

fn owned(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// The pieces of an answer, cleaned. `has_dead_token` is set if an error in it says that the token is dead.
pub fn cleaned<E>(
    pieces: impl Stream<Item = Result<Bytes, E>> + Send + Unpin,
    replacements: Replacements,
    has_dead_token: Arc<AtomicBool>,
) -> impl Stream<Item = Result<Bytes, E>> + Send
where
    E: Send,
{
    let state = Some((pieces, BytesMut::new(), replacements, has_dead_token));
    let cleaned = futures_util::stream::unfold(state, |state| async move {
        let (mut pieces, mut rest, replacements, has_dead_token) = state?;
        match pieces.next().await {
            Some(Ok(piece)) => {
                rest.extend_from_slice(&piece);
                let cleaned = replacements.clean(&mut rest, false, &has_dead_token);
                Some((Ok(cleaned), Some((pieces, rest, replacements, has_dead_token))))
            }
            Some(Err(error)) => Some((Err(error), None)),
            None => Some((Ok(replacements.clean(&mut rest, true, &has_dead_token)), None)),
        }
    });
    cleaned.filter(|piece| std::future::ready(!matches!(piece, Ok(piece) if piece.is_empty())))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "EAABsbCS1iHgBAKZCZBZC7ZAQ0cYZBexampletoken";
    const PAGE_TOKEN: &str = "EAAGm0PX4ZCpsBAExampleOfAPageTokenThatIsLongEnough";

    fn replacements() -> Replacements {
        Replacements::new(&Secrets {
            token: TOKEN,
            proof: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            key: "mak_key",
            graph_url: "https://graph.facebook.com",
            proxy_url: "https://ads.example.com/graph",
        })
    }

    fn clean_in(text: &str, size: usize) -> (String, bool) {
        let pieces: Vec<Result<Bytes, ()>> =
            text.as_bytes().chunks(size.max(1)).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let noted = Arc::new(AtomicBool::default());
        let cleaned = cleaned(stream::iter(pieces), replacements(), Arc::clone(&noted));
        let cleaned: Vec<u8> = futures_util::FutureExt::now_or_never(cleaned.collect::<Vec<_>>())
            .expect("an iterator is always ready")
            .into_iter()
            .flat_map(|piece| piece.expect("no piece fails").to_vec())
            .collect();
        (String::from_utf8(cleaned).expect("UTF-8"), noted.load(Ordering::Relaxed))
    }

    #[test]
    fn tokens_and_addresses_are_replaced_at_every_depth_of_json() {
        let text = format!(
            r#"{{"next":"https:\/\/graph.facebook.com\/v26.0\/1\/ads?access_token={TOKEN}&appsecret_proof=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","access_token":"{PAGE_TOKEN}","body":"{{\"next\":\"https:\\\/\\\/graph.facebook.com\\\/v26.0?access_token={TOKEN}\"}}","plain":"https://graph.facebook.com/x"}}"#
        );
        let expected = r#"{"next":"https:\/\/ads.example.com\/graph\/v26.0\/1\/ads?access_token=mak_key&appsecret_proof=","access_token":"mak_key","body":"{\"next\":\"https:\\\/\\\/ads.example.com\\\/graph\\\/v26.0?access_token=mak_key\"}","plain":"https://ads.example.com/graph/x"}"#;
        for size in [1, 2, 7, 50, 10_000] {
            assert_eq!(clean_in(&text, size), (expected.to_owned(), false), "pieces of {size}");
        }
    }

    #[test]
    fn words_that_only_look_like_tokens_stay() {
        for text in
            ["EAA", "NEAAR", "xEAABsbCS1iHgBAKZCZBZC7ZAQ0cYZBxxxxxxxxxxxxx", "{\"name\":\"EAA Airlines\"}"]
        {
            assert_eq!(clean_in(text, 3).0, text);
        }
    }

    #[test]
    fn a_dead_token_is_noticed_inside_of_a_batch_too() {
        assert!(clean_in(r#"{"error":{"code":190}}"#, 5).1);
        assert!(clean_in(r#"[{"code":400,"body":"{\"error\":{\"code\":190}}"}]"#, 5).1);
        assert!(!clean_in(r#"[{"code":400,"body":"{\"error\":{\"code\":19}}"}]"#, 5).1);
    }

    proptest! {
        #[test]
        fn no_cut_lets_a_token_through_and_everything_else_stays(
            before in "[ -~]{0,1500}", after in "[ -~]{0,1500}", size in 1usize..2_000
        ) {
            prop_assume!(!before.contains("EAA") && !after.contains("EAA") && !before.contains("IG") && !after.contains("IG"));
            let (cleaned, _) = clean_in(&format!("{before} {TOKEN} {PAGE_TOKEN} {after}"), size);
            prop_assert_eq!(cleaned, format!("{before} mak_key mak_key {after}"));
        }
    }
}
