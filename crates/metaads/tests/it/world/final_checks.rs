//! What must hold when a test is over: no lease is held, no webhook waits in the inbox, and no access token is in
//! plain text in the database or in the log.

use super::{database, log};

/// Shorter than any token that the sandbox issues, longer than any word that begins like one.
const SHORTEST_TOKEN: usize = 33;
/// How the tokens of Facebook and of Instagram begin.
const PREFIXES: [&[u8]; 2] = [b"EAA", b"IGAA"];

/// Panics if a check fails. Blocks, because it runs while a world is dropped: on a thread and a runtime of its own.
pub fn run(database_url: &str, now: i64) {
    let checks = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            no_work_is_left(database_url, now).await;
            no_token_in_plain_text(database_url).await;
        });
    };
    if let Err(panic) = std::thread::scope(|scope| scope.spawn(checks).join()) {
        std::panic::resume_unwind(panic);
    }
}

async fn no_work_is_left(database_url: &str, now: i64) {
    let held = format!("SELECT COUNT(*) FROM jobs WHERE leased_until > {now}");
    assert_eq!(database::number(database_url, &held).await, 0, "a job's lease is still held");
    let waiting = "SELECT COUNT(*) FROM webhook_inbox WHERE applied_at IS NULL";
    assert_eq!(database::number(database_url, waiting).await, 0, "a received webhook was not applied");
}

async fn no_token_in_plain_text(database_url: &str) {
    let stored = database::everything(database_url).await;
    if let Some(line) = line_with_token(&stored).or_else(|| line_with_token(&decode_hex(&stored))) {
        panic!("an access token is stored in plain text: {line}");
    }
    // The tests of a process share the log, so the line may be from another test.
    if let Some(line) = line_with_token(&log::take_new()) {
        panic!("an access token was logged: {line}");
    }
}

/// The line around the first token, with the token cut.
fn line_with_token(bytes: &[u8]) -> Option<String> {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric();
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|byte| matches!(byte, b'E' | b'I')) {
        let at = from + found;
        from = at + 1;
        if PREFIXES.iter().any(|prefix| bytes[at..].starts_with(prefix)) {
            let length = bytes[at..].iter().take_while(|byte| is_letter(byte)).count();
            if length >= SHORTEST_TOKEN {
                let start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                let line = String::from_utf8_lossy(&bytes[start.max(at.saturating_sub(400))..at + 6]);
                return Some(format!("{line}…"));
            }
        }
    }
    None
}

/// The values of PostgreSQL's `bytea` columns, one a line.
fn decode_hex(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    for part in bytes.split(|byte| *byte == b'\\').filter_map(|part| part.strip_prefix(b"x")) {
        let digits = part.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        decoded.extend(hex::decode(&part[..digits & !1]).unwrap());
        decoded.push(b'\n');
    }
    decoded
}

#[test]
fn a_plaintext_token_is_found_in_text_and_in_bytea() {
    let token = format!("EAA{}", "x".repeat(40));
    let bytea = format!("(1,\"\\\\x{}\",t)\n", hex::encode(format!("{token}.")));
    assert!(line_with_token(format!("a\nb token={token}&c").as_bytes()).unwrap().starts_with("b token=EAA"));
    assert_eq!(line_with_token(bytea.as_bytes()), None);
    assert!(line_with_token(&decode_hex(bytea.as_bytes())).is_some());
    assert_eq!(line_with_token(b"EAAcanary IGAA"), None);
}
