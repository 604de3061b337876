//! Data keys wrapped by AWS KMS. Region, credentials and a different endpoint come from the standard
//! environment of AWS. Source: AWS KMS API reference, Encrypt and Decrypt.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use metaads_vault::KEY_BYTES;
use zeroize::Zeroizing;

use crate::keys::error::KekError;

/// One call, its second try included.
const DEADLINE: Duration = Duration::from_secs(8);
const ATTEMPT: Duration = Duration::from_secs(4);
/// The encryption context: a wrapped key opens only as the row that it was wrapped for.
const CONTEXT: &str = "metaads-data-key";

/// A key in AWS KMS.
#[derive(Debug)]
pub struct AwsKms {
    client: aws_sdk_kms::Client,
    /// Key id, ARN or alias.
    key: String,
}

impl AwsKms {
    pub async fn open(key: &str) -> AwsKms {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_max_attempts(2))
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_timeout(DEADLINE)
                    .operation_attempt_timeout(ATTEMPT)
                    .build(),
            )
            .load()
            .await;
        AwsKms { client: aws_sdk_kms::Client::from_conf((&config).into()), key: key.to_owned() }
    }

    pub fn name(&self) -> String {
        format!("aws-kms:{}", self.key)
    }

    /// `row` names what is wrapped.
    pub async fn wrap(&self, row: &str, bytes: &[u8; KEY_BYTES]) -> Result<Vec<u8>, KekError> {
        let answer = self
            .client
            .encrypt()
            .key_id(&self.key)
            .plaintext(Blob::new(bytes.as_slice()))
            .encryption_context(CONTEXT, row)
            .send()
            .await
            .map_err(|error| classify(&error))?;
        let wrapped = answer.ciphertext_blob.map(Blob::into_inner);
        wrapped.ok_or_else(|| KekError::Refused { what: "AWS KMS answered without a ciphertext".to_owned() })
    }

    pub async fn unwrap(&self, row: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KekError> {
        // The ciphertext names its key, so a key that was configured earlier is still found.
        let answer = self
            .client
            .decrypt()
            .ciphertext_blob(Blob::new(wrapped))
            .encryption_context(CONTEXT, row)
            .send()
            .await
            .map_err(|error| classify(&error))?;
        let bytes = answer.plaintext.map(|blob| Zeroizing::new(blob.into_inner()));
        bytes.ok_or_else(|| KekError::Refused { what: "AWS KMS answered without a plaintext".to_owned() })
    }
}

/// Whether a retry may help. Errors carry codes only, nothing of what was sent.
fn classify<E: ProvideErrorMetadata>(error: &SdkError<E>) -> KekError {
    const TRANSIENT: [&str; 6] = [
        "ThrottlingException",
        "KMSInternalException",
        "DependencyTimeoutException",
        "KeyUnavailableException",
        "ServiceUnavailable",
        "InternalFailure",
    ];
    match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("unknown").to_owned();
            let is_transient = TRANSIENT.contains(&code.as_str()) || service.raw().status().as_u16() >= 500;
            let what = format!("AWS KMS answered {code}");
            if is_transient { KekError::Unavailable { what } } else { KekError::Refused { what } }
        }
        SdkError::TimeoutError(_) => KekError::Unavailable { what: "AWS KMS timed out".to_owned() },
        SdkError::DispatchFailure(_) => KekError::Unavailable {
            what: "AWS KMS cannot be reached, or no credentials for it were found".to_owned(),
        },
        _ => KekError::Unavailable { what: "AWS KMS sent a malformed response".to_owned() },
    }
}
