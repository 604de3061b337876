//! The key-encryption key (KEK) wraps data keys. It is ENCRYPTION_KEY, or a key that never leaves AWS KMS or
//! Vault/OpenBao Transit.

#[cfg(any(feature = "aws-kms", feature = "transit"))]
use futures_util::FutureExt as _;
use metaads_store::DataKey;
use metaads_vault::{KEY_BYTES, Key, KeyId, Keyring, NONCE_BYTES, Sealed};
use zeroize::Zeroizing;

use crate::config::keys::{KekChoice, VaultAccess};
use crate::keys::contexts::{data_key_context, data_key_row};
use crate::keys::error::KekError;

#[cfg(feature = "aws-kms")]
use crate::keys::aws_kms::AwsKms;
#[cfg(feature = "transit")]
use crate::keys::transit::Transit;

#[cfg(feature = "aws-kms")]
async fn aws_kms(key: &str) -> Result<Service, KekError> {
    // Boxed: the types of these futures are too deep for the compiler otherwise.
    Ok(Service::AwsKms(AwsKms::open(key).boxed().await))
}

#[cfg(not(feature = "aws-kms"))]
async fn aws_kms(_key: &str) -> Result<Service, KekError> {
    Err(KekError::Refused { what: "this binary was built without AWS KMS".to_owned() })
}

#[cfg(feature = "transit")]
fn transit(vault: Option<&VaultAccess>, mount: &str, name: &str) -> Result<Service, KekError> {
    let missing = || KekError::Refused { what: "VAULT_ADDR or VAULT_TOKEN is missing".to_owned() };
    Ok(Service::Transit(Box::new(Transit::open(vault.ok_or_else(missing)?, mount, name)?)))
}

#[cfg(not(feature = "transit"))]
fn transit(_vault: Option<&VaultAccess>, _mount: &str, _name: &str) -> Result<Service, KekError> {
    Err(KekError::Refused { what: "this binary was built without transit".to_owned() })
}

/// What opens a data key, and what wraps the next one.
#[derive(Debug)]
pub struct KeyEncryptionKey {
    /// ENCRYPTION_KEY. With a key service it only unwraps what it wrapped before.
    local: Option<Keyring>,
    service: Service,
}

#[derive(Debug)]
pub(super) enum Service {
    None,
    #[cfg(feature = "aws-kms")]
    AwsKms(AwsKms),
    #[cfg(feature = "transit")]
    Transit(Box<Transit>),
}

/// What a data key's row holds.
pub(super) enum Unwrapped {
    Bytes(Zeroizing<Vec<u8>>),
    /// Wrapped before number and age were authenticated: it opens, but never seals.
    Legacy(Zeroizing<Vec<u8>>),
    /// A key of ENCRYPTION_KEY itself, which sealed values before there were data keys.
    Itself(std::sync::Arc<Key>),
}

impl KeyEncryptionKey {
    /// The key-encryption key that the configuration chose.
    pub async fn open(
        choice: &KekChoice,
        local: Option<Keyring>,
        vault: Option<&VaultAccess>,
    ) -> Result<KeyEncryptionKey, KekError> {
        let service = match choice {
            KekChoice::Local if local.is_none() => {
                return Err(KekError::Refused { what: "ENCRYPTION_KEY is missing".to_owned() });
            }
            KekChoice::Local => Service::None,
            KekChoice::AwsKms { key } => aws_kms(key).await?,
            KekChoice::Transit { mount, name } => transit(vault, mount, name)?,
        };
        Ok(KeyEncryptionKey { local, service })
    }

    /// The name stored with what is wrapped from now on.
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

    /// Wraps a data key together with its number and age.
    pub(super) async fn wrap(
        &self,
        id: KeyId,
        bytes: &[u8; KEY_BYTES],
        nonce: [u8; NONCE_BYTES],
        (number, created_at): (i64, i64),
    ) -> Result<DataKey, KekError> {
        let row = data_key_row(&id.to_string(), number, created_at);
        let wrapped = match (&self.service, &self.local) {
            (Service::None, Some(keyring)) => {
                keyring.seal(&data_key_context(&row), nonce, bytes).as_bytes().to_vec()
            }
            (Service::None, None) => {
                return Err(KekError::Refused { what: "ENCRYPTION_KEY is missing".to_owned() });
            }
            #[cfg(feature = "aws-kms")]
            (Service::AwsKms(service), _) => service.wrap(&row, bytes).boxed().await?,
            #[cfg(feature = "transit")]
            (Service::Transit(service), _) => service.wrap(&row, bytes).boxed().await?,
        };
        Ok(DataKey { id: id.to_string(), kek: self.name(), wrapped_key: Some(wrapped), number, created_at })
    }

    /// Unwraps a data key; None where what wrapped it is not configured.
    pub(super) async fn unwrap(&self, row: &DataKey) -> Result<Option<Unwrapped>, KekError> {
        let Some(wrapped) = &row.wrapped_key else {
            let itself = self.local.iter().flat_map(Keyring::keys).find(|key| key.id().to_string() == row.id);
            return Ok(itself.map(Unwrapped::Itself));
        };
        let bound = data_key_row(&row.id, row.number, row.created_at);
        match self.unwrap_for(&row.kek, &bound, wrapped).await {
            Err(KekError::Refused { .. }) => {}
            unwrapped => return Ok(unwrapped?.map(Unwrapped::Bytes)),
        }
        Ok(self.unwrap_for(&row.kek, &row.id, wrapped).await?.map(Unwrapped::Legacy))
    }

    async fn unwrap_for(
        &self,
        kek: &str,
        row: &str,
        wrapped: &[u8],
    ) -> Result<Option<Zeroizing<Vec<u8>>>, KekError> {
        match kek.split_once(':') {
            Some(("local", _)) => self.unwrap_locally(row, wrapped),
            #[cfg(feature = "aws-kms")]
            Some(("aws-kms", _)) => match &self.service {
                Service::AwsKms(service) => Ok(Some(service.unwrap(row, wrapped).boxed().await?)),
                _ => Ok(None),
            },
            #[cfg(feature = "transit")]
            Some(("transit", key)) => match &self.service {
                Service::Transit(service) => Ok(Some(service.unwrap(key, row, wrapped).boxed().await?)),
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn unwrap_locally(&self, row: &str, wrapped: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, KekError> {
        let refused = |error: &dyn std::fmt::Display| KekError::Refused { what: error.to_string() };
        let sealed = Sealed::from_stored(wrapped.to_vec()).map_err(|error| refused(&error))?;
        let Some(keyring) = self.local.as_ref().filter(|keyring| keyring.has(sealed.key_id())) else {
            return Ok(None);
        };
        let opened = keyring.open(&data_key_context(row), &sealed).map_err(|error| refused(&error))?;
        Ok(Some(Zeroizing::new(opened.to_vec())))
    }
}

fn local_name(keyring: &Keyring) -> String {
    format!("local:{}", keyring.sealing_key())
}
