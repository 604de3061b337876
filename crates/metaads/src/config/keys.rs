//! Variables about keys.

use metaads_vault::Keyring;
use secrecy::SecretString;
use url::Url;

use super::is_loopback;
use super::source::{Mistakes, Source};
use crate::keys::OuterKeyChoice;

/// Where Vault or OpenBao is, and as whom to ask it.
#[derive(Debug)]
pub struct VaultAccess {
    /// `VAULT_ADDR`
    pub address: Url,
    /// `VAULT_TOKEN`
    pub token: SecretString,
}

/// `ENCRYPTION_KEY`.
pub(super) fn keyring(source: &Source, is_needed: bool, mistakes: &mut Mistakes) -> Option<Keyring> {
    let Some(text) = source.secret("ENCRYPTION_KEY", mistakes) else {
        if is_needed {
            mistakes.add(
                "ENCRYPTION_KEY",
                "is missing, and without it no token may be stored. Make one with `metaads keys generate`, keep it apart from the database, and set it",
            );
        }
        return None;
    };
    let text = zeroize::Zeroizing::new(text);
    Keyring::parse(&text).map_err(|error| mistakes.add("ENCRYPTION_KEY", &error.to_string())).ok()
}

/// `VAULT_ADDR` and `VAULT_TOKEN`, where `KEY_ENCRYPTION_KEY` names a transit key.
pub(super) fn vault(
    source: &Source,
    outer_key: &OuterKeyChoice,
    mistakes: &mut Mistakes,
) -> Option<VaultAccess> {
    if !matches!(outer_key, OuterKeyChoice::Transit { .. }) {
        return None;
    }
    let address: Url =
        source.parsed("VAULT_ADDR", "https://127.0.0.1:8200", "the address of Vault or OpenBao", mistakes);
    if address.scheme() != "https" && !is_loopback(&address) {
        mistakes.add("VAULT_ADDR", "must be https unless its host is loopback");
    }
    let token = source.secret("VAULT_TOKEN", mistakes);
    if token.is_none() {
        mistakes.add("VAULT_TOKEN", "is missing: KEY_ENCRYPTION_KEY names a transit key");
    }
    Some(VaultAccess { address, token: token?.into() })
}
