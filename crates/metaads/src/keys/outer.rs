//! The outer key, which wraps data keys: ENCRYPTION_KEY, or a key that never leaves AWS KMS or
//! Vault/OpenBao Transit.

#[cfg(any(feature = "aws-kms", feature = "transit"))]
use futures_util::FutureExt as _;
use metaads_store::DataKey;
use metaads_vault::{KEY_BYTES, Key, KeyId, Keyring, NONCE_BYTES, Place, Sealed};
use zeroize::Zeroizing;

use crate::config::VaultAccess;

#[cfg(feature = "aws-kms")]
use super::aws_kms::AwsKms;
#[cfg(feature = "transit")]
use super::transit::Transit;

/// `KEY_ENCRYPTION_KEY`: what wraps data keys from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OuterKeyChoice {
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

impl OuterKeyChoice {
    /// Reads `local`, `aws-kms:<key id, ARN or alias>` or `transit:<mount>/<name>`.
    pub fn parse(text: &str) -> Result<OuterKeyChoice, String> {
        let is_name = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        match text.split_once(':') {
            None if text == "local" => Ok(OuterKeyChoice::Local),
            Some(("aws-kms", key)) if !key.is_empty() && key.len() <= 2048 => {
                built_with(cfg!(feature = "aws-kms"), "aws-kms")?;
                Ok(OuterKeyChoice::AwsKms { key: key.to_owned() })
            }
            Some(("transit", path)) => {
                let (mount, name) = path.split_once('/').unwrap_or(("transit", path));
                if !is_name(mount) || !is_name(name) {
                    return Err("must name a transit key as transit:<mount>/<name>".to_owned());
                }
                built_with(cfg!(feature = "transit"), "transit")?;
                Ok(OuterKeyChoice::Transit { mount: mount.to_owned(), name: name.to_owned() })
            }
            _ => Err("must be local, aws-kms:<key id, ARN or alias> or transit:<mount>/<name>".to_owned()),
        }
    }
}

#[cfg(feature = "aws-kms")]
async fn aws_kms(key: &str) -> Result<Service, OuterError> {
    // Boxed: the types of these futures are too deep for the compiler otherwise.
    Ok(Service::AwsKms(AwsKms::open(key).boxed().await))
}

#[cfg(not(feature = "aws-kms"))]
async fn aws_kms(_key: &str) -> Result<Service, OuterError> {
    Err(OuterError::Refused { what: "this binary was built without AWS KMS".to_owned() })
}

#[cfg(feature = "transit")]
fn transit(vault: Option<&VaultAccess>, mount: &str, name: &str) -> Result<Service, OuterError> {
    let missing = || OuterError::Refused { what: "VAULT_ADDR or VAULT_TOKEN is missing".to_owned() };
    Ok(Service::Transit(Box::new(Transit::open(vault.ok_or_else(missing)?, mount, name)?)))
}

#[cfg(not(feature = "transit"))]
fn transit(_vault: Option<&VaultAccess>, _mount: &str, _name: &str) -> Result<Service, OuterError> {
    Err(OuterError::Refused { what: "this binary was built without transit".to_owned() })
}

fn built_with(is_built: bool, feature: &str) -> Result<(), String> {
    if is_built {
        return Ok(());
    }
    Err(format!("needs a binary that was built with `cargo build --release --features {feature}`"))
}

/// What went wrong at an outer key.
#[derive(Debug, thiserror::Error)]
pub enum OuterError {
    /// It cannot be reached, or is too busy: later it may answer.
    #[error("the key service does not answer: {what}")]
    Unavailable { what: String },
    /// It answered, and the answer is no.
    #[error("the outer key refuses: {what}")]
    Refused { what: String },
}

/// What opens a data key, and what wraps the next one.
#[derive(Debug)]
pub struct OuterKey {
    /// ENCRYPTION_KEY. Beside a key service it only opens what it wrapped before.
    pub(super) local: Option<Keyring>,
    pub(super) service: Service,
}

#[derive(Debug)]
pub(super) enum Service {
    None,
    #[cfg(feature = "aws-kms")]
    AwsKms(AwsKms),
    #[cfg(feature = "transit")]
    Transit(Box<Transit>),
}

/// What stands behind a data key's row.
pub(super) enum Unwrapped {
    Bytes(Zeroizing<Vec<u8>>),
    /// A key of ENCRYPTION_KEY itself, which sealed values before there were data keys.
    Itself(std::sync::Arc<Key>),
}

impl OuterKey {
    /// The outer key that the configuration chose.
    pub async fn open(
        choice: &OuterKeyChoice,
        local: Option<Keyring>,
        vault: Option<&VaultAccess>,
    ) -> Result<OuterKey, OuterError> {
        let service = match choice {
            OuterKeyChoice::Local if local.is_none() => {
                return Err(OuterError::Refused { what: "ENCRYPTION_KEY is missing".to_owned() });
            }
            OuterKeyChoice::Local => Service::None,
            OuterKeyChoice::AwsKms { key } => aws_kms(key).await?,
            OuterKeyChoice::Transit { mount, name } => transit(vault, mount, name)?,
        };
        Ok(OuterKey { local, service })
    }

    /// ENCRYPTION_KEY alone.
    pub fn local(keyring: Keyring) -> OuterKey {
        OuterKey { local: Some(keyring), service: Service::None }
    }

    /// The name that stands beside what is wrapped from now on.
    pub fn name(&self) -> String {
        match &self.service {
            Service::None => self.local.as_ref().map(local_name).unwrap_or_default(),
            #[cfg(feature = "aws-kms")]
            Service::AwsKms(service) => service.name(),
            #[cfg(feature = "transit")]
            Service::Transit(service) => service.name(),
        }
    }

    /// Every key of ENCRYPTION_KEY, the first one first.
    pub fn local_names(&self) -> Vec<String> {
        self.local.iter().flat_map(Keyring::ids).map(|id| format!("local:{id}")).collect()
    }

    /// Wraps a data key.
    pub(super) async fn wrap(
        &self,
        id: KeyId,
        bytes: &[u8; KEY_BYTES],
        nonce: [u8; NONCE_BYTES],
        now: i64,
    ) -> Result<DataKey, OuterError> {
        let wrapped = match (&self.service, &self.local) {
            (Service::None, Some(keyring)) => {
                let row = id.to_string();
                keyring.seal(&place(&row), nonce, bytes).as_bytes().to_vec()
            }
            (Service::None, None) => {
                return Err(OuterError::Refused { what: "ENCRYPTION_KEY is missing".to_owned() });
            }
            #[cfg(feature = "aws-kms")]
            (Service::AwsKms(service), _) => service.wrap(id, bytes).boxed().await?,
            #[cfg(feature = "transit")]
            (Service::Transit(service), _) => service.wrap(id, bytes).boxed().await?,
        };
        Ok(DataKey {
            id: id.to_string(),
            outer_key: self.name(),
            wrapped_key: Some(wrapped),
            created_at: now,
        })
    }

    /// Unwraps a data key; None where what wrapped it is not configured.
    pub(super) async fn unwrap(&self, row: &DataKey) -> Result<Option<Unwrapped>, OuterError> {
        let Some(wrapped) = &row.wrapped_key else {
            let itself = self.local.iter().flat_map(Keyring::keys).find(|key| key.id().to_string() == row.id);
            return Ok(itself.map(Unwrapped::Itself));
        };
        let bytes = match row.outer_key.split_once(':') {
            Some(("local", _)) => self.unwrap_locally(&row.id, wrapped)?,
            #[cfg(feature = "aws-kms")]
            Some(("aws-kms", _)) => match &self.service {
                Service::AwsKms(service) => Some(service.unwrap(&row.id, wrapped).boxed().await?),
                _ => None,
            },
            #[cfg(feature = "transit")]
            Some(("transit", key)) => match &self.service {
                Service::Transit(service) => Some(service.unwrap(key, &row.id, wrapped).boxed().await?),
                _ => None,
            },
            _ => None,
        };
        Ok(bytes.map(Unwrapped::Bytes))
    }

    fn unwrap_locally(&self, id: &str, wrapped: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, OuterError> {
        let refused = |error: &dyn std::fmt::Display| OuterError::Refused { what: error.to_string() };
        let sealed = Sealed::from_stored(wrapped.to_vec()).map_err(|error| refused(&error))?;
        let Some(keyring) = self.local.as_ref().filter(|keyring| keyring.has(sealed.key_id())) else {
            return Ok(None);
        };
        let opened = keyring.open(&place(id), &sealed).map_err(|error| refused(&error))?;
        Ok(Some(Zeroizing::new(opened.to_vec())))
    }
}

fn local_name(keyring: &Keyring) -> String {
    format!("local:{}", keyring.sealing_key())
}

fn place(id: &str) -> Place<'_> {
    Place { table: "data_keys", column: "wrapped_key", row: id }
}
