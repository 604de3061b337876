//! PKCE (RFC 7636) with the S256 method.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};

/// `code_challenge` of the S256 method; `plain` is never sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PkceChallenge(String);

/// `code_verifier`: 43 unreserved characters made from 32 random bytes.
#[derive(Debug, Clone)]
pub struct PkceVerifier(SecretString);

impl PkceChallenge {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl PkceVerifier {
    pub fn from_random(bytes: [u8; 32]) -> PkceVerifier {
        PkceVerifier(SecretString::from(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Restores what [`PkceVerifier::expose`] returned, after it was stored sealed.
    pub fn from_text(text: String) -> PkceVerifier {
        PkceVerifier(SecretString::from(text))
    }

    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub fn challenge(&self) -> PkceChallenge {
        let hash = digest::digest(&digest::SHA256, self.expose().as_bytes());
        PkceChallenge(URL_SAFE_NO_PAD.encode(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o7_the_challenge_is_s256_of_the_verifier() {
        // The vector of RFC 7636, appendix B.
        let verifier = PkceVerifier::from_text("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
        assert_eq!(verifier.challenge().as_str(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let fresh = PkceVerifier::from_random([0xff; 32]);
        assert_eq!(fresh.expose().len(), 43);
    }
}
