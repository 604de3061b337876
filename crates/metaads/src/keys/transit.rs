//! Data keys wrapped by the transit engine of HashiCorp Vault or OpenBao.
//! Source: "Transit secrets engine (API)", encrypt and decrypt.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use metaads_vault::KEY_BYTES;
use secrecy::ExposeSecret as _;
use vaultrs::api::transit::requests::{DecryptDataRequest, EncryptDataRequest};
use vaultrs::client::{VaultClient, VaultClientSettingsBuilder};
use vaultrs::error::ClientError;
use vaultrs::transit::data;
use zeroize::Zeroizing;

use crate::config::keys::VaultAccess;
use crate::keys::error::KekError;

const DEADLINE: Duration = Duration::from_secs(5);

/// A transit key.
pub struct Transit {
    client: VaultClient,
    mount: String,
    name: String,
}

// By hand: the client holds the access token.
impl std::fmt::Debug for Transit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transit")
            .field("mount", &self.mount)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Transit {
    pub fn open(access: &VaultAccess, mount: &str, name: &str) -> Result<Transit, KekError> {
        let refused =
            || KekError::Refused { what: "the client for VAULT_ADDR could not be built".to_owned() };
        let settings = VaultClientSettingsBuilder::default()
            .address(access.address.as_str())
            .token(access.token.expose_secret())
            .timeout(Some(DEADLINE))
            .build()
            .map_err(|_| refused())?;
        let client = VaultClient::new(settings).map_err(|_| refused())?;
        Ok(Transit { client, mount: mount.to_owned(), name: name.to_owned() })
    }

    pub fn name(&self) -> String {
        format!("transit:{}/{}", self.mount, self.name)
    }

    /// `row` names what is wrapped.
    pub async fn wrap(&self, row: &str, bytes: &[u8; KEY_BYTES]) -> Result<Vec<u8>, KekError> {
        let plaintext = Zeroizing::new(STANDARD.encode(bytes));
        let mut more = EncryptDataRequest::builder();
        more.associated_data(bound_to(row));
        let answer = data::encrypt(&self.client, &self.mount, &self.name, &plaintext, Some(&mut more)).await;
        Ok(answer.map_err(|error| classify(&error))?.ciphertext.into_bytes())
    }

    /// `key` is the mount and name that wrapped it, which may be others than today's.
    pub async fn unwrap(&self, key: &str, row: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KekError> {
        let malformed = || KekError::Refused { what: "the wrapped key is not one of transit's".to_owned() };
        let (mount, name) = key.split_once('/').ok_or_else(malformed)?;
        let ciphertext = std::str::from_utf8(wrapped).map_err(|_| malformed())?;
        let mut more = DecryptDataRequest::builder();
        more.associated_data(bound_to(row));
        let answer = data::decrypt(&self.client, mount, name, ciphertext, Some(&mut more)).await;
        let plaintext = Zeroizing::new(answer.map_err(|error| classify(&error))?.plaintext);
        STANDARD.decode(plaintext.as_bytes()).map(Zeroizing::new).map_err(|_| malformed())
    }
}

/// A wrapped key opens only as the row that it was wrapped for.
fn bound_to(row: &str) -> String {
    STANDARD.encode(format!("metaads-data-key:{row}"))
}

/// Whether a retry may help.
fn classify(error: &ClientError) -> KekError {
    match error {
        ClientError::APIError { code, .. } if *code < 500 && *code != 429 && *code != 412 => {
            KekError::Refused { what: format!("transit answered HTTP {code}") }
        }
        ClientError::APIError { code, .. } => {
            KekError::Unavailable { what: format!("transit answered HTTP {code}") }
        }
        _ => KekError::Unavailable { what: "transit cannot be reached".to_owned() },
    }
}
