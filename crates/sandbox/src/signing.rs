//! HMAC-SHA256, used for webhook signatures, `appsecret_proof` and Page tokens.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub(crate) fn hmac_sha256(key: &str, message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC accepts keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

pub(crate) fn hmac_sha256_hex(key: &str, message: &str) -> String {
    hex::encode(hmac_sha256(key, message.as_bytes()))
}
