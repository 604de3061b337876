//! Signatures and signing secrets of Standard Webhooks 1.0.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::random::Random;

/// How every secret starts, so that people and secret scanners recognize one.
pub const PREFIX: &str = "whsec_";

/// A new secret: 256 random bits.
pub fn new_secret(random: &Random) -> String {
    format!("{PREFIX}{}", STANDARD.encode(random.bytes::<32>()))
}

/// The bytes that a secret signs with.
pub fn key_bytes(secret: &str) -> Option<Zeroizing<Vec<u8>>> {
    STANDARD.decode(secret.strip_prefix(PREFIX)?).ok().map(Zeroizing::new)
}

/// The header `webhook-signature`: one signature per key, the newest first. `timestamp`: Unix seconds.
pub fn sign(keys: &[Zeroizing<Vec<u8>>], id: &str, timestamp: i64, body: &str) -> String {
    let signed = format!("{id}.{timestamp}.{body}");
    let signature = |key: &Zeroizing<Vec<u8>>| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())))
    };
    keys.iter().map(signature).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_has_its_signature() {
        let key = key_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let body = r#"{"test": 2432232314}"#;
        let signature = sign(&[key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn two_keys_make_two_signatures() {
        let random = Random::seeded(1);
        let keys =
            [new_secret(&random), new_secret(&random)].map(|secret| key_bytes(&secret).expect("a secret"));
        let both = sign(&keys, "id", 1, "{}");
        let each = keys.map(|key| sign(&[key], "id", 1, "{}"));
        assert_eq!(both, each.join(" "));
        assert!(key_bytes("whsec_*").is_none() && key_bytes("AAAA").is_none());
    }
}
