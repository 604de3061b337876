use std::sync::mpsc;

use argon2::PasswordHasher as _;
use futures_util::FutureExt as _;

use super::*;

#[test]
fn length_counts_characters_of_any_script() {
    assert_eq!(check("ひらがなのパスワ", "a@b.example"), Err(WeakPassword::TooShort));
    assert_eq!(check("ひらがなのパスワード", "a@b.example"), Ok(()));
    assert_eq!(check(&"x1y2".repeat(300), "a@b.example"), Err(WeakPassword::TooLong));
    // Nine characters, whether composed or not.
    assert_eq!(check("e\u{301}ga\u{308}n kvox", "a@b.example"), Err(WeakPassword::TooShort));
}

#[test]
fn common_and_guessable_passwords_are_refused() {
    for password in ["1234567890", "Password123", "aaaaaaaaaaaa", "qwertyuiop", "abcdefghijkl"] {
        assert_eq!(check(password, "a@b.example"), Err(WeakPassword::Common), "{password}");
    }
    for password in ["lena.marsh1", "lena.marsh@x.example", "MetaAds-2026!"] {
        let email = "lena.marsh@x.example";
        assert_eq!(check(password, email), Err(WeakPassword::LikeTheAddress), "{password}");
    }
}

#[tokio::test]
async fn only_the_right_password_matches_and_without_an_account_none_does() {
    let passwords = Passwords::for_tests();
    let stored = passwords.hash("correct horse battery").await.unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
    let verify = async |password: &str, stored| passwords.verify(password, stored).await.unwrap();
    assert_eq!(verify("correct horse battery", Some(&stored)).await, Match::Yes);
    assert_eq!(verify("correct horse batterY", Some(&stored)).await, Match::No);
    for stored in [None, Some("not a hash"), Some(""), Some(DUMMY_HASH)] {
        assert_eq!(verify("some password", stored).await, Match::No, "{stored:?}");
    }
    assert_eq!(verify(&"x".repeat(MAX_COMPARED_BYTES + 1), Some(&stored)).await, Match::No);
    assert!(PasswordHash::new(DUMMY_HASH).is_ok(), "otherwise an unknown address would be answered at once");
}

#[tokio::test]
async fn a_password_matches_composed_and_decomposed() {
    let passwords = Passwords::for_tests();
    let (nfc, nfd) =
        ("gr\u{fc}ner s\u{e9}same \u{e5}ngstr\u{f6}m", "gru\u{308}ner se\u{301}same a\u{30a}ngstro\u{308}m");
    for stored in [passwords.hash(nfc).await.unwrap(), passwords.hash(nfd).await.unwrap()] {
        assert_eq!(passwords.verify(nfc, Some(&stored)).await, Ok(Match::Yes));
        assert_eq!(passwords.verify(nfd, Some(&stored)).await, Ok(Match::Yes));
    }
    // As earlier versions hashed it: as typed.
    let old = Argon2::from(passwords.params.clone()).hash_password(nfd.as_bytes()).unwrap().to_string();
    assert_eq!(passwords.verify(nfd, Some(&old)).await, Ok(Match::YesInOldForm));
    assert_eq!(passwords.verify(nfc, Some(&old)).await, Ok(Match::YesInOldForm));
    let old = Argon2::from(passwords.params.clone()).hash_password(nfc.as_bytes()).unwrap().to_string();
    assert_eq!(passwords.verify(nfc, Some(&old)).await, Ok(Match::Yes));
}

#[tokio::test]
async fn a_hash_with_other_parameters_is_verified() {
    let stronger = Argon2::from(Params::new(64, 3, 2, Some(24)).unwrap());
    let stored = stronger.hash_password(b"correct horse battery").unwrap().to_string();
    let passwords = Passwords::for_tests();
    assert_eq!(passwords.verify("correct horse battery", Some(&stored)).await, Ok(Match::Yes));
    assert_eq!(passwords.verify("correct horse", Some(&stored)).await, Ok(Match::No));
}

#[tokio::test]
async fn memory_is_reused_and_wiped() {
    let passwords = Passwords::for_tests();
    let hashes = (0..40).map(|_| passwords.hash("correct horse battery"));
    futures_util::future::join_all(hashes).await;
    let pool = passwords.memory.lock().unwrap();
    assert!((1..=MAX_CONCURRENT_HASHES).contains(&pool.len()), "{}", pool.len());
    assert!(pool.iter().flatten().all(|block| block.as_ref().iter().all(|word| *word == 0)));
}

#[tokio::test]
async fn a_hash_that_nobody_waits_for_keeps_its_permit_until_it_ends() {
    let passwords = Passwords::for_tests();
    let (go, gone) = mpsc::channel::<()>();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let mut run = Box::pin(passwords.run(move |_| {
        let _ = begun.send(());
        let _ = gone.recv();
    }));
    assert!(run.as_mut().now_or_never().is_none());
    has_begun.await.unwrap();
    drop(run);
    assert_eq!(passwords.permits.available_permits(), MAX_CONCURRENT_HASHES - 1);
    go.send(()).unwrap();
    let all = u32::try_from(MAX_CONCURRENT_HASHES).unwrap();
    drop(passwords.permits.acquire_many(all).await.unwrap());
}

#[tokio::test]
async fn further_hashes_are_refused_while_the_queue_is_full() {
    let passwords = Passwords::for_tests();
    let busy = passwords.permits.acquire_many(2).await.unwrap();
    let mut waiting: Vec<_> = (0..MAX_QUEUED_HASHES).map(|_| Box::pin(passwords.hash("x"))).collect();
    assert!(waiting.iter_mut().all(|hash| hash.as_mut().now_or_never().is_none()));
    assert_eq!(passwords.hash("x").await, Err(Busy));
    assert_eq!(passwords.verify("x", None).await, Err(Busy));
    drop(busy);
    assert!(futures_util::future::join_all(waiting).await.iter().all(Result::is_ok));
    assert!(passwords.hash("x").await.is_ok());
}
