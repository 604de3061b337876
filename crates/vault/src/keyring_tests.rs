use proptest::prelude::*;

use super::*;

const CONTEXT: SealContext<'_> =
    SealContext { table: "meta_connections", column: "access_token", row: "018f" };

fn keyring(byte: u8) -> Keyring {
    Keyring::single(Key::new([byte; KEY_BYTES]))
}

fn list(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| STANDARD.encode([*byte; KEY_BYTES])).collect::<Vec<_>>().join(" , ")
}

#[test]
fn a_value_moved_to_another_context_does_not_open() {
    let keys = keyring(1);
    let sealed = keys.seal(&CONTEXT, [7; NONCE_BYTES], b"secret");
    for other in [
        SealContext { row: "0190", ..CONTEXT },
        SealContext { column: "refresh_token", ..CONTEXT },
        SealContext { table: "authorizations", ..CONTEXT },
        // The same letters, divided differently.
        SealContext { table: "meta_connectionsaccess", column: "_token", row: "018f" },
    ] {
        assert_eq!(keys.open(&other, &sealed).err(), Some(OpenError::Moved));
    }
    assert_eq!(&*keys.open(&CONTEXT, &sealed).expect("it opens in its own context"), b"secret");
}

#[test]
fn the_first_key_seals_and_all_open() {
    let old = Keyring::parse(&list(&[1])).expect("one key");
    let both = Keyring::parse(&list(&[2, 1])).expect("two keys");
    let sealed = old.seal(&CONTEXT, [1; NONCE_BYTES], b"from before");
    assert_eq!(&*both.open(&CONTEXT, &sealed).expect("the old key opens"), b"from before");
    let fresh = both.seal(&CONTEXT, [2; NONCE_BYTES], b"new");
    assert_eq!(fresh.key_id(), both.sealing_key());
    assert_eq!(old.open(&CONTEXT, &fresh).err(), Some(OpenError::UnknownKey { id: both.sealing_key() }));
}

#[test]
fn a_damaged_value_is_told_apart_from_a_moved_one() {
    let keys = keyring(1);
    let mut bytes = keys.seal(&CONTEXT, [7; NONCE_BYTES], b"secret").as_bytes().to_vec();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let damaged = Sealed::from_stored(bytes).expect("a valid envelope");
    assert_eq!(keys.open(&CONTEXT, &damaged).err(), Some(OpenError::Damaged));
}

/// An envelope of version 1: the key is 32 times 0x01, the nonce 12 times 0x07, the context `CONTEXT`.
#[test]
fn an_envelope_of_version_1_still_opens() {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[1; KEY_BYTES]).expect("a key"));
    let id = Key::new([1; KEY_BYTES]).id();
    let mut text = b"from the first version".to_vec();
    let mut context = vec![1];
    context.extend_from_slice(&id.0);
    for part in ["meta_connections", "access_token", "018f"] {
        context.extend_from_slice(&(part.len() as u64).to_be_bytes());
        context.extend_from_slice(part.as_bytes());
    }
    let nonce = Nonce::assume_unique_for_key([7; NONCE_BYTES]);
    key.seal_in_place_append_tag(nonce, Aad::from(&context), &mut text).expect("seals");
    let mut bytes = vec![1];
    bytes.extend_from_slice(&id.0);
    bytes.extend_from_slice(&[7; NONCE_BYTES]);
    bytes.extend_from_slice(&text);
    let sealed = Sealed::from_stored(bytes).expect("a valid envelope");
    assert_eq!(&*keyring(1).open(&CONTEXT, &sealed).expect("opens"), b"from the first version");
    let other = SealContext { row: "0190", ..CONTEXT };
    assert_eq!(keyring(1).open(&other, &sealed).err(), Some(OpenError::DamagedOrMoved));
}

#[test]
fn a_key_id_is_read_back_as_it_was_written() {
    let id = Key::new([1; KEY_BYTES]).id();
    assert_eq!(KeyId::from_text(&id.to_string()), Some(id));
    assert_eq!(KeyId::from_text("0123456"), None);
    assert_eq!(KeyId::from_text("ABCDEF01"), None);
}

#[test]
fn an_invalid_key_list_is_explained_without_repeating_it() {
    let good = STANDARD.encode([1; KEY_BYTES]);
    assert_eq!(Keyring::parse(" , ").err(), Some(KeyringError::Empty));
    assert_eq!(Keyring::parse("no-base64!").err(), Some(KeyringError::NotBase64 { position: 1 }));
    let short = format!("{good},{}", STANDARD.encode([1; 16]));
    assert_eq!(Keyring::parse(&short).err(), Some(KeyringError::WrongLength { position: 2, found: 16 }));
    let twice = format!("{good},{good}");
    assert_eq!(Keyring::parse(&twice).err(), Some(KeyringError::Repeated { first: 1, second: 2 }));
}

#[test]
fn debug_output_contains_no_secret() {
    let keys = keyring(3);
    let sealed = keys.seal(&CONTEXT, [1; NONCE_BYTES], b"EAAsecret");
    let opened = keys.open(&CONTEXT, &sealed).expect("opens");
    let shown = format!("{keys:?} {sealed:?} {opened:?}");
    assert!(!shown.contains("EAAsecret") && !shown.contains("3, 3"), "{shown}");
}

proptest! {
    #[test]
    fn a_sealed_secret_opens(secret: Vec<u8>, nonce: [u8; NONCE_BYTES], key: [u8; KEY_BYTES]) {
        let keys = Keyring::single(Key::new(key));
        let stored = keys.seal(&CONTEXT, nonce, &secret).as_bytes().to_vec();
        let sealed = Sealed::from_stored(stored).expect("a valid envelope");
        prop_assert_eq!(&*keys.open(&CONTEXT, &sealed).expect("opens"), &secret[..]);
    }

    #[test]
    fn one_changed_bit_never_opens(secret: Vec<u8>, at: prop::sample::Index, bit in 0u8..8) {
        let keys = keyring(9);
        let mut bytes = keys.seal(&CONTEXT, [5; NONCE_BYTES], &secret).as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let opened = Sealed::from_stored(bytes).map(|sealed| keys.open(&CONTEXT, &sealed).is_ok());
        prop_assert_ne!(opened, Ok(true));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        if let Ok(sealed) = Sealed::from_stored(bytes) {
            prop_assert!(keyring(1).open(&CONTEXT, &sealed).is_err());
        }
    }
}
