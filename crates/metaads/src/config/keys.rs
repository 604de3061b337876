//! Keys: what seals, and what wraps the keys that seal.

use metaads_vault::Keyring;
use secrecy::SecretString;
use url::Url;

use crate::config::loopback::is_loopback;
use crate::config::source::{Mistakes, Source};

/// Where Vault or OpenBao is, and the token to use.
#[derive(Debug)]
pub struct VaultAccess {
    /// `VAULT_ADDR`
    pub address: Url,
    /// `VAULT_TOKEN`
    pub token: SecretString,
}

#[derive(Debug)]
pub struct KeysConfig {
    /// `ENCRYPTION_KEY`; None only in the demo, which generates one.
    pub keyring: Option<Keyring>,
    /// `KEY_ENCRYPTION_KEY`: what wraps the data keys.
    pub kek: KekChoice,
    /// `VAULT_ADDR` and `VAULT_TOKEN`, for `transit:`.
    pub vault: Option<VaultAccess>,
}

impl KeysConfig {
    pub(super) fn read(source: &Source, mistakes: &mut Mistakes) -> KeysConfig {
        let kek = source.with("KEY_ENCRYPTION_KEY", KekChoice::Local, mistakes, KekChoice::parse);
        let is_needed = kek == KekChoice::Local && source.text("META_APP_ID").is_some();
        KeysConfig {
            keyring: keyring(source, is_needed, mistakes),
            vault: vault(source, &kek, mistakes),
            kek,
        }
    }
}

/// `ENCRYPTION_KEY`.
fn keyring(source: &Source, is_needed: bool, mistakes: &mut Mistakes) -> Option<Keyring> {
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
fn vault(source: &Source, kek: &KekChoice, mistakes: &mut Mistakes) -> Option<VaultAccess> {
    if !matches!(kek, KekChoice::Transit { .. }) {
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

/// `KEY_ENCRYPTION_KEY`: what wraps data keys from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KekChoice {
    /// The first of ENCRYPTION_KEY.
    Local,
    /// A key id, ARN or alias.
    AwsKms {
        key: String,
    },
    Transit {
        mount: String,
        name: String,
    },
}

impl KekChoice {
    /// Reads `local`, `aws-kms:<key id, ARN or alias>` or `transit:<mount>/<name>`.
    pub fn parse(text: &str) -> Result<KekChoice, String> {
        let is_name = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        match text.split_once(':') {
            None if text == "local" => Ok(KekChoice::Local),
            Some(("aws-kms", key)) if !key.is_empty() && key.len() <= 2048 => {
                built_with(cfg!(feature = "aws-kms"), "aws-kms")?;
                Ok(KekChoice::AwsKms { key: key.to_owned() })
            }
            Some(("transit", path)) => {
                let (mount, name) = path.split_once('/').unwrap_or(("transit", path));
                if !is_name(mount) || !is_name(name) {
                    return Err("must name a transit key as transit:<mount>/<name>".to_owned());
                }
                built_with(cfg!(feature = "transit"), "transit")?;
                Ok(KekChoice::Transit { mount: mount.to_owned(), name: name.to_owned() })
            }
            _ => Err("must be local, aws-kms:<key id, ARN or alias> or transit:<mount>/<name>".to_owned()),
        }
    }
}

fn built_with(is_built: bool, feature: &str) -> Result<(), String> {
    if is_built {
        return Ok(());
    }
    Err(format!("needs a binary that was built with `cargo build --release --features {feature}`"))
}
